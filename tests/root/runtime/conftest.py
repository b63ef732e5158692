from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box
from tests.root.runtime.executable import Runtime, call


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A bundle; the test fails if anything of its container is left."""
    box = Box(tmp_path)
    yield box
    assert box.leftovers() == []


@pytest.fixture
def runtime(box: Box) -> Iterator[Runtime]:
    """The executable, on the states of `box`."""
    yield partial(call, box)
    call(box, "delete", "--force", box.id)
