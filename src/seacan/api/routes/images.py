"""Images that are there: list, inspect, tag, remove."""

from collections import Counter, defaultdict

import anyio

from seacan.api import engine
from seacan.api.door import Call, Route, json_reply
from seacan.api.routes.image_filters import select_images
from seacan.api.shapes.images import inspect_image, list_image, removed_image
from seacan.errors import InvalidArgument, Unsupported
from seacan.http.messages import Reply
from seacan.images import references
from seacan.images.image import Use


class ImageRoutes:
    def __init__(self, images: engine.Images, containers: engine.Containers) -> None:
        self._images = images
        self._containers = containers

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/images/json", self.list),
            Route("GET", "/images/{name}/json", self.inspect),
            Route("POST", "/images/{name}/tag", self.tag),
            Route("DELETE", "/images/{name}", self.remove),
        ]

    async def list(self, call: Call) -> Reply:
        filters = call.query.filters()
        if call.version < (1, 41) and (pattern := call.query.optional("filter")):
            filters.setdefault("reference", []).append(pattern)
        if call.version >= (1, 42) and call.query.flag("shared-size"):
            raise Unsupported("sizes shared between images are not supported")
        images = await anyio.to_thread.run_sync(self._images.list)
        users = Counter(container.image_id for container in self._containers.all_records())
        return json_reply(
            [
                list_image(image, call.version, containers=users[image.id])
                for image in select_images(images, filters)
            ]
        )

    async def inspect(self, call: Call) -> Reply:
        if call.version >= (1, 49) and call.query.text("platform"):
            raise Unsupported("inspect of one platform of an image is not supported")
        image = await anyio.to_thread.run_sync(self._images.get, call.name)
        return json_reply(inspect_image(image, call.version))

    async def tag(self, call: Call) -> Reply:
        repository = call.query.text("repo")
        if not repository:
            raise InvalidArgument("tag: no repository was named")
        reference = references.parse_tagged(repository, call.query.text("tag"))
        await anyio.to_thread.run_sync(self._images.tag, call.name, reference)
        return Reply(201)

    async def remove(self, call: Call) -> Reply:
        if call.version >= (1, 50) and call.query.texts("platforms"):
            raise Unsupported("removing one platform of an image is not supported")
        uses = defaultdict(list)
        for container in self._containers.all_records():
            uses[container.image_id].append(Use(container.id, container.is_running))
        removed = await anyio.to_thread.run_sync(
            lambda: self._images.remove(
                call.name, force=call.query.flag("force"), used_by=lambda image_id: uses[image_id]
            )
        )
        return json_reply([removed_image(one) for one in removed])
