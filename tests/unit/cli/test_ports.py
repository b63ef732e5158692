from typing import Any

import pytest

from seacan.cli.output.ports import ports_text


def port(inner: int, outer: int = 0, address: str = "", protocol: str = "tcp") -> dict[str, Any]:
    record: dict[str, Any] = {"PrivatePort": inner, "Type": protocol}
    return {**record, "PublicPort": outer, "IP": address} if address else record


@pytest.mark.parametrize(
    ("ports", "text"),
    [
        ([], ""),
        ([port(80)], "80/tcp"),
        ([port(81), port(80)], "80-81/tcp"),
        ([port(80), port(82), port(83)], "80/tcp, 82-83/tcp"),
        ([port(53, protocol="udp"), port(53)], "53/tcp, 53/udp"),
        ([port(80, 8080, "0.0.0.0")], "0.0.0.0:8080->80/tcp"),
        ([port(80, 80, "0.0.0.0"), port(81, 81, "0.0.0.0")], "0.0.0.0:80-81->80-81/tcp"),
        ([port(80, 8080, "::")], "[::]:8080->80/tcp"),
        ([port(80, 8080, "1.2.3.4"), port(443)], "443/tcp, 1.2.3.4:8080->80/tcp"),
    ],
)
def test_ports(ports: list[dict[str, Any]], text: str) -> None:
    assert ports_text(ports) == text
