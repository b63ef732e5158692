"""Applications as artifacts in seacan's registry: published and taken by seacan, and by docker
compose beside it.
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.composing import SEACAN, Composer, docker_compose
from tests.conformance.docker_cli import Engine
from tests.daemon import running_daemon
from tests.images.docker_registry import certificate
from tests.registry.process import Process, running_process

pytestmark = [pytest.mark.root, pytest.mark.conformance]

APPLICATION = """
# what is said here stays
name: {name}
services:
  web:
    image: busybox
    command: sh -c 'echo $$GREETING ${{WHO:-nobody}}'
    env_file:
      - greeting.env  # of here
    extends:
      file: parts/base.yaml
      service: base
"""
BASE = """
services:
  base:
    labels: {a: b}
    env_file:
      - ./base.env
"""


class Setting:
    def __init__(self, directory: Path, engine: Engine, registry: Process, trusted: Path) -> None:
        self._trusted = trusted
        self.directory = directory
        self.host = engine.host
        self.name = f"sc{secrets.token_hex(4)}"
        self.reference = f"127.0.0.1:{registry.port}/{self.name}/app:1"
        (directory / "parts").mkdir()
        (directory / "parts" / "base.yaml").write_text(BASE)
        (directory / "parts" / "whole.yaml").write_text("services: {b: {image: x}}")
        (directory / "parts" / "base.env").write_text("BASE=1\n")
        (directory / "greeting.env").write_text("GREETING=hello\n")
        self.write(APPLICATION.format(name=self.name))
        self.seacan = Composer(SEACAN, engine.host, directory)
        self.elsewhere = directory / "elsewhere"
        self.elsewhere.mkdir()

    def write(self, text: str) -> None:
        (self.directory / "compose.yaml").write_text(text)

    def theirs(self, directory: Path) -> Composer:
        program = docker_compose()
        if program is None:
            pytest.skip("there is no docker compose 2 here")
        compose = Composer(program, self.host, directory)
        compose.env["SSL_CERT_FILE"] = str(self._trusted)
        return compose

    def ours(self) -> Composer:
        return Composer(SEACAN, self.host, self.elsewhere)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, tls: tuple[Path, Path]) -> Iterator[Process]:
    """docker compose asks a registry over TLS alone, on the loopback, too."""
    flags = ("--tls-cert", tls[0], "--tls-key", tls[1])
    with running_process(tmp_path_factory.mktemp("registry"), *flags) as process:
        yield process


@pytest.fixture(scope="module")
def engine(
    busybox_tar: Path,
    tmp_path_factory: pytest.TempPathFactory,
    registry: Process,
    tls: tuple[Path, Path],
) -> Iterator[Engine]:
    trusted = tmp_path_factory.mktemp("certs.d")
    directory = trusted / f"127.0.0.1:{registry.port}"
    directory.mkdir()
    shutil.copy(tls[0], directory / "ca.crt")
    with running_daemon("--certs-dir", str(trusted)) as daemon:
        daemon.load(busybox_tar)
        yield Engine(daemon.host, daemon)


@pytest.fixture
def setting(tmp_path: Path, engine: Engine, registry: Process, tls: tuple[Path, Path]) -> Setting:
    return Setting(tmp_path, engine, registry, tls[0])


def config(compose: Composer, *words: str) -> dict[str, object]:
    model: dict[str, object] = json.loads(compose.ok(*words, "config", "--format", "json"))
    return model


def test_published_and_run_elsewhere(setting: Setting) -> None:
    setting.seacan.ok("publish", "--with-env", "--yes", setting.reference)
    compose = setting.ours()
    compose.env["WHO"] = "you"
    place = ("-f", f"oci://{setting.reference}")
    service = config(compose, *place)["services"]["web"]  # type: ignore[index]
    assert service["environment"] == {"BASE": "1", "GREETING": "hello"}
    assert service["labels"] == {"a": "b"}
    try:
        compose.ok(*place, "up", "--yes", "--no-log-prefix")
        assert "hello you" in compose.ok(*place, "logs", "--no-log-prefix")
    finally:
        compose(*place, "down", "-t", "0")
    cached = Path(compose.env["XDG_CACHE_HOME"]) / "seacan" / "compose" / "remote"
    (directory,) = cached.iterdir()
    assert "# what is said here stays" in (directory / "compose.yaml").read_text()
    assert len(os.listdir(directory)) == 4


def test_each_tool_takes_what_the_other_published(setting: Setting) -> None:
    # docker compose looks for an env_file of a file of another directory in the project's own.
    (setting.directory / "parts" / "base.yaml").write_text("services: {base: {labels: {a: b}}}")
    words = ("--with-env", "--yes")
    setting.seacan.ok("publish", *words, f"{setting.reference}-ours")
    setting.theirs(setting.directory).ok("publish", *words, f"{setting.reference}-theirs")
    models = []
    for publisher in ("ours", "theirs"):
        for compose in (setting.ours(), setting.theirs(setting.elsewhere)):
            models.append(config(compose, "-f", f"oci://{setting.reference}-{publisher}"))
    assert models[0]["services"]
    assert models == [models[0]] * 4


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_include_pinned_to_digests(setting: Setting, version: str, registry: Process) -> None:
    image = f"127.0.0.1:{registry.port}/{setting.name}/web:1"
    setting.write(
        f"services: {{web: {{image: '{image}', build: {{dockerfile_inline: FROM busybox}}}}}}"
    )
    setting.seacan.ok("build")
    setting.seacan.ok(
        "publish", "--oci-version", version, "--resolve-image-digests", setting.reference
    )
    (setting.elsewhere / "compose.yaml").write_text(
        f"include: ['oci://{setting.reference}']\nservices: {{own: {{image: x}}}}"
    )
    services = config(setting.ours())["services"]
    assert services["web"]["image"].startswith(f"{image}@sha256:")  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("services: {a: {build: .}}", (), "only contains a build section"),
        ("include: [parts/whole.yaml]\nservices: {a: {image: x}}", (), "local includes"),
        ("services: {a: {image: x, environment: {A: b}}}", (), "--with-env"),
        ("services: {a: {image: x, environment: {A: b}}}", ("--with-env",), "cancelled by user"),
        ("services: {a: {image: x, volumes: ['./x:/x']}}", (), "cancelled by user"),
        ("services: {a: {image: x}}", ("--oci-version", "2.0"), "unsupported OCI version: 2.0"),
        ("services: {a: {image: x}}", ("--app",), "--app is not supported: images stay where"),
    ],
)
def test_what_is_refused(setting: Setting, text: str, words: tuple[str, ...], said: str) -> None:
    setting.write(text)
    refused = setting.seacan("publish", *words, setting.reference)
    assert refused.status == 1
    assert said in refused.err
    absent = setting.ours()("-f", f"oci://{setting.reference}", "config")
    assert absent.status == 1
    assert "unknown" in absent.err


def test_an_image_is_no_application(setting: Setting, registry: Process) -> None:
    image = f"127.0.0.1:{registry.port}/{setting.name}/web:1"
    setting.write(
        f"services: {{web: {{image: '{image}', build: {{dockerfile_inline: FROM busybox}}}}}}"
    )
    setting.seacan.ok("build", "--push")
    refused = setting.ours()("-f", f"oci://{image}", "config")
    assert "is not a compose project OCI artifact" in refused.err
    compose = setting.ours()
    compose.env["COMPOSE_EXPERIMENTAL_OCI_REMOTE"] = "0"
    refused = compose("-f", f"oci://{setting.reference}", "config")
    assert 'disabled by "COMPOSE_EXPERIMENTAL_OCI_REMOTE"' in refused.err
