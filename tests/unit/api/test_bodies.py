"""What a JSON body may cost before it is refused."""

from typing import Any

import msgspec
import pytest

from seacan.api.bodies import MOST_VALUES, decode
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import ContainerCreate

DECODER = msgspec.json.Decoder(ContainerCreate)


@pytest.mark.parametrize("one", [b"[]", b"{}", b"1"])
def test_more_values_than_anybody_needs_are_refused_before_they_are_made(one: bytes) -> None:
    # 4 MiB of empty lists held all other clients up for seconds.
    body = b'{"Env":[' + b",".join([one] * MOST_VALUES) + b"]}"
    with pytest.raises(InvalidArgument, match=f"more than {MOST_VALUES} values"):
        decode(body, DECODER)


def test_what_stands_in_a_string_is_no_value() -> None:
    text = '[{,"\\' * MOST_VALUES
    assert decode(msgspec.json.encode({"Cmd": [text]}), DECODER) == {"Cmd": [text]}


def test_all_ports_may_be_exposed() -> None:
    ports: dict[str, dict[str, str]] = {f"{port}/tcp": {} for port in range(1, 65536)}
    body = msgspec.json.encode({"Image": "x", "ExposedPorts": ports})
    assert decode(body, msgspec.json.Decoder(dict[str, Any]))["ExposedPorts"] == ports


def test_a_string_without_an_end_is_looked_at_once() -> None:
    # With a look from each of its quotes this would take days.
    with pytest.raises(InvalidArgument, match="invalid JSON"):
        decode(b"," * (MOST_VALUES + 1) + b'\\"' * (1 << 20), DECODER)
