"""POST /build: its query and headers, as what the builder is asked for.

Source: Engine API, ImageBuild; sentences are dockerd's.
"""

import base64
import binascii
import string
from collections.abc import Mapping
from typing import Any, Final, TypeVar, cast

import msgspec
from msgspec import field

from seacan.api import cache_options
from seacan.api.cache_options import CacheImport, ExportedCache
from seacan.api.query import Query
from seacan.build.arguments import Wanted
from seacan.build.downloads import is_url
from seacan.errors import InvalidArgument, Unsupported
from seacan.images import platforms, references
from seacan.images.platforms import Platform
from seacan.images.references import Reference
from seacan.images.remote.credentials import Credentials, from_wire
from seacan.spec import git_urls as git_urls
from seacan.spec import inventory
from seacan.spec.engine_api import AuthConfig, HostConfig, Ulimit

T = TypeVar("T")
C = TypeVar("C", CacheImport, ExportedCache)

BUILDKIT: Final = "2"  # the version that clients of BuildKit's protocol ask for


class Output(msgspec.Struct, frozen=True):
    """What is to become of the result, where that is not the classic builder's."""

    Type: str = ""
    Attrs: dict[str, str] | None = None


_TEXTS: Final = msgspec.json.Decoder(dict[str, str])
_ARGUMENTS: Final = msgspec.json.Decoder(dict[str, str | None])
_NAMES: Final = msgspec.json.Decoder(list[str] | None)
_ULIMITS: Final = msgspec.json.Decoder(list[Ulimit])
_REGISTRIES: Final = msgspec.json.Decoder(dict[str, AuthConfig])
_OUTPUTS: Final = msgspec.json.Decoder(list[Output])
_HEADER_LIMIT_BYTES: Final = 256 << 10
DEFAULT_DOCKERFILE: Final = "Dockerfile"
_KEEP_GIT_DIRECTORY: Final = "BUILDKIT_CONTEXT_KEEP_GIT_DIR"  # a build argument
_INLINE_CACHE: Final = "BUILDKIT_INLINE_CACHE"  # another
_TYPE: Final = "type="  # how what is no image begins
_TRUE: Final = ("1", "t", "true")
_NUMBERS: Final = (
    ("memory", "Memory"), ("memswap", "MemorySwap"), ("cpushares", "CpuShares"),
    ("cpuperiod", "CpuPeriod"), ("cpuquota", "CpuQuota"), ("shmsize", "ShmSize"),
)  # fmt: skip
_STRINGS: Final = (
    ("cpusetcpus", "CpusetCpus"), ("cpusetmems", "CpusetMems"), ("cgroupparent", "CgroupParent"),
    ("networkmode", "NetworkMode"),
)  # fmt: skip


class Asked(msgspec.Struct, frozen=True):
    """What the query asks for; the Dockerfile comes with the context."""

    dockerfile: str  # its name in the context
    remote: str  # a URL that the context is at; empty: it is sent
    wanted: Wanted  # for the first of the platforms
    platforms: list[Platform]
    sent_contexts: dict[str, str]  # by name: the directory of what is sent that one is
    remote_contexts: dict[str, str]  # by name: the URL
    keeps_git_directory: bool  # of contexts that are repositories
    tags: list[Reference]
    labels: dict[str, str]
    host_config: HostConfig
    is_quiet: bool
    uses_cache: bool
    cache_off_stages: list[str]
    cache_from: list[str]  # images
    cache_imports: list[CacheImport]
    cache_exports: list[ExportedCache]
    pulls: bool
    is_squashed: bool
    # Beyond Docker, for seacan's own client:
    tells_graph: bool  # the steps as they are done, not in the classic builder's words
    is_checked: bool  # and not built
    context_key: str  # what comes is an inventory, and contents that are kept for this key
    # Of the headers:
    credentials: dict[str, Credentials]  # by domain
    secrets: dict[str, bytes]  # by id
    agents: list[str]  # ids of ssh agents that the client has
    agents_word: str  # what it names the build by, where it gives connections to them


