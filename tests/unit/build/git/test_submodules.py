"""What .gitmodules says, and what of it counts."""

from pathlib import Path
from typing import cast

import pytest

from seacan.build.git.commands import Git
from seacan.build.git.submodules import Submodule, submodules
from seacan.errors import InvalidArgument
from seacan.spec.git_urls import Repository

TOP = Repository("https://h/o/n.git")
COMMIT = "1" * 40


class Said:
    """A git that says what is in a commit."""

    directory = Path()

    def __init__(self, settings: dict[str, str], links: dict[str, str]) -> None:
        self._settings = "".join(f"{key}\n{value}\0" for key, value in settings.items())
        self._tree = "100644 blob 3\tfile\0"
        self._tree += "".join(f"160000 commit {at}\t{path}\0" for path, at in links.items())

    def text(self, *words: str) -> str:
        if words[0] == "config":
            return self._settings
        return self._tree if "-r" in words else self._settings


def found(settings: dict[str, str], links: dict[str, str]) -> list[Submodule]:
    return submodules(cast(Git, Said(settings, links)), COMMIT, TOP)


def test_by_their_paths() -> None:
    settings = {
        "submodule.a.b.path": "deep/a",
        "submodule.a.b.url": "../a",
        "submodule.n.path": "n/",
        "submodule.n.url": "ssh://git@g/n",
        "submodule.off.path": "off",
        "submodule.off.url": "x",
        "submodule.off.update": "none",
        "core.sshcommand": "id",
    }
    links = {"deep/a": "a" * 40, "n": "b" * 40, "off": "c" * 40}
    assert found(settings, links) == [
        Submodule("deep/a", Repository("https://h/o/a"), "a" * 40),
        Submodule("n", Repository("ssh://git@g/n"), "b" * 40),
    ]


def test_none() -> None:
    assert found({}, {"a": "a" * 40}) == []


def test_a_path_of_gitmodules_alone_is_nothing() -> None:
    settings = {"submodule.a.path": "../../x", "submodule.a.url": "../a"}
    assert found(settings, {}) == []
    with pytest.raises(InvalidArgument, match=r"no url found for submodule path 'a'"):
        found(settings, {"a": "a" * 40})


@pytest.mark.parametrize(
    "url", ["file:///etc", "/etc", "ext::id", "-u", "https://h/x#-b", "git@h:n#b", "ssh://-o/x", ""]
)
def test_urls(url: str) -> None:
    with pytest.raises(InvalidArgument):
        found({"submodule.a.path": "a", "submodule.a.url": url}, {"a": "a" * 40})
