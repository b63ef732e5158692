"""JSON, read and written without the package `json`.

That imports regular expressions, for which a short command line has no use: a quarter of its time.
The C code below it has none. Where an interpreter lacks it, `json` does the work.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

try:
    from _json import encode_basestring, encode_basestring_ascii, make_encoder, make_scanner
except ImportError:
    import json

    def loads(data: bytes | str) -> Any:
        return json.loads(data)

    def dumps(value: object, *, escaped: bool = False) -> str:
        return json.dumps(value, ensure_ascii=escaped, separators=(",", ":"))

else:
    _SPACE = " \t\n\r"

    class _Options:
        """What the scanner asks for, as json.JSONDecoder has it."""

        strict = True
        object_hook = None
        object_pairs_hook = None
        parse_float = float
        parse_int = int

        @staticmethod
        def parse_constant(name: str) -> float:
            return float(name.replace("Infinity", "inf"))

    _scan = make_scanner(_Options())  # type: ignore[arg-type]

    def loads(data: bytes | str) -> Any:
        """Return the value of `data`, UTF-8 if bytes. Raises ValueError, RecursionError."""
        text = data if isinstance(data, str) else data.decode("utf-8", "surrogatepass")
        start = len(text) - len(text.lstrip(_SPACE))
        try:
            value, end = _scan(text, start)
        except StopIteration as err:
            raise ValueError(f"no value at character {err.value}") from None
        if text[end:].strip(_SPACE):
            raise ValueError(f"more than one value, from character {end} on")
        return value

    def _refuse(value: object) -> Any:
        raise TypeError(f"no JSON: {value!r}")

    def dumps(value: object, *, escaped: bool = False) -> str:
        """Return `value` as compact JSON. Raises TypeError.

        Letters of all scripts are as they are, or `escaped`: then the text is ASCII, whatever is
        in it.
        """
        text = encode_basestring_ascii if escaped else encode_basestring
        encode = make_encoder(None, _refuse, text, None, ":", ",", False, False, True)
        return "".join(encode(value, 0))


def laid_out(value: object, indent: int, start: str = "\n") -> str:
    """Return `value` as JSON in ASCII, a line for each member, as json.dumps with `indent` does.

    `start` is what a line of the value itself starts with.
    """
    if not value or not isinstance(value, dict | list):
        return dumps(value, escaped=True)
    inner = start + " " * indent
    if isinstance(value, list):
        lines = [laid_out(item, indent, inner) for item in value]
    else:
        lines = [
            f"{dumps(name, escaped=True)}: {laid_out(item, indent, inner)}"
            for name, item in value.items()
        ]
    opening, closing = "[]" if isinstance(value, list) else "{}"
    return f"{opening}{inner}{f',{inner}'.join(lines)}{start}{closing}"
