"""From what is asked for to an image: what there is to know of it first, the rest if it is wanted.

prepare   the Dockerfile and .dockerignore are received, and planned: errors in them end it here
build     contexts are received, secrets and credentials asked for, then the builder has it all
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final

import anyio
import msgspec
from msgspec.structs import replace

from seacan.api import cache_options
from seacan.api.buildkit import attributes, client_services, filesync, warnings
from seacan.api.buildkit.attributes import Asked, Directory
from seacan.api.buildkit.caches import Caches
from seacan.api.buildkit.errors import placed, sentence
from seacan.api.buildkit.filesync import Chosen
from seacan.api.buildkit.jobs import Job, Kept, Prepared, new_id
from seacan.api.buildkit.messages import Typed
from seacan.api.buildkit.needs import Needs, needs
from seacan.api.buildkit.passing import Passing
from seacan.api.buildkit.progress import Step
from seacan.api.buildkit.sessions import Session, Sessions
from seacan.api.buildkit.steps import Place, StepProgress
from seacan.api.engine_builds import Builds
from seacan.build.agents import BuildAgents
from seacan.build.arguments import Wanted
from seacan.build.builder import BuildRequest, Built
from seacan.build.context_tree import ContextTree, opened
from seacan.build.dockerfile.parse import parse
from seacan.build.kept_contexts import KeptContext
from seacan.build.plan import plan
from seacan.errors import Internal, InvalidArgument, SeacanError
from seacan.spec import dockerignore

_DOCKERFILE_LIMIT_BYTES: Final = 4 << 20
_DEFAULT: Final = "Dockerfile"
_IGNORE: Final = ".dockerignore"
_NOTHING: Final = Kept()


class Solving(msgspec.Struct, frozen=True):
    builds: Builds
    sessions: Sessions
    passing: Passing

    # -- what is to be built ----------------------------------------------------------------------

    async def prepare(
        self,
        job: Job,
        given: Mapping[str, str],
        inputs: Mapping[str, Prepared],
        imports: Sequence[Typed] = (),
        sent: ContextTree | None = None,
    ) -> Prepared:
        """Return what the attributes ask for; `sent`: a context that is there already.

        Raises CallFailed, with the place of an error.
        """
        asked = attributes.read(given, job.session_id)
        remote = await self._fetch(job, asked) if asked.remote else sent
        dockerfile, own_rules = await self._definition(job, asked, remote)
        try:
            planned = await anyio.to_thread.run_sync(lambda: plan(parse(dockerfile), asked.wanted))
        except InvalidArgument as err:
            raise placed(err, Place(), asked.filename, dockerfile) from err
        found = needs(planned)
        rules = own_rules
        if rules is None and found.needs_context and remote is None:
            rules = await self._ignore_rules(job, asked.context)
        prepared = Prepared(
            id=new_id(),
            asked=asked,
            dockerfile=dockerfile,
            excluded=_patterns(rules or b""),
            needs=found,
            has_triggers=await anyio.to_thread.run_sync(self._may_have_triggers, found),
            remote=remote,
            inputs={name: inputs[key] for name, key in asked.contexts.results.items()},
            cache_imports=cache_options.imports(
                (each.type, each.attributes) for each in (*asked.cache_imports, *imports)
            ),
        )
        job.results[prepared.id] = prepared
        return prepared

    def _may_have_triggers(self, found: Needs) -> bool:
        """Tell whether a base image has, or may have, instructions for its descendants; blocks."""
        known = self.builds.cache_images([*found.images])
        return len(known) < len(found.images) or any(
            (each.config.get("config") or {}).get("OnBuild") for each in known
        )

    async def _definition(
        self, job: Job, asked: Asked, remote: ContextTree | None
    ) -> tuple[bytes, bytes | None]:
        """Return the Dockerfile, and the rules that are for it alone, if there are any."""
        name = asked.filename
        if remote is not None and not asked.has_own_dockerfile:
            return await anyio.to_thread.run_sync(_read_definition, remote, name)
        async with job.telling.during(_definition_name(asked)) as step:
            paths = [name, f"{name}{_IGNORE}", name.lower()]
            async with self._directory(asked.dockerfile, step, "dockerfile", paths) as tree:
                return await anyio.to_thread.run_sync(_read_definition, tree, name)

    async def _ignore_rules(self, job: Job, context: Directory, label: str = "internal") -> bytes:
        async with (
            job.telling.during(f"[{label}] load {_IGNORE}") as step,
            self._directory(context, step, "context", [_IGNORE]) as tree,
        ):
            return await anyio.to_thread.run_sync(_rules, tree, _IGNORE) or b""

    @asynccontextmanager
    async def _directory(
        self, directory: Directory, step: Step, what: str, paths: Sequence[str]
    ) -> AsyncIterator[ContextTree]:
        """Yield some files of a directory of the client's."""
        session = await self.sessions.get(directory.session_id)
        async with opened(self.builds.open_context) as tree:
            await _receive(session, Chosen(directory.name, followed=paths), tree, step, what)
            yield tree

    async def _fetch(self, job: Job, asked: Asked) -> ContextTree:
        """Return the context that is at a URL; it is held to the end of the job."""
        tree = await job.held.enter_async_context(opened(self.builds.open_context))
        async with job.telling.during(f"[internal] load remote build context {asked.remote}"):
            session = await self.sessions.get(job.session_id)
            if asked.remote.startswith(attributes.UPLOADED):
                await client_services.receive_upload(session, asked.remote, tree)
            else:
                await self._fetch_url(session, asked.remote, tree, asked)
            if asked.subdirectory:
                await anyio.to_thread.run_sync(tree.descend, asked.subdirectory)
        return tree

    async def _fetch_url(self, session: Session, url: str, tree: ContextTree, asked: Asked) -> None:
        secrets = await client_services.git_secrets(session, [url])
        async with client_services.agents(self.builds, session, ["default"]) as agents:
            await self.builds.fetch(
                url,
                tree,
                dockerfile=asked.filename,
                keeps_git_directory=asked.keeps_git_directory,
                agents=agents,
                secrets=secrets,
            )

    # -- built ------------------------------------------------------------------------------------

    async def _build(self, job: Job, prepared: Prepared, kept: Kept) -> Built:
        """Build it and keep what is to be kept. Raises CallFailed, with the place of an error."""
        asked = prepared.asked
        try:
            await self._warn(job, prepared)
        except InvalidArgument as err:
            raise placed(err, Place(), asked.filename, prepared.dockerfile) from err
        progress = StepProgress(job.telling, prepared.dockerfile, asked.wanted.contexts)
        try:
            built = await self._built(job, prepared, kept, progress)
        except SeacanError as err:
            progress.finish(sentence(err))
            raise placed(err, progress.failed_at, asked.filename, prepared.dockerfile) from err
        except OSError as err:
            progress.finish(str(err))
            raise Internal(f"build: {err}") from err
        except BaseException:
            progress.finish("canceled")
            raise
        progress.finish()
        return built

    async def _warn(self, job: Job, prepared: Prepared) -> None:
        """Tell what is to be said. Raises InvalidArgument if the build is to fail of it."""
        report = await anyio.to_thread.run_sync(warnings.check, prepared, self.builds)
        vertex = job.telling.step(_definition_name(prepared.asked)).digest
        if report.findings:
            job.telling.tell(warnings.status(report, prepared, vertex))
        report.enforce()

    async def evaluate(self, job: Job, prepared: Prepared) -> None:
        """Build it for the cache alone. Raises CallFailed."""
        async with self.use(job, prepared):
            pass

    def use(
        self, job: Job, prepared: Prepared, kept: Kept = _NOTHING
    ) -> AbstractAsyncContextManager[Built]:
        """Build it and yield the image, which goes when nobody needs it, or has named it."""
        return self.passing.use(lambda: self._build(job, prepared, kept))

    async def _built(
        self, job: Job, prepared: Prepared, kept: Kept, progress: StepProgress
    ) -> Built:
        asked = prepared.asked
        session = await self.sessions.get(asked.context.session_id)
        async with (
            client_services.agents(self.builds, session, prepared.needs.agents) as agents,
            AsyncExitStack() as held,
        ):
            caches = Caches(self.builds, job, await self.sessions.get(job.session_id))
            found = await caches.find(prepared.cache_imports)
            request = BuildRequest(
                dockerfile=prepared.dockerfile,
                wanted=await self._with_results(job, prepared, held),
                platforms=asked.platforms,
                tags=kept.tags,
                labels=asked.labels,
                host_config=asked.host_config,
                uses_cache=asked.uses_cache,
                cache_off_stages=asked.cache_off_stages,
                more_cache_images=found.images,
                cache_imports=found.imported,
                cache_exports=caches.exports(kept.caches),
                has_inline_cache=any(each.is_inline for each in kept.caches),
                secrets=await client_services.secrets(session, prepared.needs),
                agents=agents,
            )
            return await self.builds.build(
                request,
                await self._contexts(job, prepared, session, agents, held),
                progress,
                pulls=asked.pulls,
                credentials={
                    **job.credentials,
                    **await client_services.credentials(session, prepared.needs.registries),
                },
            )

    async def _with_results(self, job: Job, prepared: Prepared, held: AsyncExitStack) -> Wanted:
        """Return what is wanted, with the results of other builds as the images that they are."""
        wanted = prepared.asked.wanted
        images = {
            name: str((await held.enter_async_context(self.use(job, result))).image_id)
            for name, result in prepared.inputs.items()
        }
        return replace(wanted, contexts={**wanted.contexts, **images})

    async def _contexts(
        self,
        job: Job,
        prepared: Prepared,
        session: Session,
        agents: BuildAgents,
        held: AsyncExitStack,
    ) -> dict[str, ContextTree]:
        """Return the contexts by name, the main one with an empty one."""
        asked = prepared.asked
        found = {"": await self._main_context(job, prepared, session, held)}
        for name, directory in asked.contexts.directories.items():
            rules = await self._ignore_rules(job, directory, f"context {name}")
            tree = await self._open(held)
            async with job.telling.during(f"[context {name}] load from client") as step:
                other = await self.sessions.get(directory.session_id)
                chosen = Chosen(directory.name, _patterns(rules))
                await self._receive_kept(other, chosen, tree, step, held)
            found[name] = tree
        for name, url in asked.contexts.remote.items():
            tree = found[name] = await self._open(held)
            async with job.telling.during(f"[context {name}] {url}"):
                await self._fetch_url(session, url, tree, asked)
        return found

    async def _main_context(
        self, job: Job, prepared: Prepared, session: Session, held: AsyncExitStack
    ) -> ContextTree:
        if prepared.remote is not None:
            return prepared.remote
        tree = await self._open(held)
        if prepared.needs.needs_context:
            name = prepared.asked.context.name
            chosen = Chosen(name, prepared.excluded, self._followed(prepared))
            async with job.telling.during("[internal] load build context") as step:
                await self._receive_kept(session, chosen, tree, step, held)
        return tree

    async def _receive_kept(
        self,
        session: Session,
        chosen: Chosen,
        tree: ContextTree,
        step: Step,
        held: AsyncExitStack,
    ) -> None:
        """Take in a directory, without what was kept of it and has not changed."""
        if not session.shared_key:
            await _receive(session, chosen, tree, step, "context")
            return

        async def receive(kept: KeptContext) -> None:
            await _receive(session, chosen, tree, step, "context", kept)

        key = f"buildkit\0{session.shared_key}\0{chosen.name}"
        await held.enter_async_context(self.builds.receive_kept(key, receive))

    def _followed(self, prepared: Prepared) -> Sequence[str]:
        """Return the paths that are enough; none if all is wanted."""
        return () if prepared.has_triggers else prepared.needs.paths

    async def _open(self, held: AsyncExitStack) -> ContextTree:
        return await held.enter_async_context(opened(self.builds.open_context))


