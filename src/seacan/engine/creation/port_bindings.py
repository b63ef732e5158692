"""HostConfig.PortBindings as it becomes by ports added and removed, which Docker does not have."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from seacan import errors
from seacan.engine.bundle.namespaces import HOST, NONE, other_container
from seacan.engine.containers.container import Container
from seacan.network.definition import Published
from seacan.network.wishes import parse_port, parse_wishes, share_out

Bindings = Mapping[str, Sequence[Mapping[str, Any]] | None]


def check(added: Bindings, removed: Bindings) -> None:
    """Raise InvalidArgument, in Docker's words, for what are no ports."""
    parse_wishes(added)
    parse_wishes(removed)


def changed(record: Container, added: Bindings, removed: Bindings) -> dict[str, list[Any] | None]:
    """Return the bindings that `record` will have: first some are removed, then some added.

    A removal without address or port means all; what is published on a port that nobody had asked
    for is also found by that. Raises NotFound for a removal of what is not there, InvalidArgument
    where there are no ports to publish.
    """
    mode = record.host_config.get("NetworkMode") or ""
    if mode in (HOST, NONE) or other_container(mode):
        raise errors.InvalidArgument(
            f"conflicting options: port publishing and the network mode {mode}"
        )
    published = record.sandbox.published if record.sandbox is not None else []
    left = _normal(record.host_config.get("PortBindings") or {})
    for port, meant in _normal(removed).items():
        for removal in meant:
            there = left.get(port, [])
            left[port] = [
                binding
                for binding in there
                if not _is_meant(removal, binding, _given(port, binding, there, published))
            ]
            if left[port] == there:
                raise errors.NotFound(f"port {_words(port, removal)} is not published")
    for port, more in _normal(added).items():
        left[port] = [*left.get(port, ()), *more]
    return {port: each for port, each in left.items() if each}


def _normal(bindings: Bindings) -> dict[str, list[Mapping[str, Any]]]:
    """Return the bindings by names of ports such as `80/tcp`; each port has one at least."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for text, each in bindings.items():
        number, protocol = parse_port(text)
        found.setdefault(f"{number}/{protocol}", []).extend(each or [{}])
    return found


def _is_meant(removal: Mapping[str, Any], binding: Mapping[str, Any], given: Iterable[str]) -> bool:
    address, number = removal.get("HostIp") or "", str(removal.get("HostPort") or "")
    own = {str(binding.get("HostPort") or ""), *given}
    return address in ("", binding.get("HostIp") or "") and (not number or number in own)


def _given(
    port: str,
    binding: Mapping[str, Any],
    there: Sequence[Mapping[str, Any]],
    published: Sequence[Published],
) -> Iterable[str]:
    """Return the ports of the host that a binding, one of those `there`, has by now."""
    if there.count(binding) > 1:  # which of them has which port, nothing tells
        return ()
    shares = share_out(parse_wishes({port: [binding]}), published)
    return (str(each.host_port) for share in shares for each in share)


def _words(port: str, removal: Mapping[str, Any]) -> str:
    outer = ":".join(filter(None, (removal.get("HostIp"), str(removal.get("HostPort") or ""))))
    return f"{outer}:{port}" if outer else port
