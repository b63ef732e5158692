"""Lists: tags, repositories, referrers.

Source: distribution-spec 1.1, "Listing Tags", "Listing Referrers"; the catalog is Docker's.
"""

from urllib.parse import quote

import msgspec
from anyio import to_thread

from seacan.http.messages import Answer, HeaderLine, Reply
from seacan.registry import names
from seacan.registry.access import PULL
from seacan.registry.door import Call, Route
from seacan.registry.listings import PAGE, Listings
from seacan.spec.image import MEDIA_TYPE_INDEX, Descriptor, Index


class ListRoutes:
    def __init__(self, listings: Listings) -> None:
        self._listings = listings

    def routes(self) -> list[Route]:
        return [
            Route("tags", ("GET",), PULL, self._tags),
            Route("catalog", ("GET",), PULL, self._catalog),
            Route("referrers", ("GET",), PULL, self._referrers),
        ]

    async def _tags(self, call: Call) -> Answer:
        count = call.query.count("n", PAGE)
        tags, has_more = await to_thread.run_sync(
            self._listings.tags, call.repository, call.query.text("last"), count
        )
        return tags_reply(call.repository, tags, has_more, count)

    async def _catalog(self, call: Call) -> Answer:
        count = call.query.count("n", PAGE)
        found, has_more = await to_thread.run_sync(
            self._listings.repositories, call.query.text("last"), count, call.access.sees
        )
        return _json({"repositories": found}, _next("/v2/_catalog", found, has_more, count))

    async def _referrers(self, call: Call) -> Answer:
        subject = names.check_digest(call.reference)
        kind = call.query.text("artifactType")
        found, has_more = await to_thread.run_sync(
            self._listings.referrers, call.repository, subject, kind, call.query.text("last")
        )
        return referrers_reply(call.repository, subject, found, kind, has_more=has_more)


def tags_reply(repository: str, tags: list[str], has_more: bool, count: int) -> Reply:
    """Return a page of tags."""
    headers = _next(f"/v2/{repository}/tags/list", tags, has_more, count)
    return _json({"name": repository, "tags": tags}, headers)


def referrers_reply(
    repository: str, subject: str, found: list[Descriptor], kind: str, *, has_more: bool
) -> Reply:
    """Return a page of referrers, of artifact type `kind` if that is not ""."""
    headers: list[HeaderLine] = [("OCI-Filters-Applied", "artifactType")] if kind else []
    if has_more:
        kept = f"&artifactType={quote(kind, safe='')}" if kind else ""
        path = f"/v2/{repository}/referrers/{subject}"
        headers += _link(f"{path}?last={found[-1]['digest']}{kept}")
    index = Index(schemaVersion=2, mediaType=MEDIA_TYPE_INDEX, manifests=found)
    return Reply(200, msgspec.json.encode(index), MEDIA_TYPE_INDEX, headers)


def _next(path: str, found: list[str], has_more: bool, count: int) -> list[HeaderLine]:
    if not (has_more and found):
        return []
    return _link(f"{path}?n={count}&last={quote(found[-1], safe='')}")


def _link(target: str) -> list[HeaderLine]:
    return [("Link", f'<{target}>; rel="next"')]


def _json(value: object, headers: list[HeaderLine]) -> Reply:
    return Reply(200, msgspec.json.encode(value), "application/json", headers)