def read(query: Query, headers: Mapping[str, str], *, has_inventory: bool = False) -> Asked:
    """Return what is asked for. Raises InvalidArgument, Unsupported."""
    _refuse(query)
    texts = (query.optional("platform") or "").split(",")
    wanted_platforms = [platforms.parse(text) for text in texts if text] or [platforms.host()]
    contexts = _contexts(query)
    given = _json(query, "buildargs", _ARGUMENTS, "build args") or {}
    arguments = {name: value for name, value in given.items() if value is not None}
    caches = _json(query, "cachefrom", _NAMES, "cache-from") or []
    typed = [each for each in caches if each.startswith(_TYPE)]
    return Asked(
        dockerfile=query.optional("dockerfile") or DEFAULT_DOCKERFILE,
        remote=query.text("remote"),
        wanted=Wanted(
            target=query.text("target"),
            build_args=arguments,
            platform=wanted_platforms[0],
            contexts=contexts.images | dict.fromkeys([*contexts.sent, *contexts.remote], ""),
            is_classic=query.text("progress") != "graph",
        ),
        platforms=wanted_platforms,
        sent_contexts=contexts.sent,
        remote_contexts=contexts.remote,
        keeps_git_directory=arguments.get(_KEEP_GIT_DIRECTORY, "").lower() in _TRUE,
        tags=list(dict.fromkeys(_tag(text) for text in query.texts("t") if text)),
        labels=_json(query, "labels", _TEXTS, "labels") or {},
        host_config=_host_config(query),
        is_quiet=query.flag("q"),
        uses_cache=not query.flag("nocache"),
        cache_off_stages=query.texts("nocachefilter"),
        cache_from=[each for each in caches if not each.startswith(_TYPE)],
        cache_imports=_in_registries(cache_options.imports(map(cache_options.parse, typed))),
        cache_exports=_in_registries(_cache_exports(query, arguments)),
        pulls=query.flag("pull"),
        is_squashed=query.flag("squash"),
        tells_graph=query.text("progress") == "graph",
        is_checked=query.flag("check"),
        context_key=_context_key(headers) if has_inventory else "",
        credentials=_registries(headers.get("x-registry-config", "")),
        secrets=_secrets(headers.get("x-seacan-secrets", "")),
        agents=[each for each in query.texts("ssh") if each],
        agents_word=headers.get("x-seacan-build", ""),
    )


def _context_key(headers: Mapping[str, str]) -> str:
    """Return the key that an inventory comes with. Raises InvalidArgument."""
    if headers.get("content-type") != inventory.MEDIA_TYPE:
        raise InvalidArgument(f"Content-Type: {inventory.MEDIA_TYPE} is wanted")
    key = headers.get(inventory.KEY_HEADER.lower(), "")
    if len(key) != inventory.KEY_DIGITS or key.strip(string.hexdigits):
        raise InvalidArgument(
            f"{inventory.KEY_HEADER}: {inventory.KEY_DIGITS} hexadecimal digits are wanted"
        )
    return key


def _secrets(header: str) -> dict[str, bytes]:
    """Return what X-Seacan-Secrets says: contents by id. Raises InvalidArgument."""
    if not header:
        return {}
    try:
        texts = _TEXTS.decode(base64.b64decode(header, altchars=b"-_", validate=True))
        return {name: base64.b64decode(text, validate=True) for name, text in texts.items()}
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
        # What is in it is nobody's to read in a message.
        raise InvalidArgument("error reading secrets: not base64 of JSON") from None


def _cache_exports(query: Query, arguments: Mapping[str, str]) -> list[ExportedCache]:
    options = _json(query, "cacheto", _NAMES, "cache-to") or []
    if arguments.get(_INLINE_CACHE, "").lower() in _TRUE:
        options.append("type=inline")
    return cache_options.exports(map(cache_options.parse, options))


def _in_registries(caches: list[C]) -> list[C]:
    """Return them. Raises Unsupported for directories, which are the client's."""
    if any(each.directory for each in caches):
        raise Unsupported(
            "not supported: caches of type local without docker buildx; registry and inline are"
        )
    return caches


