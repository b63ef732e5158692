"""What the daemon's flags say of networks, and the names that follow from its data root.

Daemons with different roots share a host: each has its own bridge, its own table of rules, and
begins to look for a free subnet elsewhere.
"""

import hashlib
import ipaddress
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import field

from seacan.network.addresses import DEFAULT_POOLS, Pool
from seacan.network.definition import BY_RULES, DEFAULT_MTU
from seacan.paths import DEFAULT_DATA_ROOT

NO_BRIDGE: Final = "none"  # --bridge


class BridgeAddresses(msgspec.Struct, frozen=True):
    """Of one version, by the names of dockerd's flags; empty for the default."""

    bip: str = ""  # CIDR
    fixed_cidr: str = ""
    gateway: str = ""


class NetworkSettings(msgspec.Struct, frozen=True):
    """By the names of dockerd's flags; empty for the default.

    `bridge_addresses` are by the versions of IP that the default bridge has.
    """

    data_root: Path
    bridge: str = ""
    bridge_addresses: Mapping[int, BridgeAddresses] = field(
        default_factory=lambda: {4: BridgeAddresses()}
    )
    mtu: int = DEFAULT_MTU
    icc: bool = True
    ip_masq: bool = True
    ip_forward: bool = True
    makes_rules: bool = True  # by the names iptables and ip6tables; without, ports are relayed
    ip: str = "0.0.0.0"
    published_ports: str = BY_RULES
    bridge_names: bool = False
    pools: Sequence[Pool] = ()
    default_options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by driver
    host_gateways: Sequence[str] = ()

    @property
    def owner(self) -> str:
        return str(self.data_root)

    @property
    def bridge_name(self) -> str:
        if self.bridge:
            return self.bridge
        return "seacan0" if self._is_default else f"sc-{self._digest}"

    @property
    def table(self) -> str:
        return "seacan" if self._is_default else f"seacan_{self._digest}"

    @property
    def pool_offset(self) -> int:
        """Where the search for a free subnet begins."""
        return 0 if self._is_default else int(self._digest, 16)

    @property
    def all_pools(self) -> Sequence[Pool]:
        """The pools that networks get their subnets from; of IPv6 there is always one."""
        pools = self.pools or DEFAULT_POOLS
        if any(pool.base.version == 6 for pool in pools):
            return pools
        # Unique local addresses: fd and forty bits that nobody else is likely to have (RFC 4193).
        prefix = (0xFD << 120) | (int(self._digest[:10], 16) << 80)
        return (*pools, Pool(ipaddress.IPv6Network((prefix, 48)), 64))

    @property
    def _is_default(self) -> bool:
        return self.data_root == DEFAULT_DATA_ROOT

    @property
    def _digest(self) -> str:
        return hashlib.sha256(self.owner.encode()).hexdigest()[:12]
