"""What a build is asked for, in BuildKit's names: the attributes of the frontend dockerfile.v0.

Each is acted upon, or refused by its name. What says nothing to a builder (where the client's own
repository stands, what BuildKit's parts know of one another) is passed over.

Source: moby/buildkit, frontend/dockerui/config.go, context.go, namedcontext.go.
"""

import csv
import json
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec
from msgspec import field

from seacan.api.buildkit.messages import Typed
from seacan.build.arguments import Wanted
from seacan.build.downloads import is_url
from seacan.errors import InvalidArgument, Unsupported
from seacan.images import platforms, references
from seacan.images.platforms import Platform
from seacan.spec import git_urls
from seacan.spec.engine_api import HostConfig, Ulimit

FRONTEND: Final = "dockerfile.v0"
LOCAL: Final = ""  # the place of a context that is a directory of the client's
UPLOADED: Final = "http://buildkit-session/"  # a context that the client sends as one archive
_PASSED_OVER: Final = frozenset(
    ("multi-platform", "frontend.caps", "image-resolve-mode", "source", "cmdline", "linthash")
)
_PASSED_OVER_BEGINNINGS: Final = ("vcs:", "input-metadata:", "sharedkey:localdir:")
_MODES: Final = {"": False, "default": False, "local": False, "pull": True}
_NETWORKS: Final = {"": "", "default": "", "sandbox": "", "none": "none", "host": "host"}
_KEEP_GIT: Final = "BUILDKIT_CONTEXT_KEEP_GIT_DIR"  # a build argument
_TRUE: Final = ("1", "t", "T", "TRUE", "true", "True")
_LIMITS: Final = {
    "memory": "Memory", "memswap": "MemorySwap", "cpushares": "CpuShares",
    "cpuperiod": "CpuPeriod", "cpuquota": "CpuQuota", "shm-size": "ShmSize",
}  # fmt: skip
_TEXTS: Final = {
    "cpusetcpus": "CpusetCpus", "cpusetmems": "CpusetMems", "cgroup-parent": "CgroupParent",
}  # fmt: skip


class Directory(msgspec.Struct, frozen=True):
    """One of the client's, by the name that its session knows it by."""

    name: str
    session_id: str


class NamedContexts(msgspec.Struct, frozen=True):
    """Those beside the main one, by name."""

    images: dict[str, str] = field(default_factory=dict)
    directories: dict[str, Directory] = field(default_factory=dict)
    remote: dict[str, str] = field(default_factory=dict)  # URLs
    results: dict[str, str] = field(default_factory=dict)  # inputs, by their names


class Asked(msgspec.Struct, frozen=True):
    filename: str
    dockerfile: Directory
    has_own_dockerfile: bool  # though the context is remote
    context: Directory
    remote: str  # a URL that the main context is at; empty: it is the directory
    subdirectory: str  # of the main context: what is meant
    contexts: NamedContexts
    wanted: Wanted  # for the first of the platforms
    platforms: list[Platform]
    labels: dict[str, str]
    host_config: HostConfig
    uses_cache: bool
    cache_off_stages: list[str]
    pulls: bool
    keeps_git_directory: bool
    cache_imports: list[Typed]
    request_id: str  # something is to be said of the Dockerfile, and nothing built


def read(attributes: Mapping[str, str], session_id: str) -> Asked:
    """Return what is asked for. Raises InvalidArgument; Unsupported, by name."""
    reading = _Reading(attributes, session_id)
    asked = reading.asked()
    reading.refuse_others()
    return asked


