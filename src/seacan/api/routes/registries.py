"""Registries: login, what one has under a name, lists, search.

Pull and push are in transfers.py.
"""

from typing import Final

import msgspec

from seacan.api import engine_images
from seacan.api.background import in_background
from seacan.api.bodies import NO_BODY
from seacan.api.door import Call, Route, json_reply
from seacan.api.query import Filters, check_filters
from seacan.api.shapes.registries import distribution_shape, found_shape
from seacan.errors import InvalidArgument
from seacan.http.messages import Reply
from seacan.images import references
from seacan.images.remote import credentials
from seacan.images.remote.credentials import NOBODY, Credentials
from seacan.images.remote.lists import Entry
from seacan.images.remote.search import SearchResult
from seacan.spec import image
from seacan.spec.engine_api import AuthConfig


class _Entry(msgspec.Struct):
    Source: str
    Platform: image.Platform


class _Artifact(msgspec.Struct):
    Manifest: str
    Blobs: list[bytes]


_ARTIFACT: Final = msgspec.json.Decoder(_Artifact)
_AUTH_CONFIG: Final = msgspec.json.Decoder(AuthConfig)
_ENTRIES: Final = msgspec.json.Decoder(list[_Entry])
_SEARCH_FILTERS: Final = ("is-automated", "is-official", "stars")
_DEFAULT_LIMIT: Final = 25
_MOST: Final = 100


class RegistryRoutes:
    def __init__(self, remote: engine_images.Remote) -> None:
        self._remote = remote

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/auth", self.login),
            Route("GET", "/distribution/{name}/json", self.inspect),
            Route("GET", "/images/search", self.search),
            Route("GET", "/manifests/{name}/json", self.manifest),
            Route("POST", "/manifests/{name}/push", self.push_list),
            Route("GET", "/manifests/{name}/blob", self.blob),
            Route("POST", "/manifests/{name}/artifact", self.push_artifact),
        ]

    async def login(self, call: Call) -> Reply:
        config = await call.json(_AUTH_CONFIG)
        if config is None:
            raise InvalidArgument(NO_BODY)
        who = credentials.from_wire(config)
        token = await in_background(lambda _: self._remote.login(who))
        return json_reply({"IdentityToken": token, "Status": "Login Succeeded"})

    async def inspect(self, call: Call) -> Reply:
        reference = references.parse(call.name).with_default_tag()
        who = who_asks(call)
        found = await in_background(lambda _: self._remote.inspect(reference, who))
        return json_reply(distribution_shape(found))

    async def manifest(self, call: Call) -> Reply:
        """Return a manifest byte by byte. Docker's API has no such; its command asks registries."""
        reference = references.parse(call.name).with_default_tag()
        who = who_asks(call)
        found = await in_background(lambda _: self._remote.manifest(reference, who))
        headers = [("Docker-Content-Digest", found.digest)]
        return Reply(200, found.data, found.media_type, headers)

    async def push_list(self, call: Call) -> Reply:
        """Take [{"Source": name, "Platform": {...}}], return {"Digest": ...}; our own as well."""
        reference = references.parse(call.name).with_default_tag()
        given = await call.json(_ENTRIES)
        if not given or reference.digest:
            raise InvalidArgument(NO_BODY if not given else "cannot push a digest reference")
        entries = [
            Entry(references.parse(one.Source).with_default_tag(), one.Platform) for one in given
        ]
        who = who_asks(call)
        digest = await in_background(lambda _: self._remote.push_list(reference, entries, who))
        return json_reply({"Digest": digest}, 201)

    async def blob(self, call: Call) -> Reply:
        """Return a document by its digest, which is in the name; `size`: its bytes. Our own."""
        reference = references.parse(call.name)
        size_bytes = call.query.integer("size")
        if not reference.digest or size_bytes is None or size_bytes < 0:
            raise InvalidArgument("a blob is named by its digest, and has a size")
        who = who_asks(call)
        found = await in_background(lambda _: self._remote.blob(reference, size_bytes, who))
        return Reply(200, found, "application/octet-stream")

    async def push_artifact(self, call: Call) -> Reply:
        """Take {"Manifest": text, "Blobs": [base64]}, return {"Digest": ...}; our own as well."""
        reference = references.parse(call.name).with_default_tag()
        given = await call.json(_ARTIFACT)
        if given is None or reference.digest:
            raise InvalidArgument(NO_BODY if given is None else "cannot push a digest reference")
        manifest, who = given.Manifest.encode(), who_asks(call)
        digest = await in_background(
            lambda _: self._remote.push_artifact(reference, manifest, given.Blobs, who)
        )
        return json_reply({"Digest": digest}, 201)

    async def search(self, call: Call) -> Reply:
        term, filters = call.query.text("term"), call.query.filters()
        limit = call.query.integer("limit") or _DEFAULT_LIMIT
        check_filters(filters, _SEARCH_FILTERS)
        if not 1 <= limit <= _MOST:
            raise InvalidArgument(f"limit {limit} is outside the range of [1, {_MOST}]")
        is_wanted = _Wanted(filters)
        who = who_asks(call)
        found = await in_background(lambda _: self._remote.search(term, limit, who))
        return json_reply([found_shape(one) for one in found if is_wanted(one)])


def who_asks(call: Call) -> Credentials:
    """Return what X-Registry-Auth says; a malformed one counts as none, as for dockerd."""
    try:
        return credentials.decode(call.request.headers.get("x-registry-auth", ""))
    except InvalidArgument:
        return NOBODY


class _Wanted:
    """The filters of a search. Raises InvalidArgument."""

    def __init__(self, filters: Filters) -> None:
        self._automated = _boolean(filters, "is-automated")
        self._official = _boolean(filters, "is-official")
        stars = filters.get("stars", [])
        for text in stars:
            if not (text.isascii() and text.isdecimal() and len(text) < 10):
                raise InvalidArgument(f"invalid filter 'stars={text}'")
        self._stars = max(map(int, stars), default=0)

    def __call__(self, found: SearchResult) -> bool:
        # Nothing is automated any more.
        return (
            not self._automated
            and self._official in (None, found.is_official)
            and found.star_count >= self._stars
        )


def _boolean(filters: Filters, name: str) -> bool | None:
    match filters.get(name, []):
        case []:
            return None
        case ["1" | "true"]:
            return True
        case ["0" | "false"]:
            return False
        case values:
            raise InvalidArgument(f"invalid filter '{name}=[{' '.join(values)}]'")
