"""POST /build: the classic builder's endpoint, and what else there is about builds."""

import functools
import posixpath
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import anyio

from seacan.api import build_request, engine_builds
from seacan.api.body_file import body_file
from seacan.api.build_answers import ClassicAnswer, GraphAnswer
from seacan.api.build_caches import BuildCaches
from seacan.api.build_request import Asked
from seacan.api.door import Call, Route, json_reply
from seacan.api.gathered import gathered
from seacan.api.routes.streams import RAW, hijack_head
from seacan.api.shapes import build_check
from seacan.build.agents import BuildAgents
from seacan.build.builder import BuildRequest
from seacan.build.context_tree import ContextTree, opened
from seacan.build.kept_contexts import ContextGone
from seacan.build.lint import check as lint
from seacan.build.origins import ImageOrigin
from seacan.engine.builds.cache_rules import limits_of
from seacan.errors import Internal, InvalidArgument, SeacanError
from seacan.http.messages import Hijack, Reply, Request, Send, Stream
from seacan.images.image import ImageId
from seacan.spec import dockerignore
from seacan.spec.image import ExecutionConfig

_DOCKERFILE_LIMIT_BYTES: Final = 4 << 20
_IGNORE: Final = ".dockerignore"
_RESERVED: Final = ("keep-storage", "reserved-space")  # the older name, and the newer one


