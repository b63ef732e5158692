"""Fixtures for tests of a whole daemon."""

import signal
from collections.abc import Iterator

import hypothesis
import pytest
from tests.daemon import Daemon, running_daemon

# Whoever runs the tests may have it ignored, as nohup has; what they start is to die of it.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# How long an example takes is the machine's affair.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """A seacand of this test alone; the test fails if something is left of it."""
    with running_daemon() as daemon:
        yield daemon
