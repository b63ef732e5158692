"""The same requests to seacan and to dockerd: status, headers, kinds of values, sentences.

SEACAN_TEST_PEER=unix:///… or tcp://… names a dockerd of today; without it, Debian's is started if
it is installed. It is asked in the API versions that both know. To try another request, add a line
to a table of tests/conformance/asked.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from tests.conformance.asked import of_containers, of_creates, of_the_engine
from tests.conformance.asked.ask import Ask
from tests.conformance.asked.comparison import differences
from tests.conformance.asked.http import Answer
from tests.conformance.asked.known_differences import BY_CHANCE, KNOWN, OLD, Known
from tests.conformance.asked.objects import Objects, free_prefix
from tests.conformance.other_engines import running_dockerd
from tests.daemon import running_daemon
from tests.descriptions.validation import complaints
from tests.images.busybox import busybox_archive

pytestmark = [pytest.mark.conformance, pytest.mark.root]

VERSIONS: Final = ("1.24", "1.41", "1.43", "1.51")
ASKS: Final = [
    *of_containers.EVENTS,  # the first, for dockerd remembers 256 of all that use it
    *of_containers.LISTS, *of_containers.READ, *of_containers.FILES, *of_creates.CREATE,
    *of_containers.LIFE, *of_containers.EXEC, *of_the_engine.SYSTEM, *of_the_engine.IMAGES,
    *of_the_engine.NETWORKS, *of_the_engine.VOLUMES, *of_the_engine.PLUGINS,
    *of_the_engine.SWARM,
]  # fmt: skip


@dataclass
class Pair:
    """Both engines, with equal objects; `met` are the known differences that were there."""

    ours: Objects
    theirs: Objects
    known: tuple[Known, ...]
    met: set[Known] = field(default_factory=set)
    asked: int = 0

    def differences(self, ask: Ask) -> list[str]:
        """Return what differs, but for what is known, with the version in front."""
        self.asked += 1
        where = f"{ask.method} {ask.path}"
        found = []
        for version in self.versions:
            ours, theirs = self.ours.ask(ask, version), self.theirs.ask(ask, version)
            found += self._undescribed(ask, version, theirs)
            for line in differences(ours, theirs):
                known = [k for k in self.known if k.is_of(where, line)]
                self.met.update(known)
                if not known:
                    found.append(f"{version}: {line}")
        return found

    def _undescribed(self, ask: Ask, version: str, theirs: Answer) -> list[str]:
        """Return where dockerd's answer is not as described, so that the tables are as it is.

        Ours are looked at with all others. Attach is left out: a refusal is no JSON there.
        """
        path, content_type = ask.path.partition("?")[0], theirs.headers.get("content-type", "")
        if not self.is_of_today or "/attach" in path:
            return []
        return complaints(version, ask.method, path, theirs.status, content_type, theirs.body)

    @property
    def is_of_today(self) -> bool:
        return self.theirs.api_version == self.ours.api_version

    @property
    def versions(self) -> list[str]:
        newest = _number(self.theirs.api_version)
        return [version for version in VERSIONS if _number(version) <= newest]


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with ExitStack() as held:
        # Short: the path of a unix socket has 107 bytes at most.
        directory = Path(tempfile.mkdtemp(prefix="sc-"))
        held.callback(shutil.rmtree, directory)
        prefix = free_prefix()
        archive = busybox_archive(directory / "image.tar", f"{prefix}:latest")
        named = os.environ.get("SEACAN_TEST_PEER")
        peer = named or held.enter_context(_debians(directory, archive))
        daemon = held.enter_context(running_daemon())
        sides = Objects(daemon.host, prefix), Objects(peer, prefix)
        for side in sides:
            held.callback(side.remove)
            side.make(archive)
        is_old = sides[0].api_version != sides[1].api_version
        yield Pair(*sides, KNOWN + BY_CHANCE + (OLD if is_old else ()))


@contextmanager
def _debians(directory: Path, image: Path) -> Iterator[str]:
    if shutil.which("dockerd") is None or shutil.which("docker") is None:
        pytest.skip("no dockerd: none is named by SEACAN_TEST_PEER, and none is installed")
    with running_dockerd(directory, image):
        yield f"unix://{directory}/sock"


@pytest.mark.parametrize("ask", ASKS, ids=str)
def test_answers_are_dockerds(pair: Pair, ask: Ask) -> None:
    found = pair.differences(ask)
    if ask.known and pair.is_of_today:
        assert found, f"a difference that is none any more: {ask.known}"
    elif not ask.known:
        assert not found, "\n".join(found)


def test_that_differences_are_still_there(pair: Pair) -> None:
    if not pair.is_of_today or pair.asked < len(ASKS):
        pytest.skip("only after all requests to a dockerd of today")
    assert [known for known in KNOWN if known not in pair.met] == []
