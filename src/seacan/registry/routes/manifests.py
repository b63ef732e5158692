"""Manifests, by tag and by digest.

Source: distribution-spec 1.1, "Pulling manifests", "Pushing Manifests", "Deleting Manifests".
"""

from anyio import to_thread

from seacan.http.messages import Answer, Reply
from seacan.registry import bodies, document, names
from seacan.registry.access import DELETE, PULL, PUSH
from seacan.registry.door import Call, Route
from seacan.registry.errors import Refused
from seacan.registry.manifests import Entry, Manifests


class ManifestRoutes:
    def __init__(self, manifests: Manifests) -> None:
        self._manifests = manifests

    def routes(self) -> list[Route]:
        return [
            Route("manifest", ("GET", "HEAD"), PULL, self._get),
            Route("manifest", ("PUT",), PUSH, self._put),
            Route("manifest", ("DELETE",), DELETE, self._delete),
        ]

    async def _get(self, call: Call) -> Answer:
        reference = names.check_reference(call.reference)
        entry = await to_thread.run_sync(self._manifests.find, call.repository, reference)
        data = await to_thread.run_sync(self._manifests.read, entry)
        return answer(call, entry, data)

    async def _put(self, call: Call) -> Answer:
        reference = names.check_reference(call.reference)
        data = await bodies.read(call.request, document.LIMIT_BYTES)
        digest, tags = (reference, _tags(call)) if names.is_digest(reference) else ("", [reference])
        content_type = call.request.headers.get("content-type", "")

        def put() -> tuple[Entry, document.Document]:
            return self._manifests.put(
                call.repository, data, content_type, tags=tags, digest=digest
            )

        entry, read = await to_thread.run_sync(put)
        headers = [
            ("Location", f"/v2/{call.repository}/manifests/{entry.digest}"),
            ("Docker-Content-Digest", entry.digest),
        ]
        if read.subject:
            headers.append(("OCI-Subject", read.subject))
        if digest and tags:
            headers.append(("OCI-Tag", ", ".join(tags)))
        return Reply(201, headers=headers)

    async def _delete(self, call: Call) -> Answer:
        reference = names.check_reference(call.reference)
        await to_thread.run_sync(self._manifests.remove, call.repository, reference)
        return Reply(202)


def _tags(call: Call) -> list[str]:
    return [names.check_tag(tag) for tag in call.query.texts("tag")]


def answer(call: Call, entry: Entry, data: bytes) -> Answer:
    """Return a manifest with what identifies it."""
    if len(data) != entry.size_bytes:
        raise Refused("UNKNOWN", f"manifest {entry.digest} is not as long as recorded")
    etag = f'"{entry.digest}"'
    headers = [("Docker-Content-Digest", entry.digest), ("ETag", etag)]
    if call.request.headers.get("if-none-match") == etag:
        return Reply(304, headers=headers)
    return Reply(200, data, entry.media_type, headers)
