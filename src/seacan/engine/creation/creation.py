"""What a request to create a container comes to: its record, all but the name."""

import functools
import time
from collections.abc import Callable, Sequence
from typing import Final, ParamSpec, TypeVar

import anyio
import msgspec

from seacan import ids
from seacan.engine.bundle import image_mounts, mounts, sharing, start, user_namespaces
from seacan.engine.containers.container import Container, Link
from seacan.engine.context import Context
from seacan.engine.creation import mount_points, storage_options
from seacan.engine.creation.container_defaults import with_defaults
from seacan.engine.creation.mount_points import MountPoint
from seacan.engine.creation.requests import Normalised, normalise
from seacan.engine.logs.options import with_log_config
from seacan.engine.logs.plan import log_path
from seacan.engine.networks import endpoint_settings, links
from seacan.engine.networks import etc_files as network_files
from seacan.engine.times import rfc3339
from seacan.engine.volumes import points as volume_points
from seacan.ids import ContainerId
from seacan.images import platforms
from seacan.images.image import Image
from seacan.spec.engine_api import ContainerCreate, EndpointSettings

_BRIEF: Final = 1000  # values that are checked where they are: a worker costs more

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Plan(msgspec.Struct, frozen=True):
    """A container to be made of `image`; `asked_image` is how the request names that."""

    id: ContainerId
    image: Image
    asked_image: str
    normalised: Normalised
    points: Sequence[MountPoint]
    networks: dict[str, EndpointSettings]
    links: list[Link]
    get: Callable[[str], Container]

    @property
    def warnings(self) -> list[str]:
        return self.normalised.warnings

    def record(self, context: Context, name: str) -> Container:
        """Return its record, of a container created now."""
        normalised, created_ns = self.normalised, time.time_ns()
        directory = context.data_root.container(self.id)
        normalised.host_config["Links"] = links.to_wire(self.links, name, self.get)
        has_network = not normalised.config.get("NetworkDisabled")
        return Container(
            id=self.id,
            name=name,
            created_at=rfc3339(created_ns),
            created_s=created_ns // 1_000_000_000,
            image_id=self.image.id,
            image=self.asked_image,
            path=normalised.path,
            args=normalised.args,
            config=normalised.config,
            host_config=normalised.host_config,
            platform=self.image.os,
            cgroup_path=context.cgroup_path(normalised.host_config, self.id),
            log_path=log_path(normalised.host_config, directory),
            hostname_path=str(directory.hostname) if has_network else "",
            hosts_path=str(directory.hosts) if has_network else "",
            resolv_conf_path=str(directory.resolv_conf) if has_network else "",
            mounts=mount_points.to_wire(self.points, normalised.host_config),
            mount_points=list(self.points),
            networks=self.networks,
            links=self.links,
        )


async def plan(
    context: Context,
    request: ContainerCreate,
    get: Callable[[str], Container],
    *,
    platform: str | None,
) -> Plan:
    """Check and complete `request`; `get` finds other containers that it names.

    The image has to be of `platform`, as in linux/arm64. Raises NotFound, InvalidArgument,
    Unsupported, Conflict.
    """
    asked_image = request.get("Image") or ""
    wanted_platform = platforms.parse(platform) if platform is not None else None
    image = await anyio.to_thread.run_sync(context.images.get_for, asked_image, wanted_platform)
    container_id = ContainerId(ids.new_id())
    request = with_defaults(request, context.settings.containers)
    request = with_log_config(request, context.settings.log_config)
    request = storage_options.with_default(request, context.settings.storage_bytes)
    request = sharing.resolve(request, get)
    others = sharing.mounts_of_others(request.get("HostConfig") or {}, get)
    network = context.networks.default
    normalised = await _elsewhere_if_long(
        request, normalise, request, image.execution, container_id, context.host, others, network
    )
    if not context.networks.host_gateways:
        network_files.refuse_host_gateway(normalised.host_config)
    wanted = endpoint_settings.of_request(request, normalised.host_config, context.networks.get)
    linked = links.parse(normalised.host_config, get)
    driver = normalised.host_config.get("VolumeDriver") or ""
    asked = mounts.with_propagation(normalised.mounts, context.data_root.path)
    points = volume_points.wanted(asked, normalised.config, driver)
    if volume_points.of(points):
        points = await anyio.to_thread.run_sync(context.volumes.placed, points)
    if any(point.type == "image" for point in points):
        points = await anyio.to_thread.run_sync(image_mounts.resolve, points, context.images)
    user_namespaces.check(normalised.host_config, context.settings.id_map)
    start.check_seccomp(context.host, normalised.host_config)
    has_quotas = functools.partial(context.quotas.are_enforced, context.data_root.containers)
    storage_options.check(normalised.host_config, has_quotas)
    return Plan(container_id, image, asked_image, normalised, points, wanted, linked, get)


async def _elsewhere_if_long(
    request: ContainerCreate, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
) -> _T:
    """Return what `call` does, in a worker if it would hold up others.

    A value takes microseconds, but a request has up to 150,000 of them.
    """
    networks = (request.get("NetworkingConfig") or {}).get("EndpointsConfig")
    fields = (*request.values(), *(request.get("HostConfig") or {}).values(), networks)
    if sum(len(field) for field in fields if isinstance(field, list | dict)) <= _BRIEF:
        return call(*args, **kwargs)
    return await anyio.to_thread.run_sync(functools.partial(call, *args, **kwargs))
