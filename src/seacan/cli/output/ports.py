"""The PORTS column: published and exposed ports, neighbours joined to ranges."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def ports_text(ports: list[dict[str, Any]]) -> str:
    """Return `0.0.0.0:80->8080/tcp, 443-444/tcp` for the Ports of a container.

    A port published under its own number joins its neighbours on the same address.
    """
    ranges: dict[tuple[str, str], list[list[int]]] = {}
    mapped = []
    for port in sorted(ports, key=_order):
        inner, outer = port["PrivatePort"], port.get("PublicPort", 0)
        address, protocol = port.get("IP", ""), port["Type"]
        if address and outer != inner:
            mapped.append(f"{_join(address, str(outer))}->{inner}/{protocol}")
            continue
        spans = ranges.setdefault((address, protocol), [])
        if spans and inner == spans[-1][1] + 1:
            spans[-1][1] = inner
        else:
            spans.append([inner, inner])
    # A range that is complete before the last of its address comes first.
    done = [_span(key, span) for key, spans in ranges.items() for span in spans[:-1]]
    last = [_span(key, spans[-1]) for key, spans in ranges.items()]
    return ", ".join(done + last + mapped)


def _order(port: dict[str, Any]) -> tuple[int, str, int, str]:
    return port["PrivatePort"], port.get("IP", ""), port.get("PublicPort", 0), port["Type"]


def _span(key: tuple[str, str], span: list[int]) -> str:
    address, protocol = key
    first, last = span
    text = str(first) if first == last else f"{first}-{last}"
    return f"{_join(address, text)}->{text}/{protocol}" if address else f"{text}/{protocol}"


def _join(address: str, port: str) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
