import pytest

from seacan.errors import InvalidArgument
from seacan.kernel.cgroups.stats import (
    Amount,
    Average,
    BlockIO,
    Cpu,
    Cpuset,
    IOCount,
    Memory,
    Pids,
    Pressure,
    Stats,
)
from seacan.runtime.commands.events import seconds
from seacan.runtime.commands.stats import to_wire

NOTHING = Stats(Cpu(), Cpuset(), Memory(), Pids(), BlockIO(), {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5s", 5), ("1m30s", 90), ("500ms", 0.5), ("1.5h", 5400), ("2us", 2e-6), ("2µs", 2e-6)],
)
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "5", "s", "-5s", "5 s", "5sx", "0s"])
def test_no_durations(text: str) -> None:
    with pytest.raises(InvalidArgument, match="duration"):
        seconds(text)


def test_what_is_empty_is_there_all_the_same_where_it_is_of_runc() -> None:
    none = {"limit": 0, "failcnt": 0}
    assert to_wire(NOTHING) == {
        "cpu": {"usage": {"kernel": 0, "user": 0}, "throttling": {}},
        "cpuset": {
            "cpu_exclusive": 0,
            "mem_hardwall": 0,
            "mem_exclusive": 0,
            "memory_migrate": 0,
            "memory_spread_page": 0,
            "memory_spread_slab": 0,
            "memory_pressure": 0,
            "sched_load_balance": 0,
            "sched_relax_domain_level": 0,
        },
        "memory": {"usage": none, "swap": none, "kernel": none, "kernelTCP": none},
        "pids": {},
        "blkio": {},
        "hugetlb": {},
        "intel_rdt": {},
        "network_interfaces": None,
    }


def test_what_is_filled() -> None:
    average = Average(1.5, 0.5, 0.25, 99)
    pressure = Pressure(average, Average())
    stats = Stats(
        Cpu(9, 4, 5, (1, 8), (1, 3), (0, 5), 7, 6, 55, pressure),
        Cpuset((0, 1), (0,), {"cpu_exclusive": 1, "sched_relax_domain_level": -1}),
        Memory(3, Amount(1, 2, None, 4), raw={"b": 1, "a": 2}, pressure=pressure),
        Pids(2, 20),
        BlockIO(serviced=(IOCount(8, 0, "Read", 3),), queued=(IOCount(8, 1, "", 1),)),
        {"2MB": Amount(5, 6, 0, 7)},
        pressure,
    )
    wire = to_wire(stats)
    psi = {
        "some": {"avg10": 1.5, "avg60": 0.5, "avg300": 0.25, "total": 99},
        "full": {"avg10": 0.0, "avg60": 0.0, "avg300": 0.0, "total": 0},
    }
    assert wire["cpu"] == {
        "usage": {
            "total": 9,
            "percpu": (1, 8),
            "percpu_kernel": (0, 5),
            "percpu_user": (1, 3),
            "kernel": 5,
            "user": 4,
        },
        "throttling": {"periods": 7, "throttledPeriods": 6, "throttledTime": 55},
        "psi": psi,
    }
    assert (wire["cpuset"]["cpus"], wire["cpuset"]["mems"]) == ((0, 1), (0,))
    assert wire["cpuset"]["sched_relax_domain_level"] == -1
    assert wire["memory"]["cache"] == 3
    assert wire["memory"]["usage"] == {"limit": 2**64 - 1, "usage": 1, "max": 2, "failcnt": 4}
    assert list(wire["memory"]["raw"]) == ["a", "b"]
    assert wire["memory"]["psi"] == psi
    assert wire["pids"] == {"current": 2, "limit": 20}
    assert wire["blkio"] == {
        "ioServicedRecursive": [{"major": 8, "op": "Read", "value": 3}],
        "ioQueueRecursive": [{"major": 8, "minor": 1, "value": 1}],
        "psi": psi,
    }
    assert wire["hugetlb"] == {"2MB": {"usage": 5, "max": 6, "failcnt": 7}}
