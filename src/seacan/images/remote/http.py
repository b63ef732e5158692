"""HTTP as registries need it: proxies, TLS of each host, redirects that carry no secrets along."""

import contextlib
import ipaddress
import os
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

import msgspec
import urllib3
from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager
from urllib3.exceptions import HTTPError, InsecureRequestWarning

from seacan.images.remote import certificates, failures
from seacan.images.remote.certificates import Tls
from seacan.images.remote.pace import set_pace
from seacan.images.remote.settings import RegistrySettings
from seacan.version import VERSION

USER_AGENT: Final = f"seacan/{VERSION}"
_MOST_REDIRECTS: Final = 10
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_ERROR_BYTES: Final = 64 << 10
_PIECE_BYTES: Final = 256 << 10  # sent at a time
# Seconds, read: without a byte; pace.py is about those that come. A registry may take its time to
# keep what it was sent.
_TIMEOUT: Final = urllib3.Timeout(connect=15, read=60)
_UPLOAD_TIMEOUT: Final = urllib3.Timeout(connect=15, read=900)
_DOCUMENT_DEADLINE_S: Final = 300  # for one that comes byte by byte; layers have none

# Whoever lists a registry as insecure knows it.
urllib3.disable_warnings(InsecureRequestWarning)


class Proxies(msgspec.Struct, frozen=True):
    http: str
    https: str
    bypass: str

    def of(self, url: str) -> str:
        """Return the proxy for `url`, "" for none. Of this machine, nobody is asked through one."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host == "localhost" or _is_in(host, "127.0.0.0/8,::1/128"):
            return ""
        if _is_named(host, self.bypass) or _is_in(host, self.bypass):
            return ""
        return self.https if parts.scheme == "https" else self.http


def proxies(settings: RegistrySettings) -> Proxies:
    """Return the proxies of the settings, else of the environment."""
    return Proxies(
        settings.http_proxy or _variable("HTTP_PROXY"),
        settings.https_proxy or _variable("HTTPS_PROXY"),
        settings.no_proxy or _variable("NO_PROXY"),
    )


def without_password(proxy: str) -> str:
    """Return a proxy's URL as it may be shown."""
    scheme, separator, rest = proxy.rpartition("://")
    _, at, host = rest.rpartition("@")
    return f"{scheme}{separator}xxxxx:xxxxx@{host}" if at else proxy


def _variable(name: str) -> str:
    return os.environ.get(name) or os.environ.get(name.lower(), "")


def _is_named(host: str, names: str) -> bool:
    """Return whether `host` is one of the names, or below one; `*` names all."""
    for name in names.lower().split(","):
        name = name.strip().partition(":")[0].lstrip(".")
        if name and (name == "*" or host == name or host.endswith(f".{name}")):
            return True
    return False


