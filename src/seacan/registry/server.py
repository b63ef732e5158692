"""The registry, wired together and served until it is cancelled."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

import anyio
from anyio import CapacityLimiter, to_thread
from anyio.abc import TaskGroup
from msgspec.structs import replace

from seacan import log
from seacan.http.limits import Limits
from seacan.http.messages import Answer, Application
from seacan.http.server import Server
from seacan.registry.access import DELETE, PUSH, Authority, OpenToAll
from seacan.registry.blobs import RepositoryBlobs
from seacan.registry.door import API_VERSION, Call, Door, Route
from seacan.registry.errors import FAILURES, Refused
from seacan.registry.garbage import collect
from seacan.registry.listings import Listings
from seacan.registry.manifests import Manifests
from seacan.registry.metrics import Metrics
from seacan.registry.routes import base
from seacan.registry.routes.blobs import BlobRoutes
from seacan.registry.routes.lists import ListRoutes
from seacan.registry.routes.manifests import ManifestRoutes
from seacan.registry.routes.uploads import UploadRoutes
from seacan.registry.settings import Passwords, Proxy, Settings, Tokens
from seacan.registry.status import Status, nothing
from seacan.registry.store import Store
from seacan.registry.uploads import Uploads
from seacan.version import VERSION

_HEADERS: Final = (
    API_VERSION,
    ("Server", f"seacan/{VERSION}"),
    ("X-Content-Type-Options", "nosniff"),
)
_TOUCH_EVERY_S: Final = 60.0
_ASKED_AT_ONCE: Final = 32
_LIMITS: Final = Limits(head_bytes=64 << 10, body_turn_bytes=60 << 10, piece_s=600.0)


class Registry:
    """What is served: the applications of the main listener and of the one for metrics."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._metrics = Metrics()
        self._blobs = RepositoryBlobs(store)
        self._uploads = Uploads(store, self._blobs)
        self._manifests = Manifests(store)
        self._listings = Listings(store)
        self._authority = _authority(settings)

    def application(self, tasks: TaskGroup) -> Application:
        """Return what answers clients; `tasks` are for what goes on when they have gone."""
        routes = self._routes()
        refused = {PUSH, DELETE} if self._settings.is_read_only else set()
        if self._settings.proxy:
            refused.add(PUSH)
            routes += self._cache_routes(self._settings.proxy, tasks)
        routes = [replace(r, handler=_refuse) if r.action in refused else r for r in routes]
        door: Application = Door(routes, self._authority, self._metrics.count_request)
        door = self._authority.with_endpoint(door)
        return self._status(door, shows_metrics=self._settings.auth is None)

    def metrics_application(self) -> Application:
        return self._status(nothing, shows_metrics=True)

    def _status(self, behind: Application, *, shows_metrics: bool) -> Status:
        return Status(
            self._store, self._uploads, self._metrics, behind, shows_metrics=shows_metrics
        )

    def _routes(self) -> list[Route]:
        return [
            *base.routes(),
            *BlobRoutes(self._blobs).routes(),
            *UploadRoutes(self._uploads, self._blobs, self._metrics.received_bytes.add).routes(),
            *ManifestRoutes(self._manifests).routes(),
            *ListRoutes(self._listings).routes(),
        ]

    def _cache_routes(self, proxy: Proxy, tasks: TaskGroup) -> list[Route]:
        """Return the routes of a cache, which stand for some of the others."""
        from seacan.registry.proxy.client import Client
        from seacan.registry.proxy.downloads import Downloads
        from seacan.registry.proxy.manifests import CachedManifests
        from seacan.registry.proxy.routes import CacheRoutes

        upstream = Client(proxy.url, proxy.credentials)
        # One that hangs does not keep others from what is here.
        limiter = CapacityLimiter(_ASKED_AT_ONCE)
        return CacheRoutes(
            upstream,
            self._blobs,
            self._manifests,
            CachedManifests(self._store, self._manifests, upstream, proxy.tag_lifetime_s, limiter),
            Downloads(self._uploads, upstream, tasks, limiter, self._metrics.fetched_bytes.add),
            self._listings,
            limiter,
        ).routes()

    async def collect_forever(self) -> None:
        """Collect garbage now and then; what goes wrong is tried again the next time."""
        while True:
            await anyio.sleep(self._settings.collect_every_s)
            try:
                gone = await to_thread.run_sync(
                    collect, self._store, self._uploads, self._settings.ages
                )
            except FAILURES as err:
                log.warn("collect garbage", error=str(err))
                continue
            self._metrics.collected_blobs.add(gone.blobs)
            self._metrics.collected_bytes.add(gone.bytes)
            log.debug("garbage collected", blobs=gone.blobs, bytes=gone.bytes)


async def _refuse(call: Call) -> Answer:
    raise Refused("UNSUPPORTED", "this registry is read-only, or a cache of another")


def _authority(settings: Settings) -> Authority:
    """Return who decides. Raises InvalidArgument; the libraries are imported if they are needed."""
    match settings.auth:
        case None:
            return OpenToAll()
        case Tokens() as tokens:
            from seacan.registry.auth import keys
            from seacan.registry.auth.tokens import TokenAuthority

            verifier = keys.KeyVerifier(keys.load(tokens.keys), tokens.issuer, tokens.service)
            return TokenAuthority(verifier, tokens.realm, tokens.service)
        case Passwords() as passwords:
            return _password_authority(passwords, is_tls=settings.tls is not None)


def _password_authority(passwords: Passwords, *, is_tls: bool) -> Authority:
    from seacan.registry.auth import rules
    from seacan.registry.auth.basic import BasicAuthority
    from seacan.registry.auth.htpasswd import Htpasswd

    read = [rules.read(text) for text in passwords.rules] or rules.EVERYTHING_FOR_USERS
    basic = BasicAuthority(Htpasswd(passwords.htpasswd), read)
    # Docker's client asks without a password only where it can get a token.
    if not any(rule.who == rules.ANONYMOUS for rule in read):
        return basic
    from seacan.registry.auth.issuer import IssuingAuthority

    return IssuingAuthority(basic, read, realm=passwords.realm, is_tls=is_tls)


@contextmanager
def opened(settings: Settings) -> Iterator[Registry]:
    """Yield the registry of a directory. Raises Conflict if another process has it."""
    touch_every_s = min(_TOUCH_EVERY_S, settings.ages.grace_s / 2)
    with closing(Store(settings.root, touch_every_s=touch_every_s)) as store:
        yield Registry(settings, store)


async def serve(
    registry: Registry,
    listener: socket.socket,
    metrics_listener: socket.socket | None = None,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Answer clients until cancelled; the listeners are closed then."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(registry.collect_forever)
        if metrics_listener:
            metrics = Server(registry.metrics_application(), limits=_LIMITS)
            tasks.start_soon(metrics.serve, [metrics_listener])
        server = Server(registry.application(tasks), headers=_HEADERS, limits=_LIMITS, tls=tls)
        await server.serve([listener])
