"""The inventory of a context: what `seacan build` says of its files, before those that it sends.

The body of POST /build/inventory, which takes the query of POST /build:

    inventory, as one line of JSON ── content ── content ── …

The contents are those of the entries that `Sent` names, in that order, each as long as its entry
says. The daemon has the others from an earlier context of the same KEY_HEADER.
"""

from typing import Literal, NamedTuple, TypedDict

MEDIA_TYPE = "application/vnd.seacan.context.v1"
KEY_HEADER = "X-Seacan-Context-Key"
KEY_DIGITS = 64  # hexadecimal; whoever knows a key has all that was sent with it
LIMIT_BYTES = 64 << 20  # of the line


class Entry(NamedTuple):
    """`subject`: a file's digest, in hexadecimal; a link's target.

    `capability`: the attribute security.capability, in base64.
    """

    path: str
    kind: Literal["file", "directory", "link"]
    mode: int = 0
    mtime_ns: int = 0
    size_bytes: int = 0
    subject: str = ""
    capability: str = ""


class Inventory(TypedDict):
    Entries: list[Entry]
    Sent: list[int]  # their places in Entries, ascending
