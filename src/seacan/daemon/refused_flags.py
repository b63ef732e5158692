"""What dockerd has and seacand refuses by name; or takes, where it states what is so anyway."""

import argparse
from collections.abc import Sequence
from typing import Any, Final

# By flag: what seacand always does, in dockerd's words. Any other value is refused.
STATED: Final = {
    "iptables": "true",
    "ip6tables": "true",
    "selinux-enabled": "false",
    "experimental": "false",
    "cri-containerd": "false",
    "storage-driver": "overlay2",
    "firewall-backend": "nftables",
    "log-format": "text",
    "userland-proxy": "true",
    "exec-opt": "native.cgroupdriver=cgroupfs",
}
REFUSED: Final = (
    *("allow-direct-routing", "allow-nondistributable-artifacts", "api-cors-header"),
    *("bridge-accept-fwmark", "cdi-spec-dir", "containerd"),
    *("containerd-namespace", "containerd-plugins-namespace", "cpu-rt-period", "cpu-rt-runtime"),
    *("default-network-opt", "host-gateway-ip", "init-path", "ip-forward-no-drop"),
    *("network-control-plane-mtu", "network-diagnostic-port", "node-generic-resource"),
    *("oom-score-adjust", "raw-logs", "resolv-conf", "rootless"),
    *("swarm-default-advertise-addr", "swarm-raft-election-tick", "swarm-raft-heartbeat-tick"),
    "userland-proxy-path",
)


def add_to(parser: argparse.ArgumentParser) -> None:
    for name, value in STATED.items():
        parser.add_argument(
            f"--{name}", nargs="?", const="true", action=_Judged, metavar=value,
            help=f"always {value}", dest=f"stated_{name}",
        )  # fmt: skip
    for name in REFUSED:
        parser.add_argument(f"--{name}", nargs="?", action=_Judged, help=argparse.SUPPRESS)


class _Judged(argparse.Action):
    """Takes what states what is so, and makes anything else an error."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        stated = STATED.get((option_string or "").removeprefix("--"))
        if stated is None:
            parser.error(f"{option_string} is not supported by seacand")
        if str(values).lower() not in (stated, {"true": "1", "false": "0"}.get(stated)):
            parser.error(f"{option_string}={values} is not supported: it is always {stated}")
        setattr(namespace, self.dest, values)
