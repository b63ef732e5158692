"""No cgroup: what a container has whose maker may not make one."""

from __future__ import annotations

import errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from seacan.kernel.cgroups.oom import OomWatch
    from seacan.kernel.cgroups.stats import Stats
    from seacan.spec.runtime import LinuxResources


class NoCgroup:
    """Meets the Protocol `Cgroup`, with nobody in it: what needs one is ENOTSUP."""

    def create(self) -> None:
        return

    def apply(self, resources: LinuxResources) -> None:
        if any(resources.values()):
            _refuse("limits need one")

    def join(self, pid: int) -> None:
        return

    def pids(self) -> list[int]:
        return []

    def kill(self) -> None:
        return

    def freeze(self) -> None:
        _refuse("it cannot be frozen")

    def thaw(self) -> None:
        _refuse("it cannot be frozen")

    @property
    def freezer(self) -> str:
        _refuse("it cannot be frozen")

    def is_frozen(self) -> bool:
        return False

    def remove(self) -> None:
        return

    def oom_kills(self) -> int:
        return 0

    def watch_oom(self) -> OomWatch:
        _refuse("its memory is not counted")

    def stats(self) -> Stats:
        _refuse("nothing is counted")

    def below(self, paths: Mapping[str, str]) -> NoCgroup:
        _refuse("nor one below")


def _refuse(why: str) -> NoReturn:
    raise OSError(errno.ENOTSUP, f"the container has no cgroup: {why}")
