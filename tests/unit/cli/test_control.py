"""pause, rename, update, top, stats, container prune: what is asked, and what is printed."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.containers import make_container
from tests.fakes.readings import reading
from tests.unit.cli.test_run import done
from tests.unit.client.scripted import refusal, reply, scripted_daemon

from seacan.api.shapes.stats import container_stats
from seacan.cli.commands.update import FLAGS, changes_of
from seacan.cli.flags import parse
from seacan.cli.output.stats_fields import stats_fields
from seacan.errors import InvalidArgument

NOTHING = reply("", status=204)


def test_pause_and_unpause(tmp_path: Path) -> None:
    replies = {
        "POST /containers/a/pause": NOTHING,
        "POST /containers/b/pause": refusal(409, "Container b is already paused"),
        "POST /containers/a/unpause": NOTHING,
    }
    with scripted_daemon(tmp_path, **replies) as daemon:
        assert done(daemon.host, "pause", "a", "b") == (
            1, b"a\n", b"Error response from daemon: Container b is already paused\n",
        )  # fmt: skip
        assert done(daemon.host, "unpause", "a")[:2] == (0, b"a\n")


def test_logs_clear(tmp_path: Path) -> None:
    replies = {
        "DELETE /containers/a/logs": NOTHING,
        "DELETE /containers/b/logs": refusal(501, "its logging driver none keeps none here"),
    }
    with scripted_daemon(tmp_path, **replies) as daemon:
        assert done(daemon.host, "logs", "clear", "a", "b") == (
            1, b"a\n", b"Error response from daemon: its logging driver none keeps none here\n",
        )  # fmt: skip
        assert done(daemon.host, "logs", "clear")[0] == 1


@pytest.mark.parametrize("words", [("logs", "--", "clear"), ("container", "logs", "clear")])
def test_logs_of_a_container_named_clear(tmp_path: Path, words: tuple[str, ...]) -> None:
    replies = {
        "GET /containers/clear/json": reply('{"Id": "abc", "Config": {"Tty": true}}'),
        "GET /containers/abc/logs": reply("hello\n"),
    }
    with scripted_daemon(tmp_path, **replies) as daemon:
        assert done(daemon.host, *words) == (0, b"hello\n", b"")


def test_rename(tmp_path: Path) -> None:
    with scripted_daemon(tmp_path, **{"POST /containers/a/rename": NOTHING}) as daemon:
        assert done(daemon.host, "rename", "a", "b") == (0, b"", b"")
        assert daemon.requests[-1].query == "name=b"
        assert done(daemon.host, "rename", "a", " ")[0] == 1


def _changes(*words: str) -> dict[str, Any]:
    values, arguments = parse(FLAGS, [*words, "x"])
    assert arguments == ["x"]
    return changes_of(values)


def test_what_update_asks() -> None:
    assert _changes("-m", "64m", "--memory-swap", "-1", "--cpus", "0.5", "--pids-limit", "0") == {
        "Memory": 67108864, "MemorySwap": -1, "NanoCpus": 500000000, "PidsLimit": 0,
    }  # fmt: skip
    assert _changes("--restart", "on-failure:3", "--cpuset-cpus", "0-1") == {
        "CpusetCpus": "0-1",
        "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
    }
    assert _changes("--publish-add", "127.0.0.1:8080:80", "--publish-rm", "53/udp") == {
        "PublishAdd": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]},
        "PublishRemove": {"53/udp": [{"HostIp": "", "HostPort": ""}]},
    }
    assert _changes("--restart", "no") == {"RestartPolicy": {"Name": "no"}}
    with pytest.raises(InvalidArgument, match="one or more flags"):
        _changes()


def test_update_prints_a_warning_once(tmp_path: Path) -> None:
    warned = reply('{"Warnings":["mind the gap"]}')
    replies = {"POST /containers/a/update": warned, "POST /containers/b/update": warned}
    with scripted_daemon(tmp_path, **replies) as daemon:
        assert done(daemon.host, "update", "-c", "9", "a", "b")[:2] == (0, b"a\nb\nmind the gap\n")


def test_top(tmp_path: Path) -> None:
    found = reply('{"Titles":["PID","COMMAND"],"Processes":[["7","sh -c x"]]}')
    with scripted_daemon(tmp_path, **{"GET /containers/a/top": found}) as daemon:
        code, out, _ = done(daemon.host, "top", "a", "-o", "pid,comm")
        assert daemon.requests[-1].query == "ps_args=-o%20pid%2Ccomm"
    assert (code, out) == (
        0, b"PID                 COMMAND\n7                   sh -c x\n",
    )  # fmt: skip


def test_stats(tmp_path: Path) -> None:
    stats = container_stats(make_container(), reading(usage_ns=9_000_000), reading(usage_ns=0))
    stats["cpu_stats"]["system_cpu_usage"] += 20_000_000
    replies = {
        "GET /containers/first/stats": reply(json.dumps(stats)),
        "GET /containers/x/stats": refusal(404, "No such container: x"),
    }
    with scripted_daemon(tmp_path, **replies) as daemon:
        assert done(daemon.host, "stats", "--no-stream", "first", "x") == (
            1, b"", b"Error response from daemon: No such container: x\n",
        )  # fmt: skip
        code, out, _ = done(daemon.host, "stats", "--no-stream", "first")
    head, line = out.decode().splitlines()
    assert code == 0
    assert head.split()[:4] == ["CONTAINER", "ID", "NAME", "CPU"]
    assert line.split() == [
        "a" * 12, "first", "90.00%", "500KiB", "/", "23.54GiB", "0.00%", "1B", "/", "5B",
        "12.3kB", "/", "0B", "2",
    ]  # fmt: skip


def test_an_update_that_has_no_effect_any_more(tmp_path: Path) -> None:
    replies = {"POST /containers/a/update": reply('{"Warnings":null}')}
    with scripted_daemon(tmp_path, **replies) as daemon:
        assert done(daemon.host, "update", "--kernel-memory", "10m", "a") == (
            0,
            b"a\n",
            b"Flag --kernel-memory has been deprecated, it has no effect since API 1.42\n",
        )
        assert json.loads(daemon.requests[-1].body) == {"KernelMemory": 10 << 20}


def test_a_refusal_comes_without_what_is_around_it(tmp_path: Path) -> None:
    replies = {"POST /containers/a/pause": refusal(403, "not on this network ")}
    with scripted_daemon(tmp_path, **replies) as daemon:
        found = done(daemon.host, "pause", "a")[2]
    assert found == b"Error response from daemon: not on this network\n"


def test_what_is_cached_is_not_counted_as_used() -> None:
    stats = container_stats(make_container(), reading("v2"), None)
    fields = stats_fields("first", stats, whole=True)
    assert (fields["MemUsage"], fields["MemPerc"]) == ("62KiB / 1MiB", "6.05%")
    assert fields["BlockIO"] == "4.1kB / 8.19kB"
    assert fields["ID"] == "a" * 64
    idle = stats_fields("first", container_stats(make_container(), None, None), whole=False)
    assert (idle["CPUPerc"], idle["MemUsage"], idle["PIDs"]) == ("0.00%", "0B / 0B", "0")


def test_prune(tmp_path: Path) -> None:
    pruned = reply('{"ContainersDeleted":["a","b"],"SpaceReclaimed":1500}')
    with scripted_daemon(tmp_path, **{"POST /containers/prune": pruned}) as daemon:
        code, out, _ = done(daemon.host, "container", "prune", "-f", "--filter", "label=x")
        assert (code, out) == (
            0, b"Deleted Containers:\na\nb\n\nTotal reclaimed space: 1.5kB\n",
        )  # fmt: skip
        assert daemon.requests[-1].query == "filters=%7B%22label%22%3A%5B%22x%22%5D%7D"
        count = len(daemon.requests)
        code, out, _ = done(daemon.host, "container", "prune", given=b"n\n")
        assert code == 0
        assert b"Are you sure" in out
        assert "POST /v1.51/containers/prune" not in daemon.asked()[count:]
        assert b"1.5kB" in done(daemon.host, "container", "prune", given=b"y\n")[1]
