from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A bundle; the test fails if anything of its container is left."""
    box = Box(tmp_path)
    yield box
    assert box.leftovers() == []
