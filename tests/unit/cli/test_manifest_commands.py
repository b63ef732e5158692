"""`manifest create`, `annotate`, `inspect`, `push`, `rm` with a daemon that plays along."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.client.scripted import ScriptedDaemon, reply, scripted_daemon

from seacan.cli import main
from seacan.cli.manifest_lists import ManifestLists
from seacan.cli.session import Exit
from seacan.errors import InvalidArgument

DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def daemon(tmp_path: Path, config_directory: Path) -> Iterator[ScriptedDaemon]:
    with scripted_daemon(tmp_path) as daemon:
        daemon.replies["GET /distribution/h:5/arm:1/json"] = found("arm")
        daemon.replies["GET /distribution/h:5/x86/json"] = found("amd64")
        daemon.replies["POST /manifests/h:5/all:1/push"] = reply(f'{{"Digest":"{DIGEST}"}}', 201)
        yield daemon


def found(architecture: str, media_type: str = "application/x.manifest.v1+json") -> bytes:
    descriptor = {"mediaType": media_type, "digest": DIGEST, "size": 1}
    platforms = [{"os": "linux", "architecture": architecture}]
    return reply(json.dumps({"Descriptor": descriptor, "Platforms": platforms}))


def run(daemon: ScriptedDaemon, *words: str) -> int:
    return main.run(["-H", daemon.host, "manifest", *words])


def pushed(daemon: ScriptedDaemon) -> Any:
    return json.loads(daemon.requests[-1].body)


def test_a_list_from_begin_to_end(
    daemon: ScriptedDaemon, capfd: pytest.CaptureFixture[str]
) -> None:
    run(daemon, "create", "h:5/all:1", "h:5/arm:1")
    run(daemon, "create", "--amend", "h:5/all:1", "h:5/x86")
    run(daemon, "annotate", "--variant", "v7", "--os", "plan9", "h:5/all:1", "h:5/arm:1")
    capfd.readouterr()
    run(daemon, "inspect", "h:5/all:1")
    assert [one["Name"] for one in json.loads(capfd.readouterr().out)] == [
        "h:5/arm:1",
        "h:5/x86:latest",
    ]

    run(daemon, "push", "--purge", "h:5/all:1")

    assert capfd.readouterr().out == f"{DIGEST}\n"
    assert pushed(daemon) == [
        {
            "Source": f"h:5/arm@{DIGEST}",
            "Platform": {"os": "plan9", "architecture": "arm", "variant": "v7"},
        },
        {
            "Source": f"h:5/x86@{DIGEST}",
            "Platform": {"os": "linux", "architecture": "amd64"},
        },
    ]
    with pytest.raises(Exit, match="No such manifest: h:5/all:1"):
        run(daemon, "push", "h:5/all:1")


def test_what_a_registry_has_is_shown(
    daemon: ScriptedDaemon, capfd: pytest.CaptureFixture[str]
) -> None:
    daemon.replies["GET /manifests/busybox/json"] = reply('{"schemaVersion":2}')

    run(daemon, "inspect", "busybox")

    assert capfd.readouterr().out == '{\n\t"schemaVersion": 2\n}\n'


def test_refused(daemon: ScriptedDaemon) -> None:
    daemon.replies["GET /distribution/h:5/list/json"] = found("", "application/x.index.v1+json")
    daemon.replies["GET /distribution/h:5/what/json"] = found("")
    with pytest.raises(Exit, match="h:5/list is a manifest list"):
        run(daemon, "create", "h:5/all:1", "h:5/list")
    run(daemon, "create", "h:5/all:1", "h:5/what")
    with pytest.raises(Exit, match="refusing to amend an existing manifest list"):
        run(daemon, "create", "h:5/all:1", "h:5/arm:1")
    with pytest.raises(Exit, match="for image h:5/x does not exist in h:5/all:1"):
        run(daemon, "annotate", "h:5/all:1", "h:5/x")
    with pytest.raises(Exit, match="must have an OS and an architecture"):
        run(daemon, "push", "h:5/all:1")
    run(daemon, "rm", "h:5/all:1")
    with pytest.raises(Exit, match="No such manifest"):
        run(daemon, "rm", "h:5/all:1")


def test_names_are_no_paths(config_directory: Path) -> None:
    lists = ManifestLists(str(config_directory / "config.json"))
    names = ["../../x", "a/../b:1", "..", "a\0b", "x", "docker.io/library/x:latest"]
    for name in names:
        lists.put(name, [{"Name": name}])

    directory = config_directory / "manifest-lists"
    files = {path for path in config_directory.rglob("*") if path.is_file()}
    assert {path.parent for path in files} == {directory}
    assert len(files) == 5  # the last two are the same


def test_a_broken_file(config_directory: Path) -> None:
    lists = ManifestLists(str(config_directory / "config.json"))
    lists.put("x", [])
    (file,) = (config_directory / "manifest-lists").iterdir()
    file.write_text("{")
    with pytest.raises(InvalidArgument, match=r"read .*manifest-lists"):
        lists.get("x")