def _is_in(host: str, networks: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    for text in networks.split(","):
        try:
            if address in ipaddress.ip_network(text.strip(), strict=False):
                return True
        except ValueError:
            continue
    return False


class Http:
    """Connections of one operation; several threads may use it."""

    def __init__(self, settings: RegistrySettings) -> None:
        self._settings = settings
        self._proxies = proxies(settings)
        self._lock = threading.Lock()
        self._pools: dict[tuple[Tls, str], PoolManager] = {}

    def close(self) -> None:
        """Close the connections that are idle; those in use close when they are done with."""
        for pool in self._pools.values():
            pool.clear()

    def send(
        self,
        method: str,
        url: str,
        *,
        tls: Tls | None = None,
        headers: Mapping[str, str],
        secrets: Mapping[str, str],
        body: bytes | Iterable[bytes] | None = None,
    ) -> BaseHTTPResponse:
        """Return an answer below 400, its body not yet read; GET and HEAD follow redirects.

        `secrets` are headers for this origin alone. Raises Refused, Broken.
        """
        first = origin(url)
        for _ in range(_MOST_REDIRECTS):
            response = self._once(method, url, tls, {**headers, **secrets}, body)
            location = response.headers.get("Location", "")
            is_redirect = response.status in _REDIRECTS and method in ("GET", "HEAD")
            if not (is_redirect and location):
                return self._checked(method, url, response, is_elsewhere=origin(url) != first)
            response.close()
            target = joined(url, location)
            if origin(target) != first:
                secrets, tls = {}, None
            self._check_redirect(url, target)
            url = target
        raise failures.Broken(f'{method.capitalize()} "{url}": stopped after too many redirects')

    def _check_redirect(self, url: str, target: str) -> None:
        parts = urlsplit(target)
        is_secure = parts.scheme == "https" or not url.startswith("https://")
        if not is_secure and not self._settings.is_insecure(parts.netloc):
            raise failures.Broken(f'redirected from "{url}" to "{parts.netloc}" without TLS')

    def _once(
        self,
        method: str,
        url: str,
        tls: Tls | None,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes] | None,
    ) -> BaseHTTPResponse:
        try:
            response = self._pool(url, tls).request(
                method,
                url,
                body=body,
                headers={"User-Agent": USER_AGENT, **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
                timeout=_UPLOAD_TIMEOUT if method in ("PUT", "PATCH") else _TIMEOUT,
            )
        except (HTTPError, OSError) as err:
            raise failures.broken(method, url, err) from err
        response.url = url  # else it is but the path
        return response

    def _pool(self, url: str, tls: Tls | None) -> PoolManager:
        host = urlsplit(url).netloc
        if tls is None:
            tls = certificates.find(
                self._settings.directories, host, verify=not self._settings.is_insecure(host)
            )
        proxy = self._proxies.of(url)
        with self._lock:
            if (tls, proxy) not in self._pools:
                self._pools[tls, proxy] = _make_pool(tls, proxy)
            return self._pools[tls, proxy]

    def _checked(
        self, method: str, url: str, response: BaseHTTPResponse, *, is_elsewhere: bool
    ) -> BaseHTTPResponse:
        if response.status < 400:
            return response
        try:
            body = response.read(_ERROR_BYTES) if method != "HEAD" else b""
        except (HTTPError, OSError):
            body = b""
        response.close()
        refused = failures.refused(response.status, response.headers, body)
        if is_elsewhere:
            # Where a registry redirects to has no say in where credentials are sent.
            refused.challenge = ""
        raise refused


def _make_pool(tls: Tls, proxy: str) -> PoolManager:
    context = tls.context()
    if proxy:
        address = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        pair = f"{unquote(address.username or '')}:{unquote(address.password or '')}"
        through = ProxyManager(
            address._replace(netloc=address.netloc.rpartition("@")[2]).geturl(),
            proxy_headers=urllib3.make_headers(proxy_basic_auth=pair) if address.username else None,
            ssl_context=context,
            maxsize=16,
            blocksize=_PIECE_BYTES,
        )
        return set_pace(through)
    return set_pace(PoolManager(ssl_context=context, maxsize=16, blocksize=_PIECE_BYTES))


def joined(url: str, location: str) -> str:
    """Return where `location`, which a registry gave in its answer to `url`, is. Raises Broken."""
    with contextlib.suppress(ValueError):
        target = urljoin(url, location)
        if is_http(target):
            return target
    raise failures.Broken(f'sent from "{url}" to no HTTP URL')


def is_http(text: str) -> bool:
    """Return whether `text` is a whole URL of HTTP, with or without TLS."""
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        return is_whole and text.isprintable()
    except ValueError:
        return False


def is_of_this_machine(url: str) -> bool:
    """Return whether `url` says by its host that it is here, or on the link: 127.1, localhost."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:  # as the resolver reads 0x7f000001
            address = ipaddress.ip_address(socket.inet_aton(host))
        except OSError:
            return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_link_local or address.is_unspecified


def origin(url: str) -> tuple[str, str]:
    """Return who is asked for `url`: scheme, and host with port."""
    parts = urlsplit(url)
    port = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return parts.scheme, parts.netloc.lower().removesuffix(port)


def read(response: BaseHTTPResponse, limit_bytes: int, what: str) -> bytes:
    """Return a whole body. Raises Broken, also beyond `limit_bytes`, or if it takes too long."""
    data = bytearray()
    deadline = time.monotonic() + _DOCUMENT_DEADLINE_S
    with response:
        try:
            # To the end: only the read after the last byte tells that a body was cut short.
            while piece := response.read1(limit_bytes + 1 - len(data)):
                data += piece
                if len(data) > limit_bytes:
                    raise failures.Broken(f"read {what}: longer than {limit_bytes} bytes")
                if time.monotonic() > deadline:
                    raise failures.Broken(f"read {what}: more than {_DOCUMENT_DEADLINE_S} s")
        except (HTTPError, OSError) as err:
            raise failures.broken("GET", response.url or what, err) from err
        response.release_conn()
    return bytes(data)