class BuildRoutes:
    def __init__(
        self, builds: engine_builds.Builds, of_buildkit: Callable[[Call], Awaitable[Stream | Reply]]
    ) -> None:
        """`of_buildkit` answers requests for BuildKit's builder."""
        self._builds = builds
        self._of_buildkit = of_buildkit

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/build", self.build),
            Route("POST", "/build/agents", self.offer_agent),
            Route("POST", "/build/inventory", self.build_inventory),
            Route("POST", "/build/prune", self.prune),
        ]

    async def build(self, call: Call) -> Stream | Reply:
        if call.query.text("version") == build_request.BUILDKIT:
            return await self._of_buildkit(call)
        return self._answered(call, build_request.read(call.query, call.request.headers))

    async def build_inventory(self, call: Call) -> Stream:
        """As `build`, with a context that comes as spec/inventory.py has it; seacan's own."""
        asked = build_request.read(call.query, call.request.headers, has_inventory=True)
        return self._answered(call, asked)

    def _answered(self, call: Call, asked: Asked) -> Stream:
        async def produce(send: Send) -> None:
            if asked.is_checked:
                await send(await self._check(call.request, asked))
                return
            async with gathered(send) as tell:
                await self._tell(call.request, asked, _answer(tell, asked))

        return Stream("application/json", produce, is_by_line=not asked.tells_graph)

    async def _tell(
        self, request: Request, asked: Asked, answer: ClassicAnswer | GraphAnswer
    ) -> None:
        try:
            image_id = await self._build(request, asked, answer)
        except ContextGone:
            raise  # nothing was answered yet: this is the answer
        except SeacanError as err:
            if not await answer.fail(err):
                raise
        except OSError as err:
            failure = Internal(f"build: {err}")
            if not await answer.fail(failure):
                raise failure from err
        else:
            await answer.finish(image_id, [tag.familiar for tag in asked.tags])

    async def _build(
        self, request: Request, asked: Asked, answer: ClassicAnswer | GraphAnswer
    ) -> ImageId:
        """Build while the client listens."""
        async with (
            self._builds.agents(asked.agents_word, asked.agents) as agents,
            self._contexts(request, asked, agents) as contexts,
        ):
            wanted = await anyio.to_thread.run_sync(self._request, asked, contexts[""], agents)
            await anyio.to_thread.run_sync(answer.begin, wanted.dockerfile)
            caches = BuildCaches(self._builds, asked, answer.progress)
            wanted = await caches.add_to(wanted)
            built = await self._builds.build(
                wanted,
                contexts,
                answer.progress,
                pulls=asked.pulls,
                credentials=asked.credentials,
            )
            return built.image_id

    @asynccontextmanager
    async def _contexts(
        self, request: Request, asked: Asked, agents: BuildAgents
    ) -> AsyncIterator[Mapping[str, ContextTree]]:
        """Receive the contexts; yield them by name, the main one with an empty one."""
        async with AsyncExitStack() as held:

            async def fetch(url: str) -> ContextTree:
                tree = await held.enter_async_context(opened(self._builds.open_context))
                await self._builds.fetch(
                    url,
                    tree,
                    dockerfile=asked.dockerfile,
                    keeps_git_directory=asked.keeps_git_directory,
                    agents=agents,
                    secrets=asked.secrets,
                )
                return tree

            if asked.remote:
                tree = await fetch(asked.remote)
            else:
                tree = await held.enter_async_context(opened(self._builds.open_context))
                if asked.context_key:
                    body = body_file(request)
                    kept = self._builds.receive_inventory(tree, asked.context_key, body)
                    await held.enter_async_context(kept)
                else:
                    # As slow as its client: not one of the threads that all share.
                    await anyio.to_thread.run_sync(
                        self._builds.receive,
                        tree,
                        body_file(request),
                        limiter=anyio.CapacityLimiter(1),
                    )
            named = {
                name: await held.enter_async_context(opened(functools.partial(tree.split, path)))
                for name, path in asked.sent_contexts.items()
            }
            fetched = {name: await fetch(url) for name, url in asked.remote_contexts.items()}
            yield {"": tree, **named, **fetched}

    async def _check(self, request: Request, asked: Asked) -> bytes:
        """Return what is to be said of the Dockerfile, with the images that are here."""

        def check(tree: ContextTree) -> bytes:
            rules = _rules(tree)
            data = _take_dockerfile(tree, asked.dockerfile)
            return build_check.report(lint.check(data, asked.wanted, rules, self._config))

        async with (
            self._builds.agents(asked.agents_word, asked.agents) as agents,
            self._contexts(request, asked, agents) as contexts,
        ):
            return await anyio.to_thread.run_sync(check, contexts[""])

    def _config(self, origin: ImageOrigin) -> ExecutionConfig | None:
        """Return the config of an image that is here; blocks."""
        for image in self._builds.cache_images([origin.written or origin.reference]):
            return image.config.get("config") or {}
        return None

    def _request(self, asked: Asked, tree: ContextTree, agents: BuildAgents) -> BuildRequest:
        """Return what the builder is asked for, with the Dockerfile of the context; blocks.

        Raises InvalidArgument if that is to fail of its own checks.
        """
        rules = _rules(tree)
        dockerfile = _take_dockerfile(tree, asked.dockerfile)
        if lint.may_fail(dockerfile, asked.wanted):
            lint.check(dockerfile, asked.wanted, rules, self._config).enforce()
        return BuildRequest(
            dockerfile=dockerfile,
            wanted=asked.wanted,
            platforms=asked.platforms,
            tags=asked.tags,
            labels=asked.labels,
            host_config=asked.host_config,
            uses_cache=asked.uses_cache,
            cache_off_stages=asked.cache_off_stages,
            cache_images=self._builds.cache_images(asked.cache_from) if asked.cache_from else None,
            secrets=asked.secrets,
            is_squashed=asked.is_squashed,
            agents=agents,
        )

    async def offer_agent(self, call: Call) -> Hijack:
        """Give the client's connection, where its ssh agent answers, to the build that it names."""
        word = call.request.headers.get("x-seacan-build", "")
        agent_id = call.query.text("id")
        if not word or not agent_id:
            raise InvalidArgument("an agent's id and X-Seacan-Build are needed")

        async def begin(connection: socket.socket, early: bytes) -> None:
            await self._builds.offer_agent(word, agent_id, connection, early)

        return Hijack(hijack_head(RAW, is_upgrade=True), begin)

    async def prune(self, call: Call) -> Reply:
        query = call.query
        limits = limits_of(
            reserved_bytes=max(query.integer(name) or 0 for name in _RESERVED),
            most_used_bytes=query.integer("max-used-space") or 0,
            least_free_bytes=query.integer("min-free-space") or 0,
        )
        pruned = await self._builds.prune(query.filters(), all=query.flag("all"), limits=limits)
        return json_reply(
            {"CachesDeleted": pruned.ids or None, "SpaceReclaimed": pruned.reclaimed_bytes}
        )


def _answer(send: Send, asked: Asked) -> ClassicAnswer | GraphAnswer:
    if asked.tells_graph and not asked.is_quiet:
        return GraphAnswer(send)
    return ClassicAnswer(send, is_quiet=asked.is_quiet)


def _take_dockerfile(tree: ContextTree, wanted: str) -> bytes:
    """Return the Dockerfile, which leaves the context if .dockerignore has it so; blocks.

    Raises Internal in dockerd's words if there is none.
    """
    names = [wanted, wanted.lower()] if wanted == build_request.DEFAULT_DOCKERFILE else [wanted]
    for name in names:
        data = tree.read(name, _DOCKERFILE_LIMIT_BYTES)
        if data is not None:
            _leave_out(tree, name)
            return data
    raise Internal(f"Cannot locate specified Dockerfile: {wanted}")


def _rules(tree: ContextTree) -> dockerignore.Ignored:
    return dockerignore.parse(tree.read(_IGNORE, dockerignore.LIMIT_BYTES) or b"")


def _leave_out(tree: ContextTree, dockerfile: str) -> None:
    """Take out what a client sends only for the builder to read it."""
    ignored = _rules(tree)
    for name in (_IGNORE, posixpath.normpath(dockerfile)):
        if ignored.is_excluded(name):
            tree.remove(name)
