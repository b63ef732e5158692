"""checkpoint and restore where they cannot be; where they can: tests/vm/test_checkpoint.py."""

import os
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box
from tests.root.runtime.executable import Runtime

pytestmark = pytest.mark.root


def test_without_criu(box: Box, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/absent")
    with box.started("sleep", "60"):
        failed = runtime("checkpoint", box.id)
        assert (failed.returncode, failed.stderr.count("\n")) == (1, 1)
        assert "criu is not installed" in failed.stderr
    assert not (box.path / "checkpoint").exists()
    failed = runtime("restore", "--detach", box.id)
    assert (failed.returncode, failed.stderr.count("\n")) == (1, 1)
    assert "criu is not installed" in failed.stderr


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (["--lazy-pages"], "--lazy-pages is not supported"),
        (["--page-server", "1.2.3.4:5"], "--page-server is not supported"),
        (["--status-fd", "1"], "--status-fd is not supported"),
        (["--empty-ns", "user"], "--empty-ns: namespace user is not supported"),
        (["--manage-cgroups-mode", "x"], "--manage-cgroups-mode: not of soft"),
        (["--parent-path", "/absolute"], "--parent-path: must be relative"),
        (["--parent-path", "absent"], "--parent-path: not a directory"),
    ],
)
def test_refusals(box: Box, runtime: Runtime, flags: list[str], text: str) -> None:
    with box.started("sleep", "60") as container:
        failed = runtime("checkpoint", *flags, box.id)
        assert failed.returncode == 1
        assert text in failed.stderr
        assert container.status() == "running"


@pytest.mark.parametrize("flags", [["--no-pivot"], ["--console-socket", "/x"], ["--lazy-pages"]])
def test_refusals_of_restore(box: Box, runtime: Runtime, flags: list[str]) -> None:
    box.write("true")
    failed = runtime("restore", *flags, box.id)
    assert failed.returncode == 1
    assert flags[0] in failed.stderr


def test_what_cannot_be_brought_back(box: Box, runtime: Runtime) -> None:
    mapping = [{"containerID": 0, "hostID": 100000, "size": 10}]
    hook = {"path": "/bin/true"}
    for changes, text in (
        ({"process": {**box.process, "terminal": True}}, "with a terminal"),
        ({"hooks": {"poststop": [hook]}}, "with hooks"),
        (
            {
                "linux": {
                    **box.linux,
                    "namespaces": [*box.linux["namespaces"], {"type": "user"}],
                    "uidMappings": mapping,
                    "gidMappings": mapping,
                }
            },
            "with a user namespace",
        ),
    ):
        before = box.config
        box.config = {**before, **changes}
        box.write()
        refused = runtime("restore", box.id)
        assert refused.returncode == 1
        assert text in refused.stderr
        box.config = before


def test_what_does_not_run_is_not_written(box: Box, runtime: Runtime) -> None:
    with box.created("true") as container:
        assert "in created state" in runtime("checkpoint", box.id).stderr
        container.start()
        os.waitpid(container.pid, 0)
        assert "in stopped state" in runtime("checkpoint", box.id).stderr
    assert not Path(box.path / "checkpoint").exists()


def test_a_restore_without_files(box: Box, runtime: Runtime) -> None:
    box.write("true")
    failed = runtime("restore", box.id)
    assert failed.returncode == 1
    assert "descriptors.json: no such file or directory" in failed.stderr
    assert box.leftovers() == []
