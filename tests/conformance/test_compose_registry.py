"""`compose pull`, `push` and pull policies, between a daemon and a registry of seacan."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.composing import SEACAN, Composer, docker_compose
from tests.conformance.docker_cli import Docker, Engine, Result
from tests.registry.process import Process, running_process

pytestmark = [pytest.mark.root, pytest.mark.conformance]

APPLICATION = """
services:
  app:
    image: {host}/app:1
    build: {{dockerfile_inline: "FROM busybox\\nRUN echo app > /made", tags: ["{host}/app:two"]}}
    depends_on: [base, other]
    command: cat /made
  other: {{image: "{host}/app:1", pull_policy: missing}}
  base:
    image: {host}/base
    build: {{dockerfile_inline: "FROM busybox\\nRUN echo base > /made"}}
    pull_policy: missing
  local: {{build: {{dockerfile_inline: "FROM busybox"}}}}
  never: {{image: "{host}/never:1", pull_policy: never}}
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with running_process(tmp_path_factory.mktemp("registry")) as process:
        yield process


class Setting:
    """An application whose images are in a part of the registry, and not with the daemon."""

    def __init__(self, directory: Path, engine: Engine, docker: Docker, registry: Process) -> None:
        self.directory = directory
        self.engine = engine
        self.docker = docker
        self.host = f"127.0.0.1:{registry.port}/{secrets.token_hex(4)}"
        (directory / ".env").write_text(f"COMPOSE_PROJECT_NAME=sc{secrets.token_hex(4)}\n")
        self.seacan = Composer(SEACAN, engine.host, directory)
        self.write(APPLICATION)
        self.seacan.ok("build")
        self.seacan.ok("push")

    def write(self, text: str) -> None:
        (self.directory / "compose.yaml").write_text(text.format(host=self.host))

    def beside(self) -> Composer:
        program = docker_compose()
        if program is None:
            pytest.skip("there is no docker compose 2 here")
        return Composer(program, self.engine.host, self.directory)

    def images(self) -> list[str]:
        """Return the names after the registry's part, sorted."""
        listed = self.docker.ok("images", "--format", "{{.Repository}}:{{.Tag}}").split()
        names = (name.partition(f"{self.host}/") for name in listed)
        return sorted(name for _, own, name in names if own)

    def image_id(self, name: str) -> str:
        return self.docker.ok("images", "-q", f"{self.host}/{name}")

    def forget(self) -> None:
        self.seacan("down", "-v", "-t", "0", "--remove-orphans")
        for name in self.images():
            self.docker.ok(
                "rmi", "-f", self.image_id(name) if "<" in name else f"{self.host}/{name}"
            )


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, engine: Engine, registry: Process
) -> Iterator[Setting]:
    docker = Docker(engine.host, tmp_path_factory.mktemp("docker"))
    setting = Setting(tmp_path_factory.mktemp("application"), engine, docker, registry)
    yield setting
    setting.forget()


@pytest.fixture
def setting(whole: Setting) -> Setting:
    whole.forget()
    whole.write(APPLICATION)
    return whole


def test_push_of_what_is_built(setting: Setting) -> None:
    compose = setting.seacan
    compose.ok("build", "app", "base")
    pushed = compose("push", "app")
    assert pushed.status == 0
    assert f"Image {setting.host}/app:1  Pushed" in pushed.err
    assert f"Image {setting.host}/app:two  Pushed" in pushed.err
    assert "base" not in pushed.err
    assert "base  Skipped" not in compose("push", "--include-deps", "app").err
    assert compose("push", "--quiet", "app") == Result(0, "", "")
    setting.forget()
    for name in ("app:1", "app:two", "base"):
        setting.docker.ok("pull", "-q", f"{setting.host}/{name}")


def test_push_that_fails(setting: Setting) -> None:
    refused = setting.seacan("push", "app")  # it has not been built
    assert refused.status == 1
    assert "does not exist locally with the tag" in refused.err
    assert setting.seacan("push", "--ignore-push-failures", "app").status == 0


def test_pull_of_what_policies_ask_for(setting: Setting) -> None:
    compose = setting.seacan
    pulled = compose("pull")
    assert pulled.status == 0
    assert setting.images() == ["app:1", "base:latest"]
    assert "local  Skipped - No image to be pulled" in pulled.err
    assert "never  Skipped\n" in pulled.err
    assert "Skipped - Image is already being pulled by app" in pulled.err
    assert compose("pull", "--quiet", "app") == Result(0, "", "")
    again = compose("pull", "other", "base")
    assert "other  Skipped - Image is already present locally" in again.err
    assert "base  Pulled" in again.err  # `latest` is never old enough


