"""Fixtures for tests of a whole daemon."""

from collections.abc import Iterator

import pytest
from tests.daemon import Daemon, running_daemon


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """A seacand of this test alone; the test fails if something is left of it."""
    with running_daemon() as daemon:
        yield daemon
