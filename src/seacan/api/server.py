"""The Engine API of an engine, served on listeners."""

import socket
from collections.abc import Sequence

import anyio

from seacan.api import engine
from seacan.api.access import scoped
from seacan.api.authorization import Authorized
from seacan.api.door import Door, Route
from seacan.api.listeners import Listener
from seacan.api.metrics import MetricsDoor
from seacan.api.routes import checkpoints, plugins, swarm
from seacan.api.routes.build import BuildRoutes
from seacan.api.routes.buildkit import BuildKitRoutes
from seacan.api.routes.check import CheckRoutes
from seacan.api.routes.commit import CommitRoutes
from seacan.api.routes.containers import ContainerRoutes
from seacan.api.routes.disk_usage import DiskUsageRoutes
from seacan.api.routes.events import EventRoutes
from seacan.api.routes.exec import ExecRoutes
from seacan.api.routes.files import FileRoutes
from seacan.api.routes.images import ImageRoutes
from seacan.api.routes.lifecycle import LifecycleRoutes
from seacan.api.routes.networks import NetworkRoutes
from seacan.api.routes.registries import RegistryRoutes
from seacan.api.routes.stats import StatsRoutes
from seacan.api.routes.streams import StreamRoutes
from seacan.api.routes.system import SystemRoutes
from seacan.api.routes.transfers import TransferRoutes
from seacan.api.routes.volume_copies import VolumeCopyRoutes
from seacan.api.routes.volumes import VolumeRoutes
from seacan.api.routes.websockets import WebSocketRoutes
from seacan.http.server import Server
from seacan.version import API_VERSION, VERSION


def _headers(*, is_experimental: bool) -> tuple[tuple[str, str], ...]:
    return (
        ("Api-Version", API_VERSION),
        ("Docker-Experimental", str(is_experimental).lower()),
        ("Ostype", "linux"),
        ("Server", f"seacan/{VERSION} (linux)"),
    )


async def serve(
    engine: engine.Engine, listeners: Sequence[Listener], metrics: Sequence[socket.socket] = ()
) -> None:
    """Answer Docker's clients on `listeners` until cancelled; the listeners are closed then.

    Whoever may connect to a listener, and shows what its TLS asks for, may do anything root can,
    unless the listener's access is to a part of the API. On `metrics` there are these alone.
    """
    headers = _headers(is_experimental=engine.system.is_experimental)
    async with anyio.create_task_group() as group:
        for listener in listeners:
            door = Door(scoped(routes(engine), listener.access, engine.containers))
            authorized = Authorized(door, engine.authorization)
            server = Server(listener.guarded(authorized), headers=headers, tls=listener.tls)
            group.start_soon(server.serve, [listener.socket])
        if metrics:
            group.start_soon(Server(MetricsDoor(engine.exposition.text)).serve, metrics)


def routes(engine: engine.Engine) -> list[Route]:
    """Return all routes; where several match a path, the first counts."""
    buildkit = BuildKitRoutes(engine)
    return [
        *SystemRoutes(engine.system).routes(),
        *DiskUsageRoutes(engine.disk).routes(),
        *EventRoutes(engine.events).routes(),
        *StreamRoutes(engine.streams).routes(),
        *ContainerRoutes(engine.containers).routes(),
        *LifecycleRoutes(engine.containers).routes(),
        *StatsRoutes(engine.containers).routes(),
        *WebSocketRoutes(engine.streams).routes(),
        *ExecRoutes(engine.execs).routes(),
        *ImageRoutes(
            engine.images,
            engine.containers,
            engine.disk,
            engine.image_prune,
            engine.measures.image_actions,
        ).routes(),
        *TransferRoutes(engine.images, engine.remote, engine.measures.image_actions).routes(),
        *RegistryRoutes(engine.remote).routes(),
        *CheckRoutes(engine.images).routes(),
        *NetworkRoutes(engine.networks, engine.containers).routes(),
        *VolumeCopyRoutes(engine.volumes, engine.volume_copies).routes(),
        *VolumeRoutes(engine.volumes).routes(),
        *checkpoints.routes(),
        *plugins.routes(),
        *swarm.routes(),
        *FileRoutes(engine.files).routes(),
        *CommitRoutes(engine.commits).routes(),
        *BuildRoutes(engine.builds, buildkit.build).routes(),
        *buildkit.routes(),
    ]
