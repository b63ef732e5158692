"""A first process that somebody who shares its pid namespace stops before it begins."""

import contextlib
import os
import shutil

import pytest
from tests.root.runtime.boxes import Box

from seacan.errors import Unavailable
from seacan.supervisor import own
from seacan.supervisor.own import OwnContainer
from seacan.supervisor.process import ChildSide
from seacan.supervisor.protocol import RootfsRequest

pytestmark = pytest.mark.root

# The state is one line, on standard input.
STOP = """kill -STOP $(sed 's/.*"pid": *\\([0-9]*\\).*/\\1/')"""


@pytest.mark.parametrize("path", ["", "/proc/self/ns/pid"])
def test_a_process_that_is_stopped_before_it_begins_is_given_up(
    box: Box, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(own, "_DEADLINE_S", 1)
    namespaces = [one for one in box.linux["namespaces"] if one["type"] != "pid"]
    box.linux["namespaces"] = [*namespaces, *([{"type": "pid", "path": path}] if path else [])]
    shell = shutil.which("sh")
    box.config["hooks"] = {"createRuntime": [{"path": shell, "args": ["sh", "-c", STOP]}]}
    box.write("true")
    for name in ("upper", "work"):
        (box.path / name).mkdir()
    layers = RootfsRequest(
        directory=str(box.path), lower=["rootfs"], upper="upper", work="work", shares_mounts=False
    )
    container = OwnContainer(box.root, box.id, box.path, box.linux["cgroupsPath"])

    assert _in_child(container, layers) == "the process did not begin within 1 s"


def _in_child(container: OwnContainer, layers: RootfsRequest) -> str:
    """Start it as a starter does, which ends; return what went wrong."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            container.start(layers, ChildSide((0, 1, 2), None))
        except Unavailable as err:
            os.write(writer, str(err).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        text = said.read()
    os.waitpid(pid, 0)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(-1, 0)  # the first process, if it was forked as the starter's parent's child
    return text
