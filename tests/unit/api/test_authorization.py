"""What a judge is told of requests in forms that servers take though clients do not send them."""

from collections.abc import Mapping
from typing import Any

import anyio
import pytest

from seacan.api.authorization import Authorized
from seacan.http.messages import Answer, Reply, Request


class Judge:
    names = ("judge",)

    def __init__(self) -> None:
        self.told: list[Mapping[str, Any]] = []

    async def allow_request(self, described: Mapping[str, Any]) -> None:
        self.told.append(described)

    async def allow_answer(self, described: Mapping[str, Any]) -> None:
        self.told.append(described)


@pytest.mark.parametrize("target", ["/v1.51/auth", "http://x/v1.51/auth", "http://x:1/v1.51/auth"])
def test_a_path_is_told_as_it_is_served(target: str) -> None:
    """A rule about ^/v1.51/… holds for the form that proxies are asked in, too."""
    pieces = [b'{"password":"secret"}']

    async def receive() -> bytes:
        return pieces.pop() if pieces else b""

    async def answer(request: Request) -> Answer:
        assert await request.receive() == b'{"password":"secret"}'
        return Reply(200, b'{"Status":"Login Succeeded"}', "application/json")

    judge = Judge()
    headers = {"content-type": "application/json"}
    request = Request(
        method="POST", target=target, headers=headers, has_body=True, receive=receive,
        certificate=None,
    )  # fmt: skip
    anyio.run(Authorized(answer, judge), request)
    assert [told["RequestUri"] for told in judge.told] == ["/v1.51/auth"] * 2
    # Credentials are nothing for it.
    assert not [told for told in judge.told if "RequestBody" in told or "ResponseBody" in told]
