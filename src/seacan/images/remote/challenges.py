"""WWW-Authenticate: how a registry wants to be told who asks.

    Bearer realm="https://auth.example/token",service="registry.example",scope="…", Basic realm=…

Source: RFC 9110, 11.6.1.
"""

import re
from typing import Final

import msgspec

_LONGEST: Final = 8192
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PART: Final = re.compile(
    rf"\s*+(?:,\s*+)?(?P<name>{_TOKEN})"
    rf'(?:\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>{_TOKEN}))|(?P<blank>\s+|$|(?=,)))'
)


class Challenge(msgspec.Struct, frozen=True):
    scheme: str  # in lower case
    parameters: dict[str, str]


def parse(header: str) -> list[Challenge]:
    """Return the challenges in a header, as far as it is well formed."""
    found: list[Challenge] = []
    header = header[:_LONGEST]
    at = 0
    while part := _PART.match(header, at):
        at = part.end()
        name = part["name"].lower()
        if part["blank"] is not None:
            found.append(Challenge(name, {}))
        elif found:
            quoted = part["quoted"]
            value = part["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            found[-1].parameters[name] = value
    return found
