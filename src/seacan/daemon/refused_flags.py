"""What dockerd has and seacand refuses by name; or takes, where it states what is so anyway."""

import argparse
from collections.abc import Sequence
from typing import Any, Final

from seacan.daemon.booleans import boolean

# By flag: what seacand always does, in dockerd's words. Any other value is refused.
STATED: Final = {
    "selinux-enabled": "false",
    "cri-containerd": "false",
    "ip-forward-no-drop": "true",
    "raw-logs": "true",
    "storage-driver": "overlay2",
    "firewall-backend": "nftables",
    "log-format": "text",
    "userland-proxy": "true",
}
_NO_CONTAINERD: Final = "there is no containerd"
_NO_SWARM: Final = "there are no swarms"
_BY_CONTAINER: Final = "a container may be given it when it is created"
# Refused, and what is to be said of it.
REFUSED: Final = {
    "allow-direct-routing": "a network may, by the gateway mode nat-unprotected",
    "allow-nondistributable-artifacts": "dockerd acts on it no more, either",
    "api-cors-header": "dockerd has it no more, either; a proxy may add the header",
    "bridge-accept-fwmark": "rules of seacand accept no marks",
    "cdi-spec-dir": "there are no CDI devices",
    "containerd": _NO_CONTAINERD,
    "containerd-namespace": _NO_CONTAINERD,
    "containerd-plugins-namespace": _NO_CONTAINERD,
    "cpu-rt-period": _BY_CONTAINER,
    "cpu-rt-runtime": _BY_CONTAINER,
    "init-path": "the init of --init is seacan's own",
    "network-control-plane-mtu": _NO_SWARM,
    "network-diagnostic-port": _NO_SWARM,
    "node-generic-resource": _NO_SWARM,
    "oom-score-adjust": "its service may be given it, as OOMScoreAdjust=",
    "resolv-conf": "--dns says which servers containers ask",
    "rootless": "seacand has to be root",
    "swarm-default-advertise-addr": _NO_SWARM,
    "swarm-raft-election-tick": _NO_SWARM,
    "swarm-raft-heartbeat-tick": _NO_SWARM,
    "userland-proxy-path": "relays of ports are seacan's own",
}
_BUILDKIT: Final = "buildkit"
_FEATURES: Final = {
    "containerd-snapshotter": _NO_CONTAINERD,
    "cdi": "there are no CDI devices",
}


def add_to(parser: argparse.ArgumentParser) -> None:
    for name, value in STATED.items():
        parser.add_argument(
            f"--{name}", nargs="?", const="true", action=_Judged, metavar=value,
            help=f"always {value}", dest=f"stated_{name}",
        )  # fmt: skip
    for name in REFUSED:
        parser.add_argument(f"--{name}", nargs="?", action=_Judged, help=argparse.SUPPRESS)
    parser.add_argument(
        "--feature", action="append", default=[], type=_feature, metavar="NAME=BOOL",
        help="features of dockerd, of which there is buildkit: clients are told to build with it "
        "(default true); all others are off (repeatable)",
    )  # fmt: skip


def _feature(text: str) -> str:
    name, equals, value = text.partition("=")
    if name == _BUILDKIT:
        boolean(value if equals else "true")
    elif not equals or boolean(value):
        why = _FEATURES.get(name, "seacand has no such feature")
        raise argparse.ArgumentTypeError(f"feature {name} is not supported by seacand: {why}")
    return text


def prefers_buildkit(features: Sequence[str]) -> bool:
    """Tell whether clients are to build with BuildKit's protocol, as the features have it."""
    given = [text.partition("=")[2] for text in features if text.partition("=")[0] == _BUILDKIT]
    return boolean(given[-1] or "true") if given else True


class _Judged(argparse.Action):
    """Takes what states what is so, and makes anything else an error."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        name = (option_string or "").removeprefix("--")
        if name in REFUSED:
            parser.error(f"{option_string} is not supported by seacand: {REFUSED[name]}")
        stated = STATED[name]
        if str(values).lower() not in (stated, {"true": "1", "false": "0"}.get(stated)):
            parser.error(f"{option_string}={values} is not supported: it is always {stated}")
        setattr(namespace, self.dest, values)