async def _receive(
    session: Session,
    chosen: Chosen,
    tree: ContextTree,
    step: Step,
    what: str,
    kept: KeptContext | None = None,
) -> None:
    said = f"transferring {what}:"

    async def tell(count: int) -> None:
        step.say(said, count)

    step.say(said, 0)
    await filesync.receive(session, chosen, tree, tell, kept)


def _definition_name(asked: Asked) -> str:
    return f"[internal] load build definition from {asked.filename}"


def _read_definition(tree: ContextTree, name: str) -> tuple[bytes, bytes | None]:
    names = [name, name.lower()] if name == _DEFAULT else [name]
    for each in names:
        data = tree.read(each, _DOCKERFILE_LIMIT_BYTES)
        if data is not None:
            return data, _rules(tree, f"{each}{_IGNORE}")
    raise Internal(f"failed to read dockerfile: open {name}: no such file or directory")


def _rules(tree: ContextTree, name: str) -> bytes | None:
    return tree.read(name, dockerignore.LIMIT_BYTES)


def _patterns(rules: bytes) -> list[str]:
    """Return what .dockerignore leaves out, as the client is told."""
    return [
        f"!{pattern.text}" if pattern.is_exception else pattern.text
        for pattern in dockerignore.parse(rules).patterns
    ]
