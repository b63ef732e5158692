"""JSON, read and written without the package `json`.

That imports regular expressions, for which a short command line has no use: a quarter of its time.
The C code below it has none. Where an interpreter lacks it, `json` does the work.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

try:
    from _json import encode_basestring, make_encoder, make_scanner
except ImportError:
    import json

    def loads(data: bytes | str) -> Any:
        return json.loads(data)

    def dumps(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

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

    def dumps(value: object) -> str:
        """Return `value` as compact JSON, letters of all scripts as they are. Raises TypeError."""
        encode = make_encoder(None, _refuse, encode_basestring, None, ":", ",", False, False, True)
        return "".join(encode(value, 0))
