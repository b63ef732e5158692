"""GET /info, as older clients know it. Source: Engine API, version history."""

from typing import Any

from seacan.api.versions import Version


def shape_info(info: dict[str, Any], version: Version) -> dict[str, Any]:
    """Return `info`, of the newest version, without what a client of `version` does not know."""
    shaped = dict(info)
    if version < (1, 25):
        shaped["SecurityOptions"] = [_name_of(text) for text in info.get("SecurityOptions") or []]
    if version < (1, 42):
        shaped["KernelMemory"] = False  # is set by nobody: runc has not done so since its 1.0
    if version < (1, 44):
        runtimes = info.get("Runtimes") or {}
        shaped["Runtimes"] = {name: _without_status(of) for name, of in runtimes.items()}
    if version < (1, 46):
        shaped.pop("Containerd", None)
    if version < (1, 47):
        none = {f"AllowNondistributableArtifacts{what}": None for what in ("CIDRs", "Hostnames")}
        shaped["RegistryConfig"] = {**info.get("RegistryConfig", {}), **none}
    if version < (1, 49):
        shaped.pop("FirewallBackend", None)
        for commit in ("ContainerdCommit", "RuncCommit", "InitCommit"):
            if expected := info.get(commit, {}).get("ID"):
                shaped[commit] = info[commit] | {"Expected": expected}
    if version < (1, 50):
        shaped.pop("DiscoveredDevices", None)
        shaped |= {"BridgeNfIptables": False, "BridgeNfIp6tables": False}
    return shaped


def _name_of(option: str) -> str:
    """Return `seccomp` for `name=seccomp,profile=builtin`."""
    pairs = dict(pair.partition("=")[::2] for pair in option.split(","))
    return pairs.get("name", option)


def _without_status(runtime: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in runtime.items() if name != "status"}
