"""Which containers a list shows. What dockerd shows is in tests/conformance/test_docker_control."""

import tracemalloc
from typing import Any, cast

import pytest
from tests.fakes.containers import make_container
from tests.fakes.images import IMAGE_ID, OTHER_IMAGE_ID

from seacan.engine.containers.container import Container, Health, HealthStatus, Status
from seacan.engine.containers.filters import Facts, finders, named, select
from seacan.errors import InvalidArgument, NotFound
from seacan.network.definition import Network, NetworkId


def _records() -> list[Container]:
    """Four of them, a the oldest."""
    a = make_container("a" * 64, "web", status=Status.RUNNING)
    b = make_container("b" * 64, "web-db", status=Status.EXITED, exit_code=3)
    c = make_container("c" * 64, "cron", status=Status.PAUSED)
    d = make_container("ab" + "d" * 62, "new")
    for number, record in enumerate((a, b, c, d)):
        record.created_at = f"2026-11-24T01:33:18.83128288{number}Z"
    a.config |= {"Labels": {"tier": "web", "x": ""}}
    b.config |= {"Labels": {"tier": "db"}}
    b.image_id = OTHER_IMAGE_ID
    a.state.health, b.state.health = Health(HealthStatus.HEALTHY), Health(HealthStatus.UNHEALTHY)
    c.mounts = [{"Type": "bind", "Source": "/src", "Destination": "/dst"}]
    d.host_config |= {"NetworkMode": "container:a"}
    c.host_config |= {"NetworkMode": "host"}
    return [c, a, d, b]


def _networks_of(record: Container) -> list[Network]:
    mode = record.host_config.get("NetworkMode") or ""
    return [Network(NetworkId(f"1d0f{mode}"), mode, mode, "")] if mode in ("none", "host") else []


def _names(*, all: bool = True, limit: int | None = None, **wanted: list[str]) -> str:
    records = _records()

    def find(ref: str) -> Container:
        for record in records:
            if record.name == ref:
                return record
        raise NotFound(f"No such container: {ref}")

    images: dict[str, set[str]] = {"busybox": {IMAGE_ID}, "other": {OTHER_IMAGE_ID}}
    found_by_name = named(wanted.get("name", ()), {each.id: [f"/{each.name}"] for each in records})
    facts = Facts(find, images, _networks_of, found_by_name)
    filters = {name.replace("_", "-"): values for name, values in wanted.items()}
    found = select(records, all=all, limit=limit, wanted=filters, facts=facts)
    return " ".join(record.name for record in found)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, "new cron web-db web"),
        ({"all": False}, "cron web"),
        ({"limit": 1}, "new"),
        ({"limit": 2, "all": False}, "new cron"),
        ({"limit": 1, "status": ["exited", "running"]}, "web-db"),
        ({"all": False, "status": ["exited", "paused"]}, "cron web-db"),
        ({"status": ["dead"]}, ""),
        ({"status": []}, "new cron web-db web"),
        ({"health": ["healthy"]}, "web"),
        ({"health": ["unhealthy", "healthy"]}, "web-db web"),
        ({"health": ["none"]}, "new cron"),
        ({"health": ["starting"]}, ""),
        ({"id": ["a"]}, "new web"),
        ({"id": ["ab", "c"]}, "new cron"),
        ({"name": ["web"]}, "web-db web"),
        ({"name": ["^web$", "r.n"]}, "cron web"),
        ({"name": ["/web"]}, "web-db web"),
        ({"name": ["^/cr"]}, "cron"),
        ({"name": ["["]}, ""),
        ({"name": ["(" * 5000]}, ""),
        ({"label": ["tier"]}, "web-db web"),
        ({"label": ["tier", "x"]}, "web"),
        ({"label": ["tier=db"]}, "web-db"),
        ({"label": ["x="]}, "web"),
        ({"ancestor": ["busybox"]}, "new cron web"),
        ({"ancestor": ["nope"]}, ""),
        ({"ancestor": ["nope", "other"]}, "web-db"),
        ({"before": ["cron"]}, "web-db web"),
        ({"since": ["web-db"]}, "new cron"),
        ({"since": ["web"], "before": ["new"]}, "cron web-db"),
        ({"exited": ["3"]}, "web-db"),
        ({"exited": ["0", "-1"]}, ""),
        ({"volume": ["/dst"]}, "cron"),
        ({"volume": ["/src", "x"]}, "cron"),
        ({"volume": ["/"]}, ""),
        ({"network": ["none"]}, "web-db web"),
        ({"network": ["host", "container:b"]}, "cron"),
        ({"network": ["1d0fh"]}, "cron"),
        ({"is_task": ["false"]}, "new cron web-db web"),
        ({"is_task": ["1"]}, ""),
        ({"isolation": ["process"]}, "new cron web-db web"),
        ({"expose": ["80", "80-90/udp"]}, ""),
        ({"publish": ["65535/tcp"]}, ""),
    ],
)
def test_select(wanted: dict[str, Any], names: str) -> None:
    assert _names(**wanted) == names


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("nope", "x", "invalid filter 'nope'"),
        ("status", "up", "invalid filter 'status=up': invalid value for state (up): must be one"),
        ("exited", "x", "invalid filter 'exited=x'"),
        ("is_task", "x", "invalid filter 'is-task=[x]'"),
        ("publish", "1:2", "filter for 'publish' should not contain ':': 1:2"),
        ("expose", "65536", "error while looking up for expose 65536"),
        ("expose", "", "error while looking up for expose"),
        ("expose", "9-8", "Invalid range specified for the Port: 9-8"),
    ],
)
def test_values_without_a_sense(name: str, value: str, words: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        _names(**cast(Any, {name: [value]}))
    assert words in str(refused.value)


def test_an_unknown_container_is_not_found() -> None:
    for name in ("before", "since"):
        with pytest.raises(NotFound, match="No such container: x"):
            _names(**cast(Any, {name: ["x"]}))


def test_what_waits_to_be_started_again_is_shown() -> None:
    record = make_container(status=Status.RESTARTING)
    facts = Facts(lambda ref: record, {}, _networks_of)
    assert select([record], all=False, limit=None, wanted={}, facts=facts) == [record]


def test_a_state_of_health_that_there_is_not() -> None:
    with pytest.raises(InvalidArgument) as caught:
        _names(health=["fine"])
    assert str(caught.value) == (
        "invalid filter 'health=fine': invalid value for health (fine): "
        "must be one of none, starting, healthy, unhealthy"
    )


def test_ranges_of_ports_take_no_room() -> None:
    """As many as fit into a query, written out, would be gigabytes."""
    tracemalloc.start()
    assert _names(publish=["1-65535/tcp", "1-65535/udp"] * 9) == ""
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 1 << 20


def test_an_exit_code_that_is_no_number_of_64_bits() -> None:
    with pytest.raises(InvalidArgument, match="value out of range"):
        _names(exited=["9" * 5000])


def test_names_beyond_what_others_can_wait_for() -> None:
    """Each may be an expression, which takes time to compile."""
    assert len(finders([f"^/name-{number}$" for number in range(1000)])) == 1000
    with pytest.raises(InvalidArgument, match="invalid filter: names of more than 16384 char"):
        finders(["[a-z]{1,100}" * 100] * 20)
