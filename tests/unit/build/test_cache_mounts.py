"""Caches of RUN: which directory is whose, and what a killed daemon left of one."""

from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest

from seacan.build.cache_mounts import Beginning, CacheMounts
from seacan.build.dockerfile.mounts import Mount, MountType
from seacan.build.locks import Locks
from seacan.errors import InvalidArgument

CACHE = Mount(type=MountType.CACHE, id="c", target="/c")


def made(directory: Path, mount: Mount = CACHE, beginning: Beginning | None = None) -> Path:
    """Return what is mounted."""

    async def make() -> str:
        async with AsyncExitStack() as held:
            caches = CacheMounts(directory, Locks())
            return (await caches.ready(mount, beginning, held)).source

    return Path(anyio.run(make))


def beginning(content: str) -> Beginning:
    def fill(directory: Path) -> None:
        (directory / "f").write_text(content)

    return Beginning([content], fill)


def test_what_it_begins_as_is_part_of_which_it_is(tmp_path: Path) -> None:
    assert len({made(tmp_path), made(tmp_path, beginning=beginning("a")), made(tmp_path)}) == 2
    first = made(tmp_path, beginning=beginning("a"))
    assert made(tmp_path, beginning=beginning("b")) != first
    (first / "f").write_text("changed")
    assert (made(tmp_path, beginning=beginning("a")) / "f").read_text() == "changed"


def test_what_a_killed_daemon_left_is_not_what_it_begins_as(tmp_path: Path) -> None:
    place = made(tmp_path, beginning=beginning("a"))
    place.rename(place.with_name("filling"))
    (place.with_name("filling") / "half").touch()
    assert [each.name for each in made(tmp_path, beginning=beginning("a")).iterdir()] == ["f"]


def test_a_part_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="source=x needs a from="):
        made(tmp_path, Mount(type=MountType.CACHE, id="c", target="/c", source="x"))
