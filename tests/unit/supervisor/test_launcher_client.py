"""The daemon's side of the launcher."""

from typing import Any

import anyio
import pytest

from seacan.errors import Internal, Unavailable
from seacan.supervisor import launcher_client
from seacan.supervisor.launcher_client import Launcher


@pytest.mark.parametrize("deaths", [0, 1, 2])
def test_one_that_dies_with_what_it_was_told_is_replaced_once(
    monkeypatch: pytest.MonkeyPatch, deaths: int
) -> None:
    told: list[object] = []

    async def fork(launcher: Launcher, message: object) -> object:
        told.append(message)
        return object()

    async def listen(channel: object) -> str:
        if len(told) <= deaths:
            raise Unavailable("start shim: it ended")
        return "shim"

    monkeypatch.setattr(Launcher, "_fork", fork)
    monkeypatch.setattr(launcher_client, "listen", listen)

    async def shim() -> Any:
        return await Launcher({}).shim()

    if deaths < 2:
        assert anyio.run(shim) == "shim"
    else:
        with pytest.raises(Internal, match="start shim: it ended"):
            anyio.run(shim)
    assert told == [{}] * min(deaths + 1, 2)
