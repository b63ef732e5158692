from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import anyio

from seacan.engine.builds.steps import _wait_end
from seacan.supervisor.shim_client import Shim


def test_a_command_has_ended_when_its_shim_has() -> None:
    """Its layer is unmounted between the two, and is not to be used before."""
    done = []

    async def events() -> AsyncIterator[dict[str, Any]]:
        yield {"event": "exited", "status": 3, "oom_killed": False, "finished_at_ns": 1}
        await anyio.lowlevel.checkpoint()
        done.append("unmounted")

    async def wait() -> None:
        end = await _wait_end(cast(Shim, SimpleNamespace(events=events)))
        assert end is not None
        assert end["status"] == 3

    anyio.run(wait)
    assert done == ["unmounted"]
