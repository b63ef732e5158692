"""Regular expressions that clients send: RE2's, as dockerd has them, of linear time.

One of Python's can take for ever, and holds the interpreter's lock: whoever may but list containers
would stop the daemon with it.
"""

import re
from collections.abc import Callable
from typing import Final

from seacan.errors import InvalidArgument, Unsupported

_PLAIN: Final = re.compile(r"[\w/-]*", re.ASCII)
_MEMORY_BYTES: Final = 1 << 18  # of one expression, with what it keeps of its matches
_LONGEST: Final = 4096  # of one that is compiled: a tenth of a second at most, with this memory


def finder(text: str) -> Callable[[str], bool]:
    """Return the test whether `text` matches anywhere in a name.

    Raises InvalidArgument for what is no expression; Unsupported without RE2, where it takes that.
    """
    if _PLAIN.fullmatch(text):
        return lambda name: text in name
    if len(text) > _LONGEST:
        raise InvalidArgument("error parsing regexp: pattern too large")
    try:
        import re2  # seldom needed
    except ImportError as err:
        raise Unsupported(f"regular expressions such as `{text}` need google-re2") from err
    options = re2.Options()
    options.max_mem = _MEMORY_BYTES
    options.log_errors = False
    try:
        expression = re2.compile(text, options)
    except re2.error as err:
        raise InvalidArgument(f"error parsing regexp: {err.args[0].decode()}") from err
    return lambda name: expression.search(name) is not None
