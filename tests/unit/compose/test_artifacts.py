"""Artifacts: what one is to a registry, and what of one is believed."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.client.scripted import reply, scripted_daemon

from seacan.client.client import Client
from seacan.compose import artifacts
from seacan.compose.artifacts import LIMIT_BYTES, VARIABLES_TYPE, Layer, fetched, manifest_of
from seacan.compose.model.sha256 import sha256_hex
from seacan.errors import InvalidArgument, Unsupported

NOW = "2026-01-02T03:04:05Z"
FILE = Layer("app.yaml", b"services: {}\n")


def fetch(directory: Path, manifest: dict[str, Any], *blobs: bytes) -> list[str]:
    """Return the names of the files that an artifact comes to."""
    answers = {"GET /manifests/h:5/app:1/json": reply(json.dumps(manifest))}
    for blob in blobs:
        name = f"h:5/app@sha256:{sha256_hex(blob)}"
        answers[f"GET /manifests/{name}/blob"] = reply(blob.decode())
    with scripted_daemon(directory, **answers) as daemon, Client(daemon.host) as client:
        place = fetched(client, lambda _: {}, "h:5/app:1", str(directory / "cache"))
    return sorted(path.name for path in Path(place).iterdir())


def test_files_of_one_application_become_one(tmp_path: Path) -> None:
    layers = [
        FILE,
        Layer("more.yaml", b"name: x\n"),
        Layer("base.yaml", b"services: {b: {}}\n", is_extended=True),
        Layer("a.env", b"A=1\n", VARIABLES_TYPE),
    ]
    manifest = manifest_of(layers, oci="1.1", now=NOW)
    names = fetch(tmp_path, manifest, *(layer.data for layer in layers))
    assert names == ["a.env", "base.yaml", "compose.yaml"]
    (directory,) = (tmp_path / "cache").iterdir()
    assert (directory / "compose.yaml").read_text() == "services: {}\n\n---\nname: x\n"
    assert directory.name == sha256_hex(json.dumps(manifest).encode())


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "..", ".", "", "a\\b", "compose.yaml", "/etc/x", "\0"]
)
def test_a_file_has_a_name_and_no_path(tmp_path: Path, name: str) -> None:
    """CVE-2025-62725: docker compose wrote where an artifact told it to."""
    layer = Layer(name, b"A=1\n", VARIABLES_TYPE)
    manifest = manifest_of([FILE, layer], oci="1.1", now=NOW)
    with pytest.raises(InvalidArgument, match="invalid OCI artifact"):
        fetch(tmp_path, manifest, FILE.data, layer.data)
    assert not (tmp_path / "cache").exists()


def test_files_that_are_too_long_together_are_not_fetched(tmp_path: Path) -> None:
    manifest = manifest_of([FILE] * 3, oci="1.1", now=NOW)
    for described in manifest["layers"]:
        described["size"] = LIMIT_BYTES // 2
    with pytest.raises(InvalidArgument, match="its files are longer than 2097152 bytes"):
        fetch(tmp_path, manifest)


@pytest.mark.parametrize("oci", ["1.0", "1.1"])
def test_formats(tmp_path: Path, oci: str) -> None:
    manifest = manifest_of([FILE], oci=oci, now=NOW)
    assert ("artifactType" in manifest) == (oci == "1.1")
    assert fetch(tmp_path, manifest, FILE.data) == ["compose.yaml"]


def test_what_is_no_application(tmp_path: Path) -> None:
    manifest = manifest_of([FILE], oci="1.1", now=NOW)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"artifactType": "other"}, "is not a compose project OCI artifact, but other"),
        ({"layers": []}, "without a compose file"),
    ]
    for number, (changes, text) in enumerate(cases):
        (tmp_path / str(number)).mkdir()
        with pytest.raises(InvalidArgument, match=text):
            fetch(tmp_path / str(number), {**manifest, **changes})
    with pytest.raises(InvalidArgument, match="unsupported OCI version: 2"):
        manifest_of([], oci="2", now=NOW)


def test_another_daemon_fetches_none(tmp_path: Path) -> None:
    answers = {"GET /manifests/h:5/app:1/json": reply('{"message": "page not found"}', 404)}
    with scripted_daemon(tmp_path, **answers) as daemon, Client(daemon.host) as client:
        with pytest.raises(Unsupported, match="the daemon is not seacan's"):
            fetched(client, lambda _: {}, "h:5/app:1", str(tmp_path))
        big = Layer("a", bytes(artifacts.LIMIT_BYTES + 1))
        with pytest.raises(InvalidArgument, match="longer than"):
            artifacts.published(client, lambda _: {}, "h:5/app:1", [big], oci="1.1", now=NOW)
