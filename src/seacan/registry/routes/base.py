"""GET /v2/: yes, this is a registry, and the client is who it says."""

from seacan.http.messages import Answer, Reply
from seacan.registry.access import PULL
from seacan.registry.door import Call, Route


def routes() -> list[Route]:
    return [Route("base", ("GET", "HEAD"), PULL, _confirm)]


async def _confirm(call: Call) -> Answer:
    return Reply(200, b"{}", "application/json")
