"""POST /commit: an image of a container."""

from typing import Final

import msgspec

from seacan.api import engine
from seacan.api.door import Call, Route, json_reply
from seacan.errors import InvalidArgument
from seacan.http.messages import Reply
from seacan.images import references
from seacan.spec.engine_api import ContainerConfig

_CONFIG: Final = msgspec.json.Decoder(ContainerConfig | None)


class CommitRoutes:
    def __init__(self, commits: engine.Commits) -> None:
        self._commits = commits

    def routes(self) -> list[Route]:
        return [Route("POST", "/commit", self.create)]

    async def create(self, call: Call) -> Reply:
        query = call.query
        config = await call.json(_CONFIG)
        repository = query.text("repo")
        reference = references.parse_tagged(repository, query.text("tag")) if repository else None
        name = query.text("container")
        if not name:
            raise InvalidArgument('invalid name or ID supplied: ""')
        image_id = await self._commits.create(
            name,
            config=config,
            changes=query.texts("changes"),
            author=query.text("author"),
            comment=query.text("comment"),
            reference=reference,
            pause=query.flag("pause", default=True),
        )
        return json_reply({"Id": image_id}, 201)