class _Reading:
    def __init__(self, attributes: Mapping[str, str], session_id: str) -> None:
        self._attributes = attributes
        self._session_id = session_id
        self._read: set[str] = set()

    def _text(self, name: str, default: str = "") -> str:
        self._read.add(name)
        return self._attributes.get(name, default)

    def _below(self, beginning: str) -> dict[str, str]:
        names = [name for name in self._attributes if name.startswith(beginning)]
        self._read.update(names)
        return {name.removeprefix(beginning): self._attributes[name] for name in names}

    def asked(self) -> Asked:
        wanted_platforms = self._platforms()
        arguments = self._below("build-arg:")
        contexts = self._contexts()
        remote = self._text(self._text("contextkey", "context"))
        no_cache = self._attributes.get("no-cache")
        stages = self._fields("no-cache")
        mode = self._text("image-resolve-mode")
        if mode not in _MODES:
            raise InvalidArgument(f"invalid image-resolve-mode: {mode}")
        return Asked(
            filename=self._text("filename", "Dockerfile"),
            dockerfile=self._directory(self._text("dockerfilekey", "dockerfile")),
            has_own_dockerfile="dockerfilekey" in self._attributes,
            context=self._directory("context"),
            remote=_checked_remote(remote),
            subdirectory=self._text("contextsubdir"),
            contexts=contexts,
            wanted=Wanted(
                target=self._text("target"),
                build_args=arguments,
                platform=wanted_platforms[0],
                contexts=contexts.images
                | dict.fromkeys([*contexts.directories, *contexts.remote, *contexts.results], ""),
            ),
            platforms=wanted_platforms,
            labels=self._below("label:"),
            host_config=self._host_config(),
            uses_cache=no_cache is None or bool(stages),
            cache_off_stages=stages,
            pulls=_MODES[mode],
            keeps_git_directory=arguments.get(_KEEP_GIT, "") in _TRUE,
            cache_imports=_cache_imports(self._text("cache-imports"), self._text("cache-from")),
            request_id=self._text("requestid"),
        )

    def refuse_others(self) -> None:
        """Raise Unsupported if there is anything that was not read, and matters."""
        for name in sorted(self._attributes.keys() - self._read - _PASSED_OVER):
            if name.startswith(_PASSED_OVER_BEGINNINGS):
                continue
            if name.startswith("attest:") and _is_disabled(self._attributes[name]):
                continue
            raise Unsupported(f"not supported: {name} of a build ({self._attributes[name]})")

    def _platforms(self) -> list[Platform]:
        names = [name for name in self._text("platform").split(",") if name]
        return [platforms.parse(name) for name in names] or [platforms.host()]

    def _directory(self, name: str) -> Directory:
        session_id = self._text(f"local-sessionid:{name}", self._session_id)
        return Directory(name, session_id)

    def _contexts(self) -> NamedContexts:
        found = NamedContexts()
        for name, place in self._below("context:").items():
            name, _, platform = name.partition("::")
            if platform:
                raise Unsupported(f"not supported: context {name} of one platform ({platform})")
            scheme, _, rest = place.partition(":")
            match scheme:
                case "docker-image":
                    reference = rest.removeprefix("//")
                    references.parse(reference)
                    found.images[name] = reference
                case "local":
                    found.directories[name] = self._directory(rest)
                case "input":
                    found.results[name] = rest
                case _ if is_url(place) or git_urls.parse_context(place):
                    found.remote[name] = place
                case _:
                    raise Unsupported(f"not supported: build context {name}={place}")
        return found

    def _host_config(self) -> HostConfig:
        found: dict[str, Any] = {}
        for name, key in _LIMITS.items():
            if text := self._text(name):
                found[key] = _number(name, text)
        for name, key in _TEXTS.items():
            if text := self._text(name):
                found[key] = text
        network = self._text("force-network-mode")
        if network not in _NETWORKS:
            raise Unsupported(f"not supported: network mode {network} of a build")
        if _NETWORKS[network]:
            found["NetworkMode"] = _NETWORKS[network]
        if hosts := self._fields("add-hosts"):
            found["ExtraHosts"] = [_host(each) for each in hosts]
        if limits := self._fields("ulimit"):
            found["Ulimits"] = [_ulimit(each) for each in limits]
        return cast(HostConfig, found)

    def _fields(self, name: str) -> list[str]:
        text = self._text(name)
        try:
            return [each for each in next(csv.reader([text], strict=True), []) if each]
        except csv.Error as err:
            raise InvalidArgument(f"invalid {name}: {text}: {err}") from err


def _cache_imports(imports: str, names: str) -> list[Typed]:
    try:
        entries = json.loads(imports or "[]")
        found = [Typed(_word(each["Type"]), _words(each.get("Attrs") or {})) for each in entries]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as err:
        raise InvalidArgument(f"failed to parse cache-imports: {err}") from err
    return found + [Typed("registry", {"ref": each}) for each in names.split(",") if each]


def _words(given: Mapping[str, object]) -> dict[str, str]:
    return {name: _word(value) for name, value in given.items()}


def _word(given: object) -> str:
    if not isinstance(given, str):
        raise ValueError(f"{given!r} is no text")
    return given


def _checked_remote(remote: str) -> str:
    if remote and not (is_url(remote) or git_urls.parse_context(remote)):
        raise Unsupported(f"not supported: build context {remote}")
    return remote


def _is_disabled(text: str) -> bool:
    return any(each in ("disabled=true", "disabled=1") for each in text.split(","))


def _number(name: str, text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 19):
        raise InvalidArgument(f"invalid {name} value: {text}")
    return int(text)


def _host(written: str) -> str:
    name, equals, address = written.partition("=")
    if not equals:
        raise InvalidArgument(f"invalid key-value pair {written}")
    return f"{name.lower()}:{address}"


def _ulimit(written: str) -> Ulimit:
    name, equals, values = written.partition("=")
    soft, _, hard = values.partition(":")
    if not (name and equals):
        raise InvalidArgument(f"invalid ulimit argument: {written}")
    return Ulimit(Name=name, Soft=_number("ulimit", soft), Hard=_number("ulimit", hard or soft))
