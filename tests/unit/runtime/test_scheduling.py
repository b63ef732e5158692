from typing import Any

import pytest

from seacan.errors import InvalidArgument
from seacan.runtime import scheduling


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", set()),
        ("0", {0}),
        ("0-3,7", {0, 1, 2, 3, 7}),
        (" 1 , 3-3 ", {1, 3}),
        ("8191", {8191}),
    ],
)
def test_list(text: str, numbers: set[int]) -> None:
    assert scheduling.read_list("x", text) == numbers


@pytest.mark.parametrize(
    "text", ["x", "-1", "1-", "0-1-2", "3-1", ",", "1,", "8192", "0-99999", "9" * 5000, "²", "0x1"]
)
def test_what_is_no_list(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"process\.x: "):
        scheduling.read_list("process.x", text)


@pytest.mark.parametrize(
    ("scheduler", "text"),
    [
        ({}, "policy: missing"),
        ({"policy": "SCHED_FAST"}, "policy: unknown: SCHED_FAST"),
        ({"policy": "SCHED_OTHER", "nice": 20}, "nice: not from -20 to 19: 20"),
        ({"policy": "SCHED_OTHER", "nice": -21}, "nice: not from"),
        ({"policy": "SCHED_OTHER", "priority": 1}, "priority: only for"),
        ({"policy": "SCHED_FIFO", "priority": -1}, "priority: below 0"),
        ({"policy": "SCHED_RR", "priority": 1, "period": 1}, "period: only for SCHED_DEADLINE"),
        ({"policy": "SCHED_OTHER", "flags": ["FAST"]}, "flags: unknown: FAST"),
    ],
)
def test_scheduler_that_contradicts_itself(scheduler: Any, text: str) -> None:
    with pytest.raises(InvalidArgument, match=rf"process\.scheduler\.{text}"):
        scheduling.check({"scheduler": scheduler})


@pytest.mark.parametrize(
    ("io_priority", "text"),
    [
        ({}, "class: missing"),
        ({"class": "IOPRIO_CLASS_NONE", "priority": 0}, "class: unknown: IOPRIO_CLASS_NONE"),
        ({"class": "IOPRIO_CLASS_BE"}, "priority: not from 0 to 7: missing"),
        ({"class": "IOPRIO_CLASS_BE", "priority": 8}, "priority: not from 0 to 7: 8"),
        ({"class": "IOPRIO_CLASS_BE", "priority": -1}, "priority: not from 0 to 7: -1"),
    ],
)
def test_io_priority_that_no_kernel_takes(io_priority: Any, text: str) -> None:
    with pytest.raises(InvalidArgument, match=rf"process\.ioPriority\.{text}"):
        scheduling.check({"ioPriority": io_priority})


@pytest.mark.parametrize("key", ["initial", "final"])
def test_affinity_that_is_no_list(key: str) -> None:
    with pytest.raises(InvalidArgument, match=rf"process\.execCPUAffinity\.{key}: not a list"):
        scheduling.check({"execCPUAffinity": {key: "all"}})  # type: ignore[misc]


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ({}, "mode: missing"),
        ({"mode": "MPOL_FAST"}, "mode: unknown"),
        ({"mode": "MPOL_BIND"}, "nodes: missing for MPOL_BIND"),
        ({"mode": "MPOL_LOCAL", "nodes": "0"}, "nodes: not for MPOL_LOCAL"),
        ({"mode": "MPOL_BIND", "nodes": "x"}, "nodes: not a list"),
        ({"mode": "MPOL_BIND", "nodes": "0", "flags": ["F"]}, "flags: unknown: F"),
    ],
)
def test_memory_policy_that_no_kernel_takes(policy: Any, text: str) -> None:
    with pytest.raises(InvalidArgument, match=rf"linux\.memoryPolicy\.{text}"):
        scheduling.check_memory_policy(policy)
