"""What a request to create a container costs those who ask for something else."""

import threading
from typing import Any

import anyio

from seacan.engine.creation.creation import _elsewhere_if_long


def test_a_long_request_is_checked_in_a_worker() -> None:
    """100,000 variables are a third of a second, in which nobody else would be answered."""
    env = ["A=b"] * 2000
    brief: list[Any] = [{}, {"Env": env[:500]}, {"HostConfig": {"Dns": ["1.1.1.1"]}}]
    long: list[Any] = [
        {"Env": env},
        {"HostConfig": {"Dns": env}},
        {"NetworkingConfig": {"EndpointsConfig": dict.fromkeys(map(str, range(2000)))}},
    ]

    async def threads(requests: list[Any]) -> list[int]:
        return [await _elsewhere_if_long(each, threading.get_ident) for each in requests]

    here = threading.get_ident()
    assert {*anyio.run(threads, brief)} == {here}
    assert here not in anyio.run(threads, long)
