from pathlib import Path

import pytest
from tests.unit.compose.projects import project_of_text

from seacan.cli.compose.building import build_words
from seacan.compose.images import in_build_order
from seacan.errors import Unsupported


def words(directory: Path, build: str, rest: str = "", **environment: str) -> list[str]:
    text = f"services: {{a: {{build: {build}}}, b: {{build: .}}}}\n{rest}"
    project = project_of_text(directory, text, **environment)
    found = build_words(project, "a", project.services["a"], str(directory))
    return [word for word in found if "com.docker.compose" not in word]


def test_flags_of_a_build(tmp_path: Path) -> None:
    found = words(
        tmp_path,
        "{context: ., dockerfile: D, args: {X: 1}, labels: {l: m}, target: t, network: host, "
        "no_cache: true, tags: [q:1], extra_hosts: ['h=1.2.3.4'], shm_size: 1k, "
        "additional_contexts: {o: 'service:b'}, ulimits: {nofile: 5}, platforms: [linux/amd64], "
        "cache_from: ['type=registry,ref=r/c'], cache_to: [type=inline], ssh: [default, own=/k]}",
    )
    assert found == [
        "--tag=app-a",
        "--target=t",
        "--network=host",
        "--shm-size=1024",
        "--cache-from=type=registry,ref=r/c",
        "--cache-to=type=inline",
        "--tag=q:1",
        "--add-host=h:1.2.3.4",
        "--no-cache",
        "--ssh=default",
        "--ssh=own=/k",
        "--build-arg=X=1",
        "--label=l=m",
        "--build-context=o=docker-image://app-b",
        "--ulimit=nofile=5",
        f"--file={tmp_path}/D",
        "--platform=linux/amd64",
    ]


def test_an_inline_dockerfile_and_a_secret_become_files(tmp_path: Path) -> None:
    found = words(
        tmp_path,
        "{dockerfile_inline: FROM x, secrets: [s]}",
        "secrets: {s: {environment: TOKEN}}",
        TOKEN="hidden",
    )
    assert found[1:] == [
        f"--secret=id=s,src={tmp_path}/secret-s",
        f"--file={tmp_path}/Dockerfile",
    ]
    assert (tmp_path / "secret-s").read_text() == "hidden"
    assert (tmp_path / "secret-s").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "Dockerfile").read_text() == "FROM x"


@pytest.mark.parametrize("key", ["privileged: true", "entitlements: [x]"])
def test_what_cannot_be_had_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(Unsupported, match=rf"services\.a\.build\.{key.partition(':')[0]}"):
        words(tmp_path, f"{{context: ., {key}}}")


def test_images_that_others_are_made_of_come_first(tmp_path: Path) -> None:
    text = """
    services:
      a: {build: {context: ., additional_contexts: {o: "service:b"}}}
      b: {build: {context: ., additional_contexts: {o: "service:c"}}}
      c: {build: .}
    """
    assert in_build_order(project_of_text(tmp_path, text), ["a", "b", "c"]) == ["c", "b", "a"]
