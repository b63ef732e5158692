"""What a judge is told of requests in forms that servers take though clients do not send them."""

from collections.abc import Mapping
from typing import Any

import anyio
import pytest

from seacan.api import authorization
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


@pytest.mark.parametrize(
    "target",
    ["/v1.51/auth", "http://x/v1.51/auth", "http://x:1/v1.51/auth", "/v1.51/%61uth",
     "/v1%2E51%2fauth", "http://x/v1.51/aut%68"],
)  # fmt: skip
def test_a_path_is_told_as_it_is_served(target: str) -> None:
    """A rule about ^/v1.51/… holds for the form that proxies are asked in, and for escapes."""
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


@pytest.mark.parametrize(
    "target",
    ["/containers/json?all=1&filters=%7B%22name%22%3A%5B%22x%22%5D%7D", "/images/a%20b%25/json",
     "/images/h:5000/a/b@sha256:0/json", "/containers/x~y-z_1.2/json?", "/_ping"],
)  # fmt: skip
def test_what_has_to_be_escaped_stays_so(target: str) -> None:
    assert authorization._as_served(target) == target


def test_a_query_is_no_path() -> None:
    assert authorization._as_served("http://x?/grpc") == "/?/grpc"
