import contextlib
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box
from tests.root.runtime.executable import Runtime, call

from seacan.kernel.written_pages import WrittenPages
from seacan.runtime.ahead import Ahead


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A bundle; the test fails if anything of its container is left."""
    box = Box(tmp_path)
    yield box
    assert box.leftovers() == []


@pytest.fixture
def ahead() -> Iterator[Ahead]:
    """A process for a container to become; it is reaped as that, or here."""
    process = Ahead(WrittenPages())
    yield process
    process.close()
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, 0)


@pytest.fixture(params=["forked", "ahead"])
def every_way(request: pytest.FixtureRequest, box: Box) -> None:
    """What is tested is to hold however the first process came to be."""
    if request.param == "ahead":
        box.ahead = request.getfixturevalue("ahead")


@pytest.fixture
def runtime(box: Box) -> Iterator[Runtime]:
    """The executable, on the states of `box`."""
    yield partial(call, box)
    call(box, "delete", "--force", box.id)
