"""commit: an image out of what a container changed of its own."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import anyio
import anyio.from_thread

from seacan.build import changes as changes_
from seacan.engine.containers.files import Files
from seacan.engine.context import Context
from seacan.engine.running.running import Entry
from seacan.errors import Internal
from seacan.images.commit import Commit
from seacan.images.image import ImageId
from seacan.images.references import Reference
from seacan.images.streams import EndChecked
from seacan.kernel.cgroups import files, hierarchy
from seacan.spec.engine_api import ContainerConfig
from seacan.spec.image import ExecutionConfig, Healthcheck

_FIELDS: Final = frozenset(ExecutionConfig.__annotations__)
_HEALTH_FIELDS: Final = (
    "Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries",
)  # fmt: skip


class Commits:
    def __init__(self, context: Context, find: Callable[[str], Entry], files: Files) -> None:
        self._context = context
        self._find = find
        self._files = files

    async def create(
        self,
        ref: str,
        *,
        config: ContainerConfig | None,
        changes: Sequence[str],
        author: str,
        comment: str,
        reference: Reference | None,
        pause: bool,
    ) -> ImageId:
        """Make an image of a container; return its id.

        `config` takes the place of the container's where it says something, `changes` are
        Dockerfile instructions on it. With `pause` the container stands still while its files are
        read.
        Raises NotFound, InvalidArgument.
        """
        entry = self._find(ref)
        record = entry.record
        own = execution(record.config)
        changed = changes_.apply(changes, own if config is None else execution(config))
        wanted = Commit(
            config=merge(changed, own),
            command=own.get("Cmd") or [],
            author=author,
            comment=comment,
            reference=reference,
        )
        with self._context.measures.container_actions.timed("commit"):
            image_id = await self._make(entry, wanted, pause=pause)
        told = {
            "comment": comment,
            "imageID": image_id,
            "imageRef": reference.familiar if reference else "",
        }
        self._context.events.publish("commit", record, told)
        return image_id

    async def _make(self, entry: Entry, wanted: Commit, *, pause: bool) -> ImageId:
        images = self._context.images
        parent = await anyio.to_thread.run_sync(images.get, entry.record.image_id)
        async with _still(entry, pause=pause) as go_on, self._files.layer(entry) as worker:

            async def finish() -> None:
                # Before anything is made of it: what the worker failed of is no layer.
                await worker.wait_done()
                await go_on()

            archive = EndChecked(worker.output_file(), lambda: anyio.from_thread.run(finish))
            image_id = await anyio.to_thread.run_sync(
                images.commit, parent, archive, wanted, limiter=anyio.CapacityLimiter(1)
            )
        return image_id


@asynccontextmanager
async def _still(entry: Entry, *, pause: bool) -> AsyncIterator[Callable[[], Any]]:
    """Keep a container as it is; yield what lets it go on, which the end does too.

    One that does not run is not started meanwhile; one that is paused stays so.
    """
    async with entry.lock:
        cgroup = hierarchy.open_cgroup(entry.record.cgroup_path)
        is_ours = False
        if pause and entry.shim is not None:
            is_ours = not await anyio.to_thread.run_sync(cgroup.is_frozen)

        async def go_on() -> None:
            nonlocal is_ours
            if is_ours:
                is_ours = False
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(_unless_gone, cgroup.thaw)

        try:
            if is_ours:
                await anyio.to_thread.run_sync(_unless_gone, cgroup.freeze)
            yield go_on
        finally:
            await go_on()


def _unless_gone(change: Callable[[], None]) -> None:
    """Freeze or thaw a cgroup, or find that the container has ended and that it is no more."""
    try:
        change()
    except OSError as err:
        if err.errno not in files.GONE:
            raise Internal(f"pause container: {err}") from err


def execution(config: ContainerConfig) -> ExecutionConfig:
    """Return what of a container's config an image has. A command may be one string."""
    found: dict[str, Any] = {
        name: value for name, value in config.items() if name in _FIELDS and value is not None
    }
    for name in ("Cmd", "Entrypoint"):
        if isinstance(found.get(name), str):
            found[name] = [found[name]]
    return cast(ExecutionConfig, found)


def merge(config: ExecutionConfig, container: ExecutionConfig) -> ExecutionConfig:
    """Return `config`, and what the container's adds to it. Source: moby, daemon/commit.go."""
    merged: dict[str, Any] = {**config}
    for name in ("User", "WorkingDir", "StopSignal"):
        if not merged.get(name) and container.get(name):
            merged[name] = container[name]
    for name in ("ExposedPorts", "Volumes", "Labels"):
        merged[name] = _both(container.get(name), config.get(name))
    merged["Env"] = _with_missing(config.get("Env") or [], container.get("Env") or [])
    if not merged.get("Entrypoint"):
        if not merged.get("Cmd") and container.get("Cmd"):
            merged["Cmd"] = container["Cmd"]
        if merged.get("Entrypoint") is None and container.get("Entrypoint"):
            merged["Entrypoint"] = container["Entrypoint"]
    if check := container.get("Healthcheck"):
        merged["Healthcheck"] = _merge_check(config.get("Healthcheck") or {}, check)
    return cast(ExecutionConfig, merged)


def _both(container: Any, config: Any) -> dict[str, Any] | None:
    return {**(container or {}), **(config or {})} or None


def _with_missing(environment: list[str], more: list[str]) -> list[str]:
    names = {entry.partition("=")[0] for entry in environment}
    return [*environment, *(entry for entry in more if entry.partition("=")[0] not in names)]


def _merge_check(check: Healthcheck, more: Healthcheck) -> Healthcheck:
    merged = {name: check.get(name) or more.get(name) for name in _HEALTH_FIELDS}
    return cast(Healthcheck, {name: value for name, value in merged.items() if value})
