from pathlib import Path

import pytest

from seacan.errors import Conflict, Internal, InvalidArgument, NotFound
from seacan.records import replace
from seacan.runtime import state
from seacan.runtime.container import Container, list_all
from seacan.runtime.settings import Settings
from seacan.runtime.state import Record

RECORD = Record(
    oci_version="1.2.0",
    id="one",
    pid=2**22 + 1,  # above every pid_max
    started=1,
    bundle="/b",
    rootfs="/b/rootfs",
    cgroup="/one",
    cgroup_bases={},
    namespaces=0,
    has_pid_namespace=True,
    seccomp_flags=0,
    listener_path="",
    listener_metadata="",
    created_ns=1,
    annotations={"a": "b"},
    is_created=True,
    hooks={"poststop": [{"path": "/bin/true"}]},
    inherited={"apparmorProfile": "strict", "scheduler": {"policy": "SCHED_BATCH"}},
    linux={"personality": {"domain": "LINUX32"}},
    settings=Settings(no_new_keyring=True),
)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "ä", "a\n", "x" * 2000])
def test_what_is_no_id(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid container ID format"):
        state.directory(tmp_path, name)


def test_record_there_and_back(tmp_path: Path) -> None:
    place = state.directory(tmp_path / "root", "one")
    with pytest.raises(NotFound, match="container one does not exist"):
        place.read()
    place.make()
    place.write(RECORD)
    assert place.read() == RECORD
    with pytest.raises(Conflict, match="container with given ID already exists: one"):
        place.make()
    place.remove()
    assert list_all(tmp_path / "root") == []


@pytest.mark.parametrize("text", ["{}", "[", '{"id": 1}'])
def test_record_of_somebody_else(tmp_path: Path, text: str) -> None:
    place = state.directory(tmp_path, "one")
    place.make()
    Path(place.record).write_text(text)
    with pytest.raises(Internal, match="not a state of this version"):
        place.read()


def test_container_whose_process_is_gone_has_stopped(tmp_path: Path) -> None:
    place = state.directory(tmp_path, "one")
    place.make()
    place.write(RECORD)
    container = Container(replace(RECORD), place)
    assert container.status() == "stopped"
    assert container.state() == {
        "ociVersion": "1.2.0",
        "id": "one",
        "pid": 0,
        "status": "stopped",
        "bundle": "/b",
        "annotations": {"a": "b"},
    }
    with pytest.raises(Conflict, match="container not running"):
        container.kill(15)


def test_process_that_joins_has_what_it_does_not_say_otherwise() -> None:
    process = RECORD.completed({"args": ["sh"], "apparmorProfile": "", "scheduler": {}})
    assert process == {**RECORD.inherited, "args": ["sh"]}
    assert RECORD.completed({"apparmorProfile": "x"})["apparmorProfile"] == "x"


def test_what_processes_that_join_later_need_is_picked() -> None:
    assert state.inherited_of({"args": ["sh"], "ioPriority": {"class": "x"}}) == {
        "ioPriority": {"class": "x"}
    }
    assert state.inherited_linux_of({"cgroupsPath": "x", "memoryPolicy": {"mode": "y"}}) == {
        "memoryPolicy": {"mode": "y"}
    }
