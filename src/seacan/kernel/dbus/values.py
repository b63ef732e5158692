"""The types of D-Bus as bytes, little endian.

    y b n q i u x t d    integers of 8 to 64 bits, a truth value, a double
    s o g                text: a string, a path of an object, a signature
    aT (TU) v            a list, a tuple, a value with its type

Source: D-Bus Specification 0.43, "Marshaling".
"""

import errno
import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

_FIXED: Final = {
    **{"y": "<B", "b": "<I", "n": "<h", "q": "<H", "i": "<i", "u": "<I"},
    **{"x": "<q", "t": "<Q", "d": "<d"},
}
_ALIGNMENT: Final = {"s": 4, "o": 4, "g": 1, "a": 4, "(": 8, "v": 1}


class Variant(NamedTuple):
    """A value with its type, in D-Bus's letters."""

    signature: str
    value: Any


def types(signature: str) -> Iterator[str]:
    """Yield the complete types of a signature. Raises OSError (EPROTO) if it is none."""
    start = 0
    while start < len(signature):
        end = _end(signature, start)
        yield signature[start:end]
        start = end


def _end(signature: str, start: int) -> int:
    depth = 0
    for position in range(start, len(signature)):
        letter = signature[position]
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter not in _FIXED and letter not in "sogv()a":
            break
        if depth == 0 and letter != "a":
            return position + 1
    raise OSError(errno.EPROTO, f"d-bus: not a signature that is known here: {signature!r}")


def _alignment(kind: str) -> int:
    fixed = _FIXED.get(kind[0])
    return struct.calcsize(fixed) if fixed else _ALIGNMENT[kind[0]]


def pack(signature: str, values: Sequence[Any]) -> bytes:
    """Return the bytes of `values`, which start at a multiple of 8."""
    data = bytearray()
    for kind, value in zip(types(signature), values, strict=True):
        _pack(data, kind, value)
    return bytes(data)


def _align(data: bytearray, size: int) -> None:
    data.extend(bytes(-len(data) % size))


def _pack(data: bytearray, kind: str, value: Any) -> None:
    _align(data, _alignment(kind))
    if fixed := _FIXED.get(kind):
        data.extend(struct.pack(fixed, value))
        return
    match kind[0]:
        case "s" | "o":
            text = value.encode()
            data.extend(struct.pack("<I", len(text)) + text + b"\0")
        case "g":
            data.extend(struct.pack("<B", len(value)) + value.encode() + b"\0")
        case "v":
            _pack(data, "g", value.signature)
            _pack(data, value.signature, value.value)
        case "(":
            for inner, each in zip(types(kind[1:-1]), value, strict=True):
                _pack(data, inner, each)
        case _:
            _pack_list(data, kind[1:], value)


def _pack_list(data: bytearray, kind: str, values: Sequence[Any]) -> None:
    data.extend(bytes(4))
    length_at = len(data) - 4
    _align(data, _alignment(kind))
    start = len(data)
    for value in values:
        _pack(data, kind, value)
    struct.pack_into("<I", data, length_at, len(data) - start)


def unpack(signature: str, data: bytes) -> list[Any]:
    """Return the values that `data` holds. Raises OSError (EPROTO) if it does not."""
    position, values = 0, []
    try:
        for kind in types(signature):
            value, position = _unpack(data, position, kind)
            values.append(value)
    except (struct.error, IndexError, ValueError) as err:
        raise OSError(errno.EPROTO, f"d-bus: values cannot be read: {err}") from err
    return values


def _unpack(data: bytes, position: int, kind: str) -> tuple[Any, int]:
    position += -position % _alignment(kind)
    if fixed := _FIXED.get(kind):
        (value,) = struct.unpack_from(fixed, data, position)
        return bool(value) if kind == "b" else value, position + struct.calcsize(fixed)
    match kind[0]:
        case "s" | "o" | "g":
            size = "<B" if kind == "g" else "<I"
            (length,) = struct.unpack_from(size, data, position)
            position += struct.calcsize(size)
            return data[position : position + length].decode(), position + length + 1
        case "v":
            signature, position = _unpack(data, position, "g")
            (kind,) = types(signature)
            value, position = _unpack(data, position, kind)
            return Variant(signature, value), position
        case "(":
            items = []
            for inner in types(kind[1:-1]):
                item, position = _unpack(data, position, inner)
                items.append(item)
            return tuple(items), position
        case _:
            return _unpack_list(data, position, kind[1:])


def _unpack_list(data: bytes, position: int, kind: str) -> tuple[list[Any], int]:
    (length,) = struct.unpack_from("<I", data, position)
    position += 4
    position += -position % _alignment(kind)
    end = position + length
    if end > len(data):
        raise IndexError("a list is longer than the message")
    values = []
    while position < end:
        value, position = _unpack(data, position, kind)
        values.append(value)
    return values, position
