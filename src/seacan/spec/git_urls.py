"""URLs of repositories: https://HOST/PATH.git#REF:DIRECTORY, git://…, ssh://…, USER@HOST:PATH.

Source: docs.docker.com, build/concepts/context, "Git repositories"; git-clone(1), "GIT URLS".
"""

from __future__ import annotations

import re

from seacan.errors import InvalidArgument
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

PROTOCOLS: Final = ("git", "http", "https", "ssh")
_URL: Final = re.compile(r"(?i)(git|https?|ssh)://([^/?#]+)(/[^?#]*)(?:\?([^#]*))?(?:#(.*))?")
_SCP: Final = re.compile(r"([\w.-]+)@([\w.-]+|\[[0-9A-Fa-f:.]+\]):([^#]+)(?:#(.*))?")
_GITHUB: Final = "github.com/"
_SECRET: Final = re.compile(r"://[^/@\s]*@")
# What no ref has (git-check-ref-format(1)), and what git would read as more than a name.
_NO_REF: Final = re.compile(r"^-|\.\.|@\{|[\x00-\x20\x7f~^:?*\[\\]")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@record
class Repository:
    """Where a repository is, and what of it is meant."""

    remote: str  # as git is told it
    ref: str = ""  # a branch, a tag, a commit's whole id; empty: what HEAD there is
    subdirectory: str = ""

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
        if query:
            raise InvalidArgument(
                f"{without_secret(text)}: a query in the URL of a repository is not supported"
            )
        _check_parts(text, authority.rpartition("@")[2], path, authority)
        remote = f"{scheme.lower()}://{authority}{path}"
    elif match := _SCP.fullmatch(text):
        user, host, path, fragment = match.groups()
        _check_parts(text, host, path, user)
        remote = f"{user}@{host}:{path}"
    else:
        return None
    return _of_fragment(remote, fragment or "")


def parse_context(text: str) -> Repository | None:
    """Return what `parse` does; a context may be github.com/OWNER/NAME as well."""
    if text.startswith(_GITHUB):
        owner_and_name, number_sign, fragment = text.partition("#")
        path = owner_and_name.removesuffix(".git")
        return parse(f"https://{path}.git{number_sign}{fragment}")
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
    if ref and _NO_REF.search(ref):
        raise InvalidArgument(f"{Repository(remote).shown}: invalid ref {ref!r}")
    return Repository(remote, ref, subdirectory.strip("/"))


def _check_parts(text: str, *parts: str) -> None:
    for part in parts:
        if part.startswith("-") or any(not " " < each != "\x7f" for each in part):
            raise InvalidArgument(f"invalid URL of a repository: {without_secret(text)!r}")


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
