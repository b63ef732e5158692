"""The engine: its parts, wired, from start to stop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import msgspec
from msgspec.structs import replace

from seacan import files as files_
from seacan.build.kept_contexts import KeptContexts
from seacan.elf.programs import program
from seacan.engine import host, shutdown
from seacan.engine.authorization import Authorization
from seacan.engine.builds.builds import Builds
from seacan.engine.bundle import start, user_namespaces
from seacan.engine.bundle.project_quotas import ProjectQuotas
from seacan.engine.containers.commit import Commits
from seacan.engine.containers.containers import Containers
from seacan.engine.containers.files import Files
from seacan.engine.context import Context, Settings
from seacan.engine.creation import storage_options
from seacan.engine.database import Database
from seacan.engine.disk_usage import Disk
from seacan.engine.events.events import Events
from seacan.engine.events.log import EventLog
from seacan.engine.identity import daemon_id
from seacan.engine.image_prune import ImagePrune
from seacan.engine.measures import Measures
from seacan.engine.metrics import Exposition
from seacan.engine.networks.networks import Networks
from seacan.engine.networks.sandboxes import Sandboxes
from seacan.engine.reconcile import reconcile
from seacan.engine.running.execs import Execs
from seacan.engine.running.streams import Streams
from seacan.engine.system import System
from seacan.engine.times import rfc3339
from seacan.engine.trash import Trash
from seacan.engine.volumes.copies import VolumeCopies
from seacan.engine.volumes.volumes import Volumes
from seacan.images import platforms
from seacan.images.images import Images
from seacan.images.remote.remote import Remote
from seacan.images.trees import remove_tree
from seacan.kernel.cgroups import hierarchy
from seacan.supervisor.launcher_client import Launcher
from seacan.volumes.local import LocalVolumes
from seacan.volumes.plugins import Plugins


class Engine(msgspec.Struct, frozen=True):
    containers: Containers
    streams: Streams
    execs: Execs
    images: Images
    remote: Remote
    system: System
    events: Events
    networks: Networks
    volumes: Volumes
    volume_copies: VolumeCopies
    disk: Disk
    image_prune: ImagePrune
    files: Files
    commits: Commits
    builds: Builds
    context: Context
    exposition: Exposition
    authorization: Authorization

    @property
    def measures(self) -> Measures:
        return self.context.measures

    async def reload(self, settings: Settings) -> None:
        """Go on with other settings, those that can change while it runs; the rest stays as it was.

        Raises InvalidArgument, and nothing has changed then.
        """
        context = self.context
        kept = replace(
            context.settings,
            registries=settings.registries,
            containers=settings.containers,
            labels=settings.labels,
            is_debugging=settings.is_debugging,
            authorization_plugins=settings.authorization_plugins,
            live_restore=settings.live_restore,
            shutdown_timeout_s=settings.shutdown_timeout_s,
            cache_rules=settings.cache_rules,
        )
        host = _host(kept, context.host)
        await anyio.to_thread.run_sync(self.authorization.use, kept.authorization_plugins)
        context.host = host
        context.settings = kept
        self.remote.reload(kept.registries)

    async def shut_down(self) -> None:
        """Stop the containers, unless they are to go on without the daemon."""
        settings = self.context.settings
        if not settings.live_restore:
            await shutdown.stop_all(self.containers, settings.shutdown_timeout_s)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Engine]:
    """Open the state below the roots, take up what runs, and offer the engine.

    At the end the containers go on: nobody but their shims keeps them running.
    """
    authorization = await anyio.to_thread.run_sync(
        Authorization, settings.plugins, settings.authorization_plugins
    )
    _make_roots(settings)
    _write_init(settings)
    async with _opened(settings) as context:
        engine = _wired(context, authorization)
        await reconcile(context, engine.containers)
        context.tasks.start_soon(context.trash.keep_empty)
        context.tasks.start_soon(context.data_trash.keep_empty)
        context.tasks.start_soon(engine.builds.keep_cache_within_rules)
        yield engine


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Context]:
    """Open what the parts of the engine share; its tasks end with the block."""
    quotas = ProjectQuotas(settings.data_root.path)
    if settings.storage_bytes:
        is_supported = quotas.are_enforced(settings.data_root.containers)
        storage_options.check_default(is_supported=is_supported)
    facts = _host(settings, host.probe(hierarchy.detect()))
    if settings.cgroup_driver == "systemd":
        facts = await anyio.to_thread.run_sync(host.with_systemd, facts)
    user_namespaces.check_kernel(settings.id_map, facts.kernel)
    launcher = Launcher(start.sample_config(facts, settings.data_root.init), settings.id_map)
    database = Database(settings.data_root.database)
    events = Events(EventLog(settings.data_root.database))
    images = await anyio.to_thread.run_sync(
        Images, settings.data_root, events.publish_image, settings.registries
    )
    made_at = rfc3339(images.created_at_ns())
    networks = await anyio.to_thread.run_sync(
        Networks, settings.network, daemon_id(settings.data_root.path), made_at, database, events
    )
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(launcher.keep_one_ready)
            tasks.start_soon(events.keep)
            local = LocalVolumes(settings.data_root.volumes, remove_tree, quotas)
            volumes = Volumes(database, local, Plugins(settings.plugins, remove_tree), events)
            measures = Measures()
            yield Context(
                settings,
                facts,
                database,
                images,
                launcher,
                tasks,
                events,
                networks,
                Sandboxes(networks, launcher, tasks, measures.network_actions),
                Trash(settings.exec_root.trash),
                Trash(settings.data_root.trash),
                volumes,
                quotas,
                measures,
                KeptContexts(settings.data_root.build_contexts),
            )
            tasks.cancel_scope.cancel()
    finally:
        launcher.close()
        images.close()
        events.close()
        database.close()


def _wired(context: Context, authorization: Authorization) -> Engine:
    containers = Containers(context)
    system = System(context, containers)
    files = Files(context, containers.find)
    return Engine(
        containers,
        Streams(context.data_root, containers.find),
        containers.execs,
        context.images,
        context.images.remote,
        system,
        context.events,
        context.networks,
        context.volumes,
        VolumeCopies(context.volumes, context.launcher),
        Disk(context, containers),
        ImagePrune(context, containers),
        files,
        Commits(context, containers.find, files),
        Builds(context, containers),
        context,
        Exposition(context, containers, system),
        authorization,
    )


def _host(settings: Settings, found: host.Host) -> host.Host:
    return host.with_runtimes(found, settings.containers.runtimes, settings.containers.runtime)


def _make_roots(settings: Settings) -> None:
    data, execution = settings.data_root, settings.exec_root
    for directory, mode in (
        (data.path, 0o710),
        (data.containers, 0o710),
        (data.empty, 0o755),
        (data.volumes, 0o711),
        (data.trash, 0o700),
        (data.builds, 0o700),
        (data.build_caches, 0o700),
        (data.build_contexts, 0o700),
        (execution.path, 0o700),
        (execution.containers, 0o700),
        (execution.trash, 0o700),
        (execution.subpaths, 0o700),
        (execution.secrets, 0o700),
        (execution.runtime, 0o700),
    ):
        _make_directory(directory, mode)


def _write_init(settings: Settings) -> None:
    """Put the executable of `--init` where it can be bound into containers."""
    data = program("init", platforms.host().architecture)
    path = settings.data_root.init
    if not path.exists() or path.read_bytes() != data:
        files_.write_atomic(path, data, mode=0o555)


def _make_directory(path: Path, mode: int) -> None:
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    path.chmod(mode)