def test_pull_of_dependencies(setting: Setting) -> None:
    setting.seacan.ok("pull", "--ignore-buildable", "app")
    assert setting.images() == []
    setting.seacan.ok("pull", "app")
    assert setting.images() == ["app:1"]
    setting.seacan.ok("pull", "--include-deps", "app")
    assert setting.images() == ["app:1", "base:latest"]


def test_pull_policy_of_the_command_line(setting: Setting) -> None:
    compose = setting.seacan
    compose.ok("pull", "--include-deps", "app")
    there = compose("pull", "--policy", "missing", "app")
    assert "app  Skipped - Image is already present locally" in there.err
    assert "app  Pulled" in compose("pull", "--policy", "always", "app").err
    refused = compose("pull", "--policy", "sometimes")
    assert (refused.status, refused.err) == (1, 'invalid --policy option "sometimes"\n')


FAILING = """
services:
  there: {{image: "{host}/app:1"}}
  gone: {{image: "{host}/gone:1"}}
  buildable: {{image: "{host}/unbuilt:1", build: {{dockerfile_inline: "FROM busybox"}}}}
"""


def test_pull_that_fails(setting: Setting) -> None:
    setting.write(FAILING)
    refused = setting.seacan("pull", "gone")
    assert refused.status == 1
    assert "/gone not found" in refused.err
    setting.seacan.ok("pull", "--ignore-pull-failures")
    assert setting.images() == ["app:1"]
    unbuilt = setting.seacan("pull", "there", "buildable")
    assert unbuilt.status == 1
    assert "must be built from source" in unbuilt.err
    assert "compose build buildable" in unbuilt.err
    assert setting.seacan("pull", "--ignore-buildable", "there", "buildable").status == 0


@pytest.mark.parametrize(
    "words",
    [
        ("pull",),
        ("pull", "other", "base"),
        ("pull", "--policy", "missing", "--include-deps", "app"),
        ("pull", "--ignore-buildable"),
        ("push", "app", "local", "never"),
    ],
    ids="-".join,
)
def test_beside_docker_compose(setting: Setting, words: tuple[str, ...]) -> None:
    """The same ends, the same images, and what is skipped for the same reasons."""
    setting.seacan.ok("pull", "app")
    seen = []
    for compose in (setting.seacan, setting.beside()):
        done = compose(*words)
        skipped = re.findall(r"^ ?(\w+) +(Skipped.*?) *$", done.err, re.MULTILINE)
        # Who pulls an image that two have is chance.
        words_of = {(name, re.sub(r"by \w+", "by", why)) for name, why in skipped}
        seen.append((done.status, {why for _, why in words_of}, setting.images()))
    assert seen[0] == seen[1]


def test_up_pulls_what_is_missing_and_builds_what_cannot_be_pulled(setting: Setting) -> None:
    setting.write(APPLICATION.replace("{host}/base", "{host}/elsewhere"))
    up = setting.seacan("up", "-d", "app")
    assert up.status == 0
    assert "app  Pulled" in up.err
    assert "base  Warning" in up.err
    assert setting.images() == ["app:1", "elsewhere:latest"]


def test_policies_of_up(setting: Setting) -> None:
    one = "services: {{a: {{image: '{host}/app:1', command: cat /made, pull_policy: %s}}}}"
    setting.write(one % "never")
    assert "No such image" in setting.seacan("up", "-d").err
    setting.write(one % "missing")
    setting.seacan.ok("up", "-d")
    first = setting.image_id("app:1")
    _push_another(setting, first)
    for policy in ("missing", "daily", "every_12h", "if_not_present"):
        setting.write(one % policy)
        setting.seacan.ok("up", "-d")
        assert setting.image_id("app:1") == first
    for policy in ("every_1ms", "always"):
        setting.docker.ok("tag", first, f"{setting.host}/app:1")
        setting.write(one % policy)
        assert "a  Pulled" in setting.seacan("up", "-d").err
        assert setting.image_id("app:1") != first


def _push_another(setting: Setting, first: str) -> None:
    """Have another image under the name in the registry, and still the `first` here."""
    name = f"{setting.host}/app:1"
    text = APPLICATION.replace("echo app", "echo other")
    setting.write(text)
    setting.seacan.ok("build", "app")
    setting.docker.ok("push", "-q", name)
    setting.docker.ok("tag", first, name)
