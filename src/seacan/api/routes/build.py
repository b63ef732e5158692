"""POST /build: the classic builder's endpoint, and what else there is about builds."""

import posixpath
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Final

import anyio

from seacan.api import build_request, engine
from seacan.api.body_file import body_file
from seacan.api.build_request import Asked
from seacan.api.door import Call, Route, json_reply
from seacan.api.shapes import build as shapes
from seacan.build.builder import BuildRequest
from seacan.build.context_tree import ContextTree
from seacan.build.runs import CommandFailed
from seacan.errors import Internal, SeacanError, Unsupported
from seacan.http.messages import Reply, Request, Send, Stream
from seacan.images.image import ImageId
from seacan.images.remote.credentials import Credentials
from seacan.spec import dockerignore

_DOCKERFILE_LIMIT_BYTES: Final = 4 << 20
_IGNORE: Final = ".dockerignore"
_KEPT: Final = ("keep-storage", "reserved-space", "max-used-space")


class BuildRoutes:
    def __init__(self, builds: engine.Builds) -> None:
        self._builds = builds

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/build", self.build),
            Route("POST", "/build/prune", self.prune),
        ]

    async def build(self, call: Call) -> Stream:
        asked = build_request.read(call.query)
        credentials = build_request.registries(call.request.headers.get("x-registry-config", ""))

        async def produce(send: Send) -> None:
            await self._build(call.request, asked, credentials, send)

        return Stream("application/json", produce)

    async def _build(
        self, request: Request, asked: Asked, credentials: Mapping[str, Credentials], send: Send
    ) -> None:
        """Build while the client listens. Its error is the answer if nothing was told before."""
        answer = _Answer(send, is_quiet=asked.is_quiet)
        progress = shapes.ClassicProgress(answer.tell)
        try:
            with ExitStack() as held:
                tree = held.enter_context(await anyio.to_thread.run_sync(self._builds.open_context))
                if asked.remote:
                    raise Unsupported(f"not supported: a context from {asked.remote}")
                await anyio.to_thread.run_sync(tree.receive, body_file(request))
                wanted = await anyio.to_thread.run_sync(self._request, asked, tree)
                image_id = await self._builds.build(
                    wanted,
                    {"": tree},
                    progress,
                    pulls=asked.pulls,
                    credentials=credentials,
                )
        except SeacanError as err:
            await progress.flush()
            if not answer.has_told:
                raise
            status = err.status if isinstance(err, CommandFailed) else None
            await send(shapes.failed(str(err), status))
        else:
            await answer.finish(image_id, [tag.familiar for tag in asked.tags])

    def _request(self, asked: Asked, tree: ContextTree) -> BuildRequest:
        """Return what the builder is asked for, with the Dockerfile of the context; blocks."""
        return BuildRequest(
            dockerfile=_take_dockerfile(tree, asked.dockerfile),
            wanted=asked.wanted,
            tags=asked.tags,
            labels=asked.labels,
            host_config=asked.host_config,
            uses_cache=asked.uses_cache,
            cache_off_stages=asked.cache_off_stages,
            cache_images=self._builds.cache_images(asked.cache_from) if asked.cache_from else None,
        )

    async def prune(self, call: Call) -> Reply:
        query = call.query
        if query.integer("min-free-space"):
            raise Unsupported("not supported: min-free-space")
        kept = (query.integer(name) or 0 for name in _KEPT)
        pruned = await self._builds.prune(
            query.filters(), all=query.flag("all"), kept_bytes=max(kept)
        )
        return json_reply(
            {"CachesDeleted": pruned.ids or None, "SpaceReclaimed": pruned.reclaimed_bytes}
        )


class _Answer:
    """What a client is told; of a quiet build nothing but its outcome."""

    def __init__(self, send: Send, *, is_quiet: bool) -> None:
        self._send = send
        self._is_quiet = is_quiet
        self.has_told = False

    async def tell(self, data: bytes) -> None:
        if not self._is_quiet:
            self.has_told = True
            await self._send(data)

    async def finish(self, image_id: ImageId, tags: list[str]) -> None:
        if self._is_quiet:
            await self._send(shapes.stream(f"{image_id}\n"))
        else:
            await self._send(shapes.finished(image_id, tags))


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


def _leave_out(tree: ContextTree, dockerfile: str) -> None:
    """Take out what a client sends only for the builder to read it."""
    data = tree.read(_IGNORE, dockerignore.LIMIT_BYTES)
    if data is None:
        return
    ignored = dockerignore.parse(data)
    for name in (_IGNORE, posixpath.normpath(dockerfile)):
        if ignored.is_excluded(name):
            tree.remove(name)
