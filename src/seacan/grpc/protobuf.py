"""Messages of Protocol Buffers, version 3, declared as dataclasses.

    @message
    class Stat(Message):
        path: Annotated[str, 1] = ""
        xattrs: Annotated[Mapping[str, bytes], 10] = field(default_factory=dict)

A field is an int (of any varint type: what fits into 64 bits, with its sign), bool, str, bytes, a
message or None, a tuple of messages, strings or bytes, or a mapping from strings to one of these.
Fields that are not declared are passed over, as the format has it.

Source: protobuf.dev, Encoding.
"""

import dataclasses
import types
from collections.abc import Iterator, Mapping
from typing import (
    Any,
    Final,
    TypeVar,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from seacan.errors import InvalidArgument

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_WIDTHS: Final = {_FIXED_64: 8, _FIXED_32: 4}
_VARINT_BYTES: Final = 10
_SIGN: Final = 1 << 63
_MOST_FIELDS: Final = 200_000  # of a message with all in it: each takes memory beyond its bytes

M = TypeVar("M", bound="Message")
T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def message(cls: type[T]) -> type[T]:
    """Make a class a message."""
    return dataclasses.dataclass(frozen=True, slots=True)(cls)


class Malformed(InvalidArgument):
    """These bytes are no message of the kind that was expected."""


class Message:
    """The base of all messages, which are frozen dataclasses."""

    __slots__ = ()

    def encode(self) -> bytes:
        out = bytearray()
        for kind in _fields(type(self)).values():
            kind.encode(getattr(self, kind.name), out)
        return bytes(out)

    @classmethod
    def decode(cls: type[M], data: bytes) -> M:
        """Return the message. Raises Malformed."""
        return _decode(cls, memoryview(data), _Budget())


class _Budget:
    def __init__(self) -> None:
        self._left = _MOST_FIELDS

    def take(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Malformed(f"message of more than {_MOST_FIELDS} fields")


@dataclasses.dataclass(frozen=True, slots=True)
class _Kind:
    """A field: its number, and what it is of."""

    name: str
    number: int
    type: Any  # int, bool, str, bytes, or a message
    is_repeated: bool = False
    entry: "tuple[_Kind, _Kind] | None" = None  # of a mapping: key and value

    @property
    def wire(self) -> int:
        return _VARINT if self.type in (int, bool) else _BYTES

    def encode(self, value: Any, out: bytearray) -> None:
        if self.entry is not None:
            key, item = self.entry
            for each in value.items():
                one = bytearray()
                key.encode(each[0], one)
                item.encode(each[1], one)
                self._put(bytes(one), out)
        elif self.is_repeated:
            for each in value:
                self._put(_bytes(each), out)
        elif value is None or (not value and self.type in (int, bool, str, bytes)):
            return  # absent, or the default
        elif self.wire == _VARINT:
            out += _varint(self.number << 3) + _varint(int(value))
        else:
            self._put(_bytes(value), out)

    def _put(self, data: bytes, out: bytearray) -> None:
        out += _varint(self.number << 3 | _BYTES) + _varint(len(data)) + data

    def value(self, data: memoryview | int, budget: _Budget) -> Any:
        """Return what the wire has as the value of one such field."""
        if isinstance(data, int):
            return bool(data) if self.type is bool else data - ((data & _SIGN) << 1)
        if self.entry is not None:
            return self._pair(data, budget)
        if self.type is bytes:
            return bytes(data)
        if self.type is str:
            try:
                return str(data, "utf-8")
            except UnicodeError as err:
                raise Malformed(f"{self.name}: not UTF-8") from err
        return _decode(self.type, data, budget)

    def _pair(self, data: memoryview, budget: _Budget) -> tuple[Any, Any]:
        assert self.entry is not None
        found = [kind.default() for kind in self.entry]
        for number, wire, raw in _parts(data):
            budget.take()
            if number in (1, 2) and wire == self.entry[number - 1].wire:
                found[number - 1] = self.entry[number - 1].value(raw, budget)
        return found[0], found[1]

    def default(self) -> Any:
        return self.type()


_FIELDS: Final[dict[Any, Mapping[int, _Kind]]] = {}


def _fields(cls: type[Message]) -> Mapping[int, _Kind]:
    """Return the fields by their numbers; declarations are read once."""
    found = _FIELDS.get(cls)
    if found is None:
        hints = get_type_hints(cls, include_extras=True)
        kinds = [_kind(name, *get_args(hint)) for name, hint in hints.items()]
        found = _FIELDS[cls] = {kind.number: kind for kind in kinds}
    return found


def _kind(name: str, written: Any, number: int) -> _Kind:
    origin, arguments = get_origin(written), get_args(written)
    if origin is tuple:
        return _Kind(name, number, arguments[0], is_repeated=True)
    if origin is types.UnionType:
        return _Kind(name, number, arguments[0])
    if origin is not None and issubclass(origin, Mapping):
        entry = (_kind("key", arguments[0], 1), _kind("value", arguments[1], 2))
        return _Kind(name, number, bytes, entry=entry)
    return _Kind(name, number, written)


def _bytes(value: Any) -> bytes:
    if isinstance(value, Message):
        return value.encode()
    return value.encode() if isinstance(value, str) else cast(bytes, value)


def _decode(cls: type[M], data: memoryview, budget: _Budget) -> M:
    kinds = _fields(cls)
    found: dict[str, Any] = {}
    for number, wire, raw in _parts(data):
        budget.take()
        kind = kinds.get(number)
        if kind is None:
            continue
        if wire != kind.wire:
            raise Malformed(f"{cls.__name__}.{kind.name}: of another type")
        value = kind.value(raw, budget)
        if kind.entry is not None:
            found.setdefault(kind.name, {})[value[0]] = value[1]
        elif kind.is_repeated:
            found.setdefault(kind.name, []).append(value)
        else:
            found[kind.name] = value
    lists = {name: tuple(each) for name, each in found.items() if isinstance(each, list)}
    return cls(**found | lists)


def _parts(data: memoryview) -> Iterator[tuple[int, int, memoryview | int]]:
    """Yield number, wire type, and the value of each field."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if not number:
            raise Malformed("message with a field of number 0")
        if wire == _VARINT:
            value, at = _read_varint(data, at)
            yield number, wire, value
            continue
        if wire == _BYTES:
            size, at = _read_varint(data, at)
        elif wire in _WIDTHS:
            size = _WIDTHS[wire]
        else:
            raise Malformed(f"message with a field of wire type {wire}")
        if size > len(data) - at:
            raise Malformed("message that is cut off")
        yield number, wire, data[at : at + size]
        at += size


def _read_varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for number, byte in enumerate(data[at : at + _VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * number
        if byte < 0x80:
            return value & ((1 << 64) - 1), at + number + 1
    raise Malformed("message that is cut off")


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # a negative one as its two's complement
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
