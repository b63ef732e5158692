"""GET /containers/json."""

from typing import Any, assert_never

from seacan.api.shapes.endpoints import networks, port_list
from seacan.api.shapes.times import in_words, seconds_since_epoch
from seacan.api.versions import Version
from seacan.engine.containers.container import Container, Health, HealthStatus, State, Status
from seacan.engine.containers.listing import Listed


def list_container(listed: Listed, version: Version, now_s: float) -> dict[str, Any]:
    container = listed.record
    config, host_config = container.config, container.host_config
    host: dict[str, Any] = {"NetworkMode": host_config.get("NetworkMode") or ""}
    if version >= (1, 46) and (annotations := host_config.get("Annotations")):
        host["Annotations"] = annotations
    shape = {
        "Id": container.id,
        "Names": [f"/{container.name}", *listed.links],
        "Image": listed.image,
        "ImageID": container.image_id,
        "Command": _command(container),
        "Created": container.created_s,
        "Ports": port_list(container),
        "Labels": config.get("Labels") or {},
        "State": container.state.status,
        "Status": _status(container.state, now_s),
        "HostConfig": host,
        "NetworkSettings": {"Networks": networks(container)},
        "Mounts": [_mount(mount) for mount in container.mounts],
    }
    if sizes := listed.sizes:
        measured = {"SizeRw": sizes.written_bytes, "SizeRootFs": sizes.root_bytes}
        shape |= {name: value for name, value in measured.items() if value}
    return shape


def _mount(mount: dict[str, Any]) -> dict[str, Any]:
    # Where the daemon keeps a volume is told by inspect alone.
    return mount | {"Source": ""} if mount["Type"] == "volume" else mount


def _command(container: Container) -> str:
    quoted = (f"'{arg}'" if " " in arg else arg for arg in container.args)
    return " ".join([container.path, *quoted])


def _status(state: State, now_s: float) -> str:
    match state.status:
        case Status.CREATED:
            return "Created"
        case Status.RUNNING:
            up = f"Up {in_words(now_s - seconds_since_epoch(state.started_at))}"
            return up if state.health is None else f"{up} ({_health(state.health)})"
        case Status.PAUSED:
            up = in_words(now_s - seconds_since_epoch(state.started_at))
            return f"Up {up} (Paused)"
        case Status.RESTARTING:
            ago = in_words(now_s - seconds_since_epoch(state.finished_at))
            return f"Restarting ({state.exit_code}) {ago} ago"
        case Status.EXITED:
            ago = in_words(now_s - seconds_since_epoch(state.finished_at))
            return f"Exited ({state.exit_code}) {ago} ago"
        case _:
            assert_never(state.status)


def _health(health: Health) -> str:
    is_starting = health.status is HealthStatus.STARTING
    return "health: starting" if is_starting else health.status
