"""GET /containers/{id}/json."""

from typing import Any

from seacan.api.shapes.configs import container_config, host_config
from seacan.api.shapes.endpoints import (
    default_bridge_address,
    networks,
    ports,
    sandbox_key,
    wished_mac,
)
from seacan.engine.containers.container import NEVER, Container, Health, State
from seacan.engine.containers.sizes import Sizes


def inspect_container(
    container: Container, sizes: Sizes | None = None, *, is_for_all: bool = True
) -> dict[str, Any]:
    # What is made at the first start is not there before it.
    was_started = container.state.started_at != NEVER
    shape = {
        "Id": container.id,
        "Created": container.created_at,
        "Path": container.path,
        "Args": container.args,
        "State": _state(container, is_for_all=is_for_all),
        "Image": container.image_id,
        "ResolvConfPath": container.resolv_conf_path if was_started else "",
        "HostnamePath": container.hostname_path if was_started else "",
        "HostsPath": container.hosts_path if was_started else "",
        "LogPath": container.log_path if was_started else "",
        "Name": f"/{container.name}",
        "RestartCount": container.restart_count,
        "Driver": container.driver,
        "Platform": container.platform,
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": container.apparmor_profile,
        "ExecIDs": container.exec_ids or None,
        "HostConfig": host_config(container.host_config),
        "GraphDriver": {"Name": container.driver, "Data": None},
        "Mounts": container.mounts,
        "Config": container_config(container.config) | wished_mac(container),
        "NetworkSettings": {
            "Bridge": "",
            "SandboxID": container.sandbox.id if container.sandbox else "",
            "SandboxKey": sandbox_key(container),
            "Ports": ports(container),
            "HairpinMode": False,
            "LinkLocalIPv6Address": "",
            "LinkLocalIPv6PrefixLen": 0,
            "SecondaryIPAddresses": None,
            "SecondaryIPv6Addresses": None,
            **default_bridge_address(container),
            "Networks": networks(container),
        },
    }
    if sizes is not None:
        shape["SizeRw"], shape["SizeRootFs"] = sizes.written_bytes, sizes.root_bytes
    return shape


def _state(container: Container, *, is_for_all: bool) -> dict[str, Any]:
    state: State = container.state
    error = f"{state.error}{state.error_about_others}" if is_for_all else state.error
    shape = {
        "Status": state.status,
        "Running": container.is_active,
        "Paused": container.is_paused,
        "Restarting": container.is_backing_off,
        "OOMKilled": state.oom_killed,
        "Dead": False,
        "Pid": state.pid,
        "ExitCode": state.exit_code,
        "Error": error,
        "StartedAt": state.started_at,
        "FinishedAt": state.finished_at,
    }
    if state.health is not None:
        shape["Health"] = _health(state.health)
    return shape


def _health(health: Health) -> dict[str, Any]:
    return {
        "Status": health.status,
        "FailingStreak": health.failing_streak,
        "Log": [
            {"Start": r.start, "End": r.end, "ExitCode": r.exit_code, "Output": r.output}
            for r in health.log
        ],
    }
