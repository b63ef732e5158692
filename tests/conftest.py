"""Fixtures for tests of a whole daemon."""

import os
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


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_command_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Have commands, and what they start, remember nothing beyond the tests."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the first failure of what passed when it was run again."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"{report.when} of {report.nodeid} failed, and was run again")
        terminalreporter.write_line(report.longreprtext)
        for name, content in report.sections:
            terminalreporter.section(name, "-")
            terminalreporter.write_line(content)


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """A seacand of this test alone; the test fails if something is left of it."""
    with running_daemon() as daemon:
        yield daemon
