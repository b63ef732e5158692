"""Search of a registry by words: the protocol of the first registries, which Docker Hub still has.

Source: docker/docker.github.io, registry v1 API, "Search".
"""

from typing import Final
from urllib.parse import urlencode

import msgspec

from seacan.errors import Internal, Unsupported
from seacan.images.remote import http
from seacan.images.remote.credentials import Credentials
from seacan.images.remote.failures import Broken, Refused, of_any
from seacan.images.remote.http import Http
from seacan.images.remote.settings import HUB, HUB_INDEX, RegistrySettings

_ANSWER_BYTES: Final = 4 << 20


class SearchResult(msgspec.Struct):
    """A repository that matches."""

    name: str = ""
    description: str | None = None
    is_official: bool = False
    star_count: int = 0


class _Answer(msgspec.Struct):
    results: list[SearchResult] | None = None


_ANSWER: Final = msgspec.json.Decoder(_Answer)


def search(
    settings: RegistrySettings, term: str, limit: int, credentials: Credentials
) -> list[SearchResult]:
    """Return repositories for `term`: words, or HOST/words for another registry than Docker Hub.

    Raises Unsupported if the registry has no search.
    """
    host, words = split_term(term)
    client = Http(settings)
    secrets = {"Authorization": credentials.basic} if credentials.is_basic else {}
    query = urlencode({"q": words, "n": limit})
    failure: Exception | None = None
    try:
        for base in _bases(settings, host):
            try:
                response = client.send("GET", f"{base}search?{query}", headers={}, secrets=secrets)
                return _decode(http.read(response, _ANSWER_BYTES, "search results"))
            except Refused as err:
                if err.status in (404, 405):
                    raise Unsupported(f"registry {host} has no search") from err
                raise of_any(err) from err
            except Broken as err:
                failure = err
    finally:
        client.close()
    raise Internal(str(failure))


def split_term(term: str) -> tuple[str, str]:
    """Return the registry's host and the words."""
    first, slash, rest = term.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return HUB, term


def _bases(settings: RegistrySettings, host: str) -> list[str]:
    if host == HUB:
        return [HUB_INDEX]
    if settings.is_insecure(host):
        return [f"https://{host}/v1/", f"http://{host}/v1/"]
    return [f"https://{host}/v1/"]


def _decode(data: bytes) -> list[SearchResult]:
    try:
        return _ANSWER.decode(data).results or []
    except (msgspec.DecodeError, UnicodeError, RecursionError) as err:
        raise Internal(f"error decoding registry search results: {err}") from err
