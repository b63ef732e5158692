from collections.abc import Iterator

import pytest
from tests.daemon import Daemon, running_daemon
from tests.images.busybox import busybox_archive


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running_daemon() as daemon:
        daemon.load(busybox_archive(tmp_path_factory.mktemp("image") / "busybox.tar"))
        yield daemon
