"""`manifest create`, `annotate`, `inspect`, `push`, `rm` with a daemon that plays along."""

import hashlib
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
    shown = json.loads(capfd.readouterr().out)
    assert shown["mediaType"] == "application/vnd.oci.image.index.v1+json"
    assert [one["platform"]["os"] for one in shown["manifests"]] == ["plan9", "linux"]
    assert {one["digest"] for one in shown["manifests"]} == {DIGEST}

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


def test_all_of_a_list_here(daemon: ScriptedDaemon, capfd: pytest.CaptureFixture[str]) -> None:
    daemon.replies[f"GET /manifests/h:5/arm@{DIGEST}/json"] = reply('{"layers":[]}')
    run(daemon, "create", "h:5/all:1", "h:5/arm:1")
    capfd.readouterr()
    image = {
        "Ref": "h:5/arm:1",
        "Descriptor": {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": "sha256:" + hashlib.sha256(b'{"layers":[]}').hexdigest(),
            "size": 13,
            "platform": {"os": "linux", "architecture": "arm"},
        },
        "Raw": "eyJsYXllcnMiOltdfQ==",
        "OCIManifest": {"layers": []},
    }

    run(daemon, "inspect", "-v", "h:5/all:1")
    assert json.loads(capfd.readouterr().out) == [image]
    run(daemon, "inspect", "-v", "h:5/all:1", "h:5/arm:1")
    assert json.loads(capfd.readouterr().out) == image
    run(daemon, "inspect", "h:5/all:1", "h:5/arm:1")
    assert json.loads(capfd.readouterr().out) == {"layers": []}
    with pytest.raises(Exit, match="No such manifest: h:5/x86:latest in h:5/all:1"):
        run(daemon, "inspect", "h:5/all:1", "h:5/x86")


def test_all_of_what_a_registry_has(
    daemon: ScriptedDaemon, capfd: pytest.CaptureFixture[str]
) -> None:
    docker_type = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = json.dumps({"mediaType": docker_type})
    platform = {"architecture": "arm", "os": "linux", "variant": "v7"}
    index = {"manifests": [{"digest": DIGEST, "platform": platform}]}
    daemon.replies["GET /manifests/h:5/list:1/json"] = reply(json.dumps(index))
    daemon.replies[f"GET /manifests/h:5/list@{DIGEST}/json"] = reply(manifest)
    daemon.replies["GET /manifests/h:5/arm:1/json"] = reply(manifest)

    run(daemon, "inspect", "-v", "h:5/list:1")
    (listed,) = json.loads(capfd.readouterr().out)
    run(daemon, "inspect", "-v", "h:5/arm:1")
    alone = json.loads(capfd.readouterr().out)

    assert listed["Ref"] == f"h:5/list:1@{DIGEST}"
    assert listed["Descriptor"]["platform"] == platform
    assert listed["SchemaV2Manifest"] == {"mediaType": docker_type}
    assert alone["Ref"] == "h:5/arm:1"
    assert alone["Descriptor"]["platform"] == {"os": "linux", "architecture": "arm"}


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
