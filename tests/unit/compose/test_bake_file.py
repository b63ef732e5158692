"""The bake file of a project: what docker compose 2.40 prints of the same one."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.compose.projects import project_of_text

from seacan.cli.compose.building import build_words
from seacan.compose.bake_file import bake_file
from seacan.errors import Unsupported

SECRETS = "secrets: {t: {environment: TOKEN}, f: {file: ./s}}\n"
NOTHING: dict[str, Any] = {"args": {}, "ssh": {}}


def target(directory: Path, service: str, *, push: bool = False, **given: Any) -> dict[str, Any]:
    text = f"services: {{a.b: {service}, other: {{build: .}}}}\n{SECRETS}"
    project = project_of_text(directory, text, TOKEN="x", KNOWN="of the shell")
    found = bake_file(project, ["a.b"], {**NOTHING, **given}, push=push)
    assert found["group"] == {"default": {"targets": ["a_b"]}}
    assert set(found["target"]) == {"a_b", "other"}
    target: dict[str, Any] = found["target"]["a_b"]
    return target


def test_a_target(tmp_path: Path) -> None:
    found = target(
        tmp_path,
        "{build: {context: ., args: {A: 'x$${y}', KNOWN: , UNKNOWN: }, labels: {l: v}, target: t, "
        "tags: [q:1], additional_contexts: {o: 'service:other', i: 'docker-image://x'}, "
        "cache_from: [c:1], secrets: [{source: t, target: n}, f], ssh: [default, k=/k], "
        "platforms: [linux/amd64], pull: true, no_cache: true, network: host, shm_size: 1k, "
        "ulimits: {nofile: {soft: 1, hard: 2}}, privileged: true, provenance: mode=max, "
        "sbom: true, extra_hosts: ['h=1.2.3.4', 'h=::1']}}",
    )
    assert list(found.items()) == [
        ("context", str(tmp_path)),
        ("contexts", {"i": "docker-image://x", "o": "target:other"}),
        ("dockerfile", f"{tmp_path}/Dockerfile"),
        ("args", {"A": "x$${y}", "KNOWN": "of the shell"}),
        (
            "labels",
            {
                "com.docker.compose.project": "app",
                "com.docker.compose.service": "a.b",
                "com.docker.compose.version": "2.40.3",
                "l": "v",
            },
        ),
        ("tags", ["q:1", "app-a.b"]),
        ("cache-from", ["c:1"]),
        ("target", "t"),
        ("secret", ["id=n,type=env,env=TOKEN", f"id=f,type=file,src={tmp_path}/s"]),
        ("ssh", ["default=", "k=/k"]),
        ("platforms", ["linux/amd64"]),
        ("pull", True),
        ("no-cache", True),
        ("network", "host"),
        ("shm-size", "1024"),
        ("ulimits", ["nofile=1:2"]),
        ("entitlements", ["security.insecure"]),
        ("extra-hosts", {"h": "1.2.3.4,::1"}),
        ("output", ["type=docker"]),
        ("attest", ["type=provenance,mode=max", "type=sbom"]),
    ]


@pytest.mark.parametrize(
    ("service", "given", "key", "value"),
    [
        ("{build: {dockerfile_inline: 'FROM $${x}'}}", {}, "dockerfile-inline", "FROM $${x}"),
        ("{build: {dockerfile_inline: 'FROM x'}}", {}, "dockerfile", None),
        ("{build: {context: 'https://x/y.git', dockerfile: D}}", {}, "dockerfile", "D"),
        ("{build: {context: ., dockerfile: /d}}", {}, "dockerfile", "/d"),
        ("{build: ., platform: linux/arm64}", {}, "platforms", ["linux/arm64"]),
        ("{build: {context: ., args: {A: '1'}}}", {"args": {"A": "2"}}, "args", {"A": "2"}),
        ("{build: {context: ., ssh: [a=/k]}}", {"ssh": {"a": "/o"}}, "ssh", ["a=/o"]),
        ("{build: .}", {"call": "lint"}, "call", "lint"),
        ("{build: .}", {"call": "lint"}, "output", None),
        ("{build: ., image: 'i:1'}", {"push": True}, "output", ["type=registry"]),
        ("{build: .}", {"push": True}, "output", ["type=docker"]),
        ("{build: {context: ., platforms: [a/b, c/d]}, image: 'i:1'}", {"push": True}, "output",
         ["type=image,push=true"]),
        ("{build: {context: ., platforms: [a/b, c/d]}}", {"push": True}, "output",
         ["type=image,push=false"]),
        ("{build: {context: ., provenance: false}}", {}, "attest", None),
    ],
)  # fmt: skip
def test_what_is_one_way_or_another(
    tmp_path: Path, service: str, given: dict[str, Any], key: str, value: object
) -> None:
    assert target(tmp_path, service, **given).get(key) == value


def test_a_secret_of_elsewhere_is_refused(tmp_path: Path) -> None:
    text = "services: {a: {build: {context: ., secrets: [s]}}}\nsecrets: {s: {external: true}}"
    project = project_of_text(tmp_path, text)
    with pytest.raises(Unsupported, match=r"^unsupported external secret s$"):
        bake_file(project, ["a"], NOTHING, push=False)
    with pytest.raises(Unsupported, match=r"^unsupported external secret s$"):
        build_words(project, "a", project.services["a"], str(tmp_path))
