"""What clients get of readings, as dockerd 28.5.2 answers: its fields, and no others."""

from tests.fakes.containers import make_container
from tests.fakes.readings import reading

from seacan.api.shapes.stats import container_stats, stats

NO_CPU = {
    "cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0},
    "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
}


def test_version_1() -> None:
    shown = container_stats(make_container(), reading("v1"), None)

    memory = shown.pop("memory_stats")
    block_io = shown.pop("blkio_stats")
    assert shown == {
        "name": "/first",
        "id": "a" * 64,
        "read": "1970-01-01T00:00:01.500000000Z",
        "preread": "0001-01-01T00:00:00Z",
        "num_procs": 0,
        "storage_stats": {},
        "pids_stats": {"current": 2},
        "cpu_stats": {
            "cpu_usage": {
                "total_usage": 12291423,
                "percpu_usage": (10894113, 1397310),
                "usage_in_kernelmode": 50000000,
                "usage_in_usermode": 30000000,
            },
            "system_cpu_usage": 10_000_000,
            "online_cpus": 2,
            "throttling_data": {"periods": 4, "throttled_periods": 2, "throttled_time": 99},
        },
        "precpu_stats": NO_CPU,
        "networks": {
            "eth0": {
                "rx_bytes": 1, "rx_packets": 2, "rx_errors": 3, "rx_dropped": 4,
                "tx_bytes": 5, "tx_packets": 6, "tx_errors": 7, "tx_dropped": 8,
            }
        },
    }  # fmt: skip
    counters = memory.pop("stats")
    # Without a limit it is the host's memory; what is 0 is left out.
    assert memory == {"usage": 512000, "max_usage": 3575808, "limit": 25276514304}
    assert len(counters) == 32
    assert (counters["cache"], counters["total_cache"], counters["unevictable"]) == (8192, 8193, 0)
    assert counters["hierarchical_memory_limit"] == 9223372036854771712
    assert "shmem" not in counters
    assert block_io["io_service_bytes_recursive"] == [
        {"major": 8, "minor": 0, "op": "Read", "value": 12288}
    ]
    assert len(block_io["io_serviced_recursive"]) == 2
    assert block_io["sectors_recursive"] == []
    assert len(block_io) == 8


def test_version_2() -> None:
    shown = stats(reading("v2"), reading("v2", usage_ns=7))

    assert "percpu_usage" not in shown["cpu_stats"]["cpu_usage"]
    assert shown["cpu_stats"]["cpu_usage"]["total_usage"] == 1_500_000
    assert shown["precpu_stats"]["cpu_usage"]["total_usage"] == 7
    assert shown["precpu_stats"]["system_cpu_usage"] == 10_000_000
    assert shown["preread"] == "1970-01-01T00:00:01.500000000Z"
    assert shown["pids_stats"] == {"current": 2, "limit": 2**64 - 1}
    memory = shown["memory_stats"]
    counters = memory.pop("stats")
    assert memory == {"usage": 65536, "failcnt": 2, "limit": 1048576}
    assert len(counters) == 31
    assert (counters["file"], counters["inactive_file"], counters["pgscan"]) == (8192, 2048, 0)
    assert "zswap" not in counters
    assert shown["blkio_stats"].pop("io_service_bytes_recursive") == [
        {"major": 254, "minor": 0, "op": "read", "value": 4096},
        {"major": 254, "minor": 0, "op": "write", "value": 8192},
    ]
    assert set(shown["blkio_stats"].values()) == {None}


def test_a_container_that_does_not_run() -> None:
    shown = container_stats(make_container(), None, None)
    assert (shown["read"], shown["memory_stats"], shown["pids_stats"]) == (
        "0001-01-01T00:00:00Z",
        {},
        {},
    )
    assert shown["cpu_stats"] == shown["precpu_stats"] == NO_CPU
    assert set(shown["blkio_stats"].values()) == {None}
