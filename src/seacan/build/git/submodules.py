"""The submodules of a commit: which, where, and at which commit of theirs.

A path is one of the commit's own tree, and a context lets none lead out; what .gitmodules says is
only looked up by it (CVE-2018-17456, CVE-2018-11235, CVE-2024-32002 were about more).
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from seacan.build.git.commands import Git
from seacan.errors import InvalidArgument
from seacan.spec.git_urls import Repository, parse, relative

_FILE: Final = ".gitmodules"
_KEY: Final = re.compile(r"submodule\.(.*)\.(path|url|update)", re.DOTALL)
_LINK: Final = re.compile(r"160000 commit ([0-9a-f]+)\t(.*)", re.DOTALL)


class Submodule(msgspec.Struct, frozen=True):
    path: str
    repository: Repository
    commit: str


def submodules(git: Git, commit: str, above: Repository) -> list[Submodule]:
    """Return those of a commit that git has; none if it has no .gitmodules.

    Raises InvalidArgument for one that is nowhere, or where none may be.
    """
    if not git.text("ls-tree", commit, "--", _FILE):
        return []
    said = _said(git.text("config", "--null", "--list", "--blob", f"{commit}:{_FILE}"))
    places = {each["path"].strip("/"): each for each in said.values() if "path" in each}
    found = []
    for path, linked in _links(git.text("ls-tree", "-r", "-z", "--full-tree", commit)):
        place = places.get(path, {})
        if place.get("update") == "none":
            continue
        if "url" not in place:
            raise InvalidArgument(f"no url found for submodule path {path!r} in {_FILE}")
        found.append(Submodule(path, _repository(path, place["url"], above), linked))
    return found


def _said(listed: str) -> dict[str, dict[str, str]]:
    """Return the settings of each submodule, of what `git config --null --list` prints."""
    found: dict[str, dict[str, str]] = {}
    for entry in listed.split("\0"):
        key, _, value = entry.partition("\n")
        if match := _KEY.fullmatch(key):
            found.setdefault(match[1], {})[match[2]] = value
    return found


def _links(listed: str) -> Iterator[tuple[str, str]]:
    for entry in listed.split("\0"):
        if match := _LINK.fullmatch(entry):
            yield match[2], match[1]


def _repository(path: str, url: str, above: Repository) -> Repository:
    """Return where a submodule is: its URL need not end with .git, but says no ref."""
    remote = relative(above.remote, url)
    found = parse(remote, is_git=True)
    if found is None or found.ref or found.subdirectory:
        raise InvalidArgument(f"submodule {path!r}: {url!r} is not the URL of a repository")
    return found
