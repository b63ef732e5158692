"""Images that are there: list, inspect, history, tag, remove, prune."""

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import anyio

from seacan.api import engine, engine_images
from seacan.api.door import Call, Route, json_reply
from seacan.api.routes.image_filters import select_images
from seacan.api.shapes.images import (
    history_step,
    inspect_image,
    list_image,
    removed_image,
    shape_pruned,
    with_manifests,
)
from seacan.api.versions import Version
from seacan.engine.image_prune import uses_by_image
from seacan.errors import InvalidArgument, NotFound
from seacan.http.messages import Reply
from seacan.images import platforms, references
from seacan.images.image import Image
from seacan.images.platforms import Platform
from seacan.metrics import Timer

Shape = dict[str, Any]
Users = defaultdict[str, list[str]]  # the ids of the containers of each image


class ImageRoutes:
    def __init__(
        self,
        images: engine_images.Images,
        containers: engine.Containers,
        disk: engine.Disk,
        prune: engine_images.ImagePrune,
        actions: Timer,
    ) -> None:
        self._images = images
        self._actions = actions
        self._containers = containers
        self._disk = disk
        self._prune = prune

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/images/json", self.list),
            Route("GET", "/images/{name}/json", self.inspect),
            Route("GET", "/images/{name}/history", self.history),
            Route("POST", "/images/prune", self.prune),
            Route("POST", "/images/{name}/tag", self.tag),
            Route("DELETE", "/images/{name}", self.remove),
        ]

    async def list(self, call: Call) -> Reply:
        filters = call.query.filters()
        if call.version < (1, 41) and (pattern := call.query.optional("filter")):
            filters.setdefault("reference", []).append(pattern)
        listed = await anyio.to_thread.run_sync(
            lambda: select_images(
                self._images.list(), filters, self._images.get, all=call.query.flag("all")
            )
        )
        shared: dict[str, int] = {}
        if call.version >= (1, 42) and call.query.flag("shared-size"):
            usage = await self._disk.usage(images=True, containers=False, volumes=False)
            shared = {one.image.id: one.shared_bytes for one in usage.images or ()}
        users = self._users()
        shapes = [
            list_image(
                image,
                call.version,
                containers=sum(len(users[one.id]) for one in image.of_all_platforms),
                shared_bytes=shared.get(image.id, -1),
            )
            for image in listed
        ]
        if call.version >= (1, 47) and call.query.flag("manifests"):
            pairs = zip(shapes, listed, strict=True)
            shapes = await anyio.to_thread.run_sync(
                lambda: [*self._with_manifests(pairs, users, call.version)]
            )
        return json_reply(shapes)

    def _users(self) -> Users:
        users: Users = defaultdict(lambda: [])
        for container in self._containers.all_records():
            users[container.image_id].append(container.id)
        return users

    def _with_manifests(
        self, shapes: Iterable[tuple[Shape, Image]], users: Users, version: Version
    ) -> Iterator[Shape]:
        """Yield the shapes with their manifests, but for images that were removed meanwhile."""
        for shape, image in shapes:
            with suppress(NotFound):
                yield with_manifests(shape, self._images.manifests(image), version, users)

    async def inspect(self, call: Call) -> Reply:
        platform = platform_of(call, since=(1, 49))
        wants_manifests = call.version >= (1, 48) and call.query.flag("manifests")
        if platform and wants_manifests:
            raise InvalidArgument(
                "conflicting options: manifests and platform options cannot both be set"
            )
        image = await anyio.to_thread.run_sync(self._images.get_for, call.name, platform)
        shape = inspect_image(image, call.version)
        if wants_manifests:
            manifests = await anyio.to_thread.run_sync(self._images.manifests, image)
            shape = with_manifests(shape, manifests, call.version, self._users())
        return json_reply(shape)

    async def history(self, call: Call) -> Reply:
        platform = platform_of(call, since=(1, 48))
        with self._actions.timed("history"):
            steps = await anyio.to_thread.run_sync(self._images.history, call.name, platform)
        return json_reply([history_step(step) for step in steps])

    async def tag(self, call: Call) -> Reply:
        repository = call.query.text("repo")
        if not repository:
            raise InvalidArgument("tag: no repository was named")
        reference = references.parse_tagged(repository, call.query.text("tag"))
        await anyio.to_thread.run_sync(self._images.tag, call.name, reference)
        return Reply(201)

    async def remove(self, call: Call) -> Reply:
        texts = call.query.texts("platforms") if call.version >= (1, 50) else []
        wanted = [platforms.from_json(text) for text in texts]
        uses = uses_by_image(self._containers.all_records())
        remove = functools.partial(
            self._images.remove,
            call.name,
            force=call.query.flag("force"),
            used_by=lambda image_id: uses.get(image_id, ()),
            prune_parents=not call.query.flag("noprune"),
            platforms=wanted,
        )
        with self._actions.timed("delete"):
            removed = await anyio.to_thread.run_sync(remove)
        return json_reply([removed_image(one) for one in removed])

    async def prune(self, call: Call) -> Reply:
        pruned = await self._prune.prune(call.query.filters())
        return json_reply(shape_pruned(pruned))


def platform_of(call: Call, *, since: tuple[int, int]) -> Platform | None:
    """Return the platform that a request asks for; before API version `since`, none."""
    text = call.query.text("platform")
    return platforms.from_json(text) if text and call.version >= since else None


def platforms_of(call: Call, *, since: tuple[int, int]) -> list[Platform]:
    """Return the platforms that a request asks for, of which newer clients send several."""
    texts = call.query.texts("platform") if call.version >= since else []
    return [platforms.from_json(text) for text in texts if text]
