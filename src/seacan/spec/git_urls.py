"""URLs of repositories: https://HOST/PATH.git#REF:DIRECTORY, git://…, ssh://…, USER@HOST:PATH.

What of a repository is meant may stand in a query as well: ?branch=…&subdir=….
Source: docs.docker.com, build/concepts/context, "Git repositories"; git-clone(1), "GIT URLS".
"""

from __future__ import annotations

import re

from seacan.errors import InvalidArgument
from seacan.records import record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

PROTOCOLS: Final = ("git", "http", "https", "ssh")
_URL: Final = re.compile(r"(?i)(git|https?|ssh)://([^/?#]+)(/[^?#]*)(?:\?([^#]*))?(?:#(.*))?")
_SCP: Final = re.compile(r"([\w.-]+)@([\w.-]+|\[[0-9A-Fa-f:.]+\]):([^#]+)(?:#(.*))?")
_GITHUB: Final = "github.com/"
_TRUE: Final = ("", "1", "t", "T", "true", "True", "TRUE")
_FALSE: Final = ("0", "f", "F", "false", "False", "FALSE")
_SECRET: Final = re.compile(r"://[^/@\s]*@")
# What no ref has (git-check-ref-format(1)), and what git would read as more than a name.
_NO_REF: Final = re.compile(r"^-|\.\.|@\{|[\x00-\x20\x7f~^:?*\[\\]")
_ABBREVIATED: Final = re.compile(r"[0-9a-f]{7,64}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@record
class Repository:
    """Where a repository is, and what of it is meant."""

    remote: str  # as git is told it
    ref: str = ""  # a branch, a tag, a commit's whole id; empty: what HEAD there is
    subdirectory: str = ""
    checksum: str = ""  # the commit that it is to be, or how its id begins
    keeps_git_directory: bool = False
    has_submodules: bool = True

    def check(self, commit: str) -> None:
        """Raise InvalidArgument for another commit than the checksum says."""
        if not commit.startswith(self.checksum):
            raise InvalidArgument(f"expected checksum to match {self.checksum}, got {commit}")

    @property
    def is_ssh(self) -> bool:
        return self.remote.startswith("ssh://") or "://" not in self.remote

    @property
    def shown(self) -> str:
        """The remote for messages: without user and password."""
        return without_secret(self.remote)

    @property
    def host(self) -> str:
        """HOST[:PORT] of a URL; empty of USER@HOST:PATH."""
        match = _URL.fullmatch(self.remote)
        return match[2].rpartition("@")[2] if match else ""


def parse(text: str, *, is_git: bool = False) -> Repository | None:
    """Return the repository that `text` is the URL of, None if it is none.

    A URL of HTTP is one if its path ends with .git, or if it `is_git` anyway. Raises
    InvalidArgument for what would be an option to git or ssh (CVE-2017-1000117, CVE-2019-13139).
    """
    if match := _URL.fullmatch(text):
        scheme, authority, path, query, fragment = match.groups()
        if scheme.lower() in ("http", "https") and not (is_git or path.endswith(".git")):
            return None
        _check_parts(text, authority.rpartition("@")[2], path, authority)
        remote = f"{scheme.lower()}://{authority}{path}"
        return _of_query(_of_fragment(remote, fragment or ""), query or "")
    if match := _SCP.fullmatch(text):
        user, host, path, fragment = match.groups()
        _check_parts(text, host, path, user)
        return _of_fragment(f"{user}@{host}:{path}", fragment or "")
    return None


def parse_context(text: str) -> Repository | None:
    """Return what `parse` does; a context may be github.com/OWNER/NAME as well."""
    if text.startswith(_GITHUB):
        place = re.split("[?#]", text, maxsplit=1)[0]
        return parse(f"https://{place.removesuffix('.git')}.git{text.removeprefix(place)}")
    return parse(text)


def without_secret(text: str) -> str:
    """Return `text` without user and password in the URLs that it has."""
    return _SECRET.sub("://", text)


def is_commit(ref: str) -> bool:
    """Tell whether it is the whole id of a commit."""
    return _COMMIT.fullmatch(ref) is not None


def commit_of(listed: str, ref: str) -> str:
    """Return the commit of a ref, of what `ls-remote` prints: a branch's before a tag's."""
    found = {}
    for line in listed.splitlines():
        commit, _, name = line.partition("\t")
        if is_commit(commit):
            found[name] = commit
    for name in (ref, f"refs/{ref}", f"refs/heads/{ref}", f"refs/tags/{ref}"):
        if name in found:
            return found.get(f"{name}^{{}}", found[name])
    return ""


def _of_fragment(remote: str, fragment: str) -> Repository:
    ref, _, subdirectory = fragment.partition(":")
    found = Repository(remote, subdirectory=subdirectory.strip("/"))
    return replace(found, ref=_checked_ref(found, ref))


def _checked_ref(repository: Repository, ref: str) -> str:
    if ref and _NO_REF.search(ref):
        raise InvalidArgument(f"{repository.shown}: invalid ref {ref!r}")
    return ref


def _check_parts(text: str, *parts: str) -> None:
    for part in parts:
        if part.startswith("-") or any(not " " < each != "\x7f" for each in part):
            raise InvalidArgument(f"invalid URL of a repository: {without_secret(text)!r}")


def _of_query(found: Repository, query: str) -> Repository:
    """Return the repository with what a query says. Raises InvalidArgument, as BuildKit does."""
    if not query:
        return found
    from urllib.parse import parse_qs

    given = parse_qs(query, keep_blank_values=True)
    prefixes = {"ref": "", "tag": "refs/tags/", "branch": "refs/heads/"}
    for name, values in given.items():
        value = values[0]
        if len(values) > 1:
            raise InvalidArgument(f"{found.shown}: query {name!r} has multiple values")
        match name:
            case "keep-git-dir" | "submodules":
                if value not in _TRUE + _FALSE:
                    raise InvalidArgument(f"{found.shown}: invalid {name} value: {value!r}")
            case _ if not value:
                raise InvalidArgument(f"{found.shown}: query {name!r} has no value")
            case "ref" | "tag" | "branch":
                prefix = prefixes[name]
                ref = value if value.startswith(prefix) else f"{prefix}{value}"
                found = replace(found, ref=_only(found, "ref", found.ref, ref))
            case "subdir":
                place = _only(found, "subdir", found.subdirectory, value.strip("/"))
                found = replace(found, subdirectory=place)
            case "checksum" | "commit":
                found = replace(found, checksum=_only(found, "checksum", found.checksum, value))
            case _:
                raise InvalidArgument(f"{found.shown}: unexpected query {name!r}")
    return replace(
        found,
        ref=_checked_ref(found, found.ref or found.checksum),
        checksum=checked_checksum(found.checksum),
        keeps_git_directory=given.get("keep-git-dir", ["0"])[0] in _TRUE,
        has_submodules=given.get("submodules", ["1"])[0] in _TRUE,
    )


def _only(repository: Repository, name: str, before: str, value: str) -> str:
    if before not in ("", value):
        raise InvalidArgument(f"{repository.shown}: {name} conflicts: {before!r} vs {value!r}")
    return value


def checked_checksum(text: str) -> str:
    """Return the id of a commit, or the beginning of one, or nothing. Raises InvalidArgument."""
    if text and not _ABBREVIATED.fullmatch(text):
        raise InvalidArgument(f"invalid checksum of a commit: {text}")
    return text


def relative(remote: str, url: str) -> str:
    """Return the URL of a submodule; one that begins with ./ or ../ counts from `remote`.

    Raises InvalidArgument if it leads above the host. Source: gitmodules(5), submodule.<name>.url.
    """
    if not url.startswith(("./", "../")):
        return url
    base, separator = remote.rstrip("/"), "/"
    while url.partition("/")[0] in (".", ".."):
        step, _, url = url.partition("/")
        if step == "..":
            at = max(base.rfind("/"), base.rfind(":"))
            if at < 0 or base[:at].endswith((":/", ":")):
                raise InvalidArgument(f"submodule: {url!r} leads out of {Repository(remote).shown}")
            base, separator = base[:at], base[at]
    return f"{base}{separator}{url}"