class _Contexts(msgspec.Struct, frozen=True):
    """The named contexts, by what they are."""

    images: dict[str, str] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)  # directories of what is sent
    remote: dict[str, str] = field(default_factory=dict)  # repositories and archives, by URL


def _contexts(query: Query) -> _Contexts:
    """Return the named contexts. Raises InvalidArgument, Unsupported."""
    found = _Contexts()
    for name, place in (_json(query, "contexts", _TEXTS, "contexts") or {}).items():
        scheme, _, rest = place.partition("://")
        match scheme:
            case "docker-image":
                references.parse(rest)
                found.images[name] = rest
            case "sent":
                found.sent[name] = rest
            case _ if is_url(place) or git_urls.parse_context(place):
                found.remote[name] = place
            case _:
                raise Unsupported(f"not supported: build context {name}={place}")
    return found


def _refuse(query: Query) -> None:
    version = query.text("version")
    if version not in ("", "1", BUILDKIT):
        raise InvalidArgument(f'invalid version "{version}"')
    isolation = query.text("isolation")
    if isolation not in ("", "default"):
        raise InvalidArgument(f'unsupported isolation: "{isolation}"')
    if any(query.texts("securityopt")):
        raise InvalidArgument("security options are not supported on linux")
    if outputs(query) and version != BUILDKIT:
        raise Unsupported(
            "not supported: outputs of a build; save the image, or export a container"
        )


def outputs(query: Query) -> list[Output]:
    return _json(query, "outputs", _OUTPUTS, "outputs") or []


def _tag(text: str) -> Reference:
    reference = references.parse(text)
    if reference.digest:
        raise InvalidArgument("build tag cannot contain a digest")
    return reference.with_default_tag()


def _host_config(query: Query) -> HostConfig:
    found: dict[str, Any] = {}
    for name, key in _NUMBERS:
        try:
            number = query.integer(name)
        except InvalidArgument:
            number = None  # as dockerd takes it
        if number:
            found[key] = number
    for name, key in _STRINGS:
        if text := query.text(name):
            found[key] = text
    if hosts := _extra_hosts(query.texts("extrahosts")):
        found["ExtraHosts"] = hosts
    if ulimits := _json(query, "ulimits", _ULIMITS, "ulimit settings"):
        found["Ulimits"] = ulimits
    return cast(HostConfig, found)


def _extra_hosts(texts: list[str]) -> list[str]:
    """Return `host:address` of each, which the docker CLI may send as `host=address`.

    docker-py sends a JSON object of them in one.
    """
    if len(texts) == 1 and texts[0].startswith(("{", "[")):
        try:
            given = msgspec.json.decode(texts[0], type=dict[str, str] | list[str])
        except (msgspec.DecodeError, UnicodeError, RecursionError) as err:
            raise InvalidArgument(f"error reading extra hosts: {err}") from err
        texts = [f"{k}:{v}" for k, v in given.items()] if isinstance(given, dict) else given
    return [text.replace("=", ":", 1) if ":" not in text.partition("=")[0] else text
            for text in texts if text]  # fmt: skip


def _registries(header: str) -> dict[str, Credentials]:
    """Return what X-Registry-Config says, by domain; a malformed one counts as none."""
    if not header or len(header) > _HEADER_LIMIT_BYTES:
        return {}
    try:
        data = base64.b64decode(header, altchars=b"-_")
        configs = _REGISTRIES.decode(data)
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
        return {}
    return {_domain(server): from_wire({"serveraddress": server, **config})
            for server, config in configs.items()}  # fmt: skip


def _domain(server: str) -> str:
    host = server.partition("://")[2] or server
    host = host.partition("/")[0]
    return references.DEFAULT_DOMAIN if host in ("index.docker.io", "docker.io") else host


def _json(query: Query, name: str, decoder: msgspec.json.Decoder[T], what: str) -> T | None:
    text = query.text(name)
    if text.strip() in ("", "null"):  # an empty list of Go's
        return None
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as err:
        raise InvalidArgument(f"error reading {what}: {err}") from err
