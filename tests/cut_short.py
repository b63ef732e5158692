"""A start whose daemon dies, in front of each thing that it asks of the kernel for a network."""

import itertools
from collections.abc import Iterable

from tests.daemon import Daemon, wait_until


def assert_starts_are_whole(daemon: Daemon, network: str, steps: Iterable[int] = ()) -> None:
    """The container runs or nothing of it is left, and the next start has what it needs.

    `daemon` has no other container; it is there again afterwards. It dies in front of `steps`, or
    of one after the other until there are no more.
    """
    body = {"Image": "busybox", "Cmd": ["sleep", "600"], "HostConfig": {"NetworkMode": network}}
    container = daemon.request("POST", "/containers/create", body)[1]["Id"]
    start = f"/containers/{container}/start"
    kept = [f"file {daemon.data_root / 'containers' / container}"]
    kept += [f"interface {name}" for name in daemon.interfaces()]
    for step in steps or itertools.count():
        has_died = daemon.dies_in(step, "POST", start, event="socket.sendto")  # by netlink
        if not has_died:
            daemon.kill()  # it counts still
        daemon.start()
        if not daemon.state(container)["Running"]:
            assert has_died
            daemon.assert_nothing_left(before=kept)
            status, answer = daemon.request("POST", start)
            assert status == 204, (step, answer)
        daemon.request("POST", f"/containers/{container}/kill")
        wait_until(lambda: not daemon.state(container)["Running"], "its end")
        if not has_died:
            break
    assert step > 1
    daemon.request("DELETE", f"/containers/{container}")
