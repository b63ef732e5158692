"""Networks without interfaces."""

from collections.abc import Callable, Sequence

from seacan.errors import Forbidden, NotFound
from seacan.network.definition import Network, NetworkId
from seacan.spec.engine_api import NetworkCreate


class FakeNetworks:
    def __init__(self) -> None:
        made = "2026-11-24T01:33:18.831282888Z"
        self.networks = [
            Network(NetworkId("e" * 64), "none", "null", made, is_predefined=True),
            Network(NetworkId("f" * 64), "host", "host", made, is_predefined=True),
        ]
        self.created: list[NetworkCreate] = []

    def list(self) -> Sequence[Network]:
        return self.networks

    def get(self, ref: str) -> Network:
        for network in self.networks:
            if ref in (network.name, network.id):
                return network
        raise NotFound(f"network {ref} not found")

    async def create(self, request: NetworkCreate) -> Network:
        self.created.append(request)
        name = request.get("Name") or ""
        made = "2026-11-25T01:33:18.831282888Z"
        network = Network(
            NetworkId(f"{len(self.networks):064x}"), name, "bridge", made,
            labels=request.get("Labels") or {},
        )  # fmt: skip
        self.networks.append(network)
        return network

    async def remove(self, ref: str) -> None:
        network = self.get(ref)
        if network.is_predefined:
            raise Forbidden(f"{network.name} is a pre-defined network and cannot be removed")
        self.networks.remove(network)

    async def prune(self, is_wanted: Callable[[Network], bool]) -> Sequence[str]:
        return [n.name for n in self.networks if not n.is_predefined and is_wanted(n)]
