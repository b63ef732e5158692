"""Commands of `seacan compose` on one application, and docker compose's answers beside them."""

import contextlib
import json
import os
import re
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.composing import SEACAN, Composer, docker_compose
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]

_FOREVER = "sh -c 'trap \"exit 0\" TERM; sleep 1000 & wait'"
APPLICATION = f"""
services:
  db: {{image: busybox, command: {_FOREVER}, volumes: ["data:/data"]}}
  web:
    image: busybox
    command: {_FOREVER}
    depends_on: {{db: {{condition: service_started, restart: true}}}}
    environment: {{LEVEL: "1"}}
    ports: ["127.0.0.1::80"]
    configs: [{{source: conf, target: /conf}}]
    deploy: {{replicas: 2}}
  tool: {{image: busybox, command: "true", profiles: [tools]}}
volumes: {{data: }}
configs: {{conf: {{content: "of the config"}}}}
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("application")
    (directory / "compose.yaml").write_text(APPLICATION)
    (directory / ".env").write_text(f"COMPOSE_PROJECT_NAME=sc{secrets.token_hex(4)}\n")
    return directory


@pytest.fixture(scope="module")
def compose(directory: Path, engine: Engine) -> Iterator[Composer]:
    """The application, up; each test leaves it so."""
    composer = Composer(SEACAN, engine.host, directory)
    composer.ok("up", "-d")
    yield composer
    composer("down", "-v", "-t", "0", "--remove-orphans")


@pytest.fixture(scope="module")
def docker(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Docker:
    """The docker CLI, while the application is up: what is left is looked at when it is down."""
    return Docker(engine.host, tmp_path_factory.mktemp("docker"))


@pytest.fixture(scope="module")
def beside(directory: Path, engine: Engine) -> Composer:
    program = docker_compose()
    if program is None:
        pytest.skip("there is no docker compose 2 here")
    return Composer(program, engine.host, directory)


@pytest.mark.parametrize(
    "words",
    [
        ("ls",),
        ("ls", "-q"),
        ("ls", "--format", "json"),
        ("images",),
        ("images", "-q"),
        ("volumes",),
        ("volumes", "-q", "db"),
        ("port", "web", "80"),
        ("port", "--index", "2", "web", "80"),
        ("top", "db"),
        ("ps", "-q"),
        ("ps", "--services"),
        ("ps", "--status", "exited"),
        ("ps", "--format", "{{.Name}} {{.Service}} {{.Project}} {{.ExitCode}} {{.Ports}}"),
        ("ps", "--format", "table {{.Name}}\\t{{.Health}}\\t{{.Publishers}}", "web"),
        ("ps", "--format", "{{json .Publishers}}{{range .Publishers}}{{.TargetPort}}{{end}}"),
        ("ps", "--format", '{{.Names}} {{.State}} {{.Label "com.docker.compose.service"}}'),
        ("volumes", "--format", '{{.Name}} {{.Driver}} {{.Scope}} {{.Label "nope"}}'),
        ("volumes", "--format", "table {{.Name}}\\t{{.Mountpoint}}"),
        ("exec", "-T", "web", "cat", "/conf"),
        (
            "exec",
            "-T",
            "--index",
            "2",
            "-e",
            "A=1",
            "-w",
            "/tmp",
            "web",
            "sh",
            "-c",
            "echo $A; pwd",
        ),
        ("config", "--services"),
        ("config", "--images"),
    ],
    ids=lambda words: "-".join(words).replace("/", "").replace("{", "")[:40],
)
def test_as_docker_compose_prints_it(
    compose: Composer, beside: Composer, words: tuple[str, ...]
) -> None:
    ours, theirs = compose(*words), beside(*words)
    assert ours.status == theirs.status == 0
    assert _words(ours.out) == _words(theirs.out)


def _words(text: str) -> list[str]:
    """Return the words of a text in one order; times since then are as long ago as each other."""
    return sorted(re.sub(r"(\d+|Less than a|About an?) \w+ ago", "ago", text).split())


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("up", "--foo"), "unknown flag: --foo"),
        (("port", "web"), "requires at least 2 arg(s), only received 1"),
        (("up", "--scale", "web"), 'invalid --scale option "web". Should be SERVICE=NUM'),
        (("up", "--scale", "nope=1"), "no such service: nope"),
        (("exec", "tool", "true"), 'service "tool" is not running'),
        (("up", "-d", "--attach", "web"), "--detach cannot be combined with"),
        (("up", "--force-recreate", "--no-recreate"), "are incompatible"),
        (("up", "-d", "--exit-code-from", "web"), "--detach cannot be combined with"),
        (("up", "--wait", "--attach", "web"), "--wait cannot be combined with"),
        (("run", "--pull", "soon", "tool"), 'invalid --pull option "soon"'),
        (("scale", "web"), "invalid scale specifier: web"),
        (("scale", "web=x"), "can't parse replica value as int: web=x"),
        (("port", "web", "99"), "no port 99/tcp for container"),
        (("cp", "tool:/x", "."), 'no container found for service "tool"'),
        (("--progress", "loud", "up", "-d"), 'unsupported --progress value "loud"'),
        (("ps", "--filter", "name=x"), "unknown filter name"),
        (("ps", "--format", "{{.Nope}}"), "in type *formatter.ContainerContext"),
        (("volumes", "--format", "{{.Nope}}"), "in type *formatter.volumeContext"),
        (("ls", "--format", "{{.Name}}"), 'format value "{{.Name}}" could not be parsed'),
        (("images", "--format", "raw"), 'format value "raw" could not be parsed'),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_refusals_are_docker_composes(
    compose: Composer, beside: Composer, words: tuple[str, ...], text: str
) -> None:
    ours, theirs = compose(*words), beside(*words)
    assert ours.status == theirs.status == 1
    assert text in ours.err
    assert text in theirs.err


def test_logs_of_what_is_no_service_are_refused(compose: Composer) -> None:
    refused = compose("logs", "nope")
    assert (refused.status, refused.err) == (1, "no such service: nope\n")


def test_exec_ends_with_the_commands_code(compose: Composer) -> None:
    assert compose("exec", "-T", "db", "sh", "-c", "exit 7").status == 7


def test_run_makes_a_container_of_its_own(compose: Composer) -> None:
    before = compose.ok("ps", "-aq")
    script = "echo $LEVEL $EXTRA; cat /conf; exit 5"
    done = compose("run", "--rm", "-T", "-e", "EXTRA=x", "web", "sh", "-c", script)
    assert (done.status, done.out) == (5, "1 x\nof the config")
    assert compose.ok("ps", "-aq") == before
    assert compose.ok("run", "--rm", "-T", "tool", "echo", "of a profile") == "of a profile"


def test_run_removes_what_earlier_ones_left(compose: Composer) -> None:
    compose.ok("run", "tool")
    assert "Found orphan containers" in compose("run", "--rm", "tool").err
    compose.ok("run", "--rm", "--remove-orphans", "tool")
    assert "orphan" not in compose("run", "--rm", "tool").err


def test_run_detached(compose: Composer, docker: Docker) -> None:
    container = compose.ok("run", "-d", "--no-deps", "--entrypoint", "sleep", "db", "1000")
    label = "{{index .Config.Labels "
    assert docker.inspect(container, label + '"com.docker.compose.oneoff"}}') == "True"
    assert docker.inspect(container, "{{.Path}} {{.Args}}") == "sleep [1000]"
    assert compose.ok("ps", "-q", "db").count("\n") == 0
    docker.ok("rm", "-f", container)


def test_stop_start_kill_rm(compose: Composer) -> None:
    compose.ok("stop", "-t", "5", "web")
    assert _states(compose) == {"db-1": "running", "web-1": "exited", "web-2": "exited"}
    compose.ok("start", "web")
    compose.ok("kill", "-s", "KILL", "web")
    assert _states(compose)["web-2"] == "exited"
    assert "Going to remove" in compose.ok("rm", "-f", "web")
    assert _states(compose) == {"db-1": "running"}
    assert "No stopped containers" in compose("rm", "-f").err
    compose.ok("up", "-d")


def _states(compose: Composer) -> dict[str, str]:
    rows = [json.loads(line) for line in compose.ok("ps", "-a", "--format", "json").splitlines()]
    return {row["Name"].partition("-")[2]: row["State"] for row in rows}


def test_pause_and_unpause(compose: Composer) -> None:
    compose.ok("pause", "db")
    assert _states(compose)["db-1"] == "paused"
    compose.ok("unpause")
    assert _states(compose)["db-1"] == "running"


def test_restart_takes_along_what_is_to_restart(compose: Composer, docker: Docker) -> None:
    before = _started(compose, docker)
    compose.ok("restart", "-t", "1", "--no-deps", "db")
    between = _started(compose, docker)
    assert [name for name in before if before[name] != between[name]] == ["db-1"]
    compose.ok("restart", "-t", "1", "db")
    after = _started(compose, docker)
    assert all(between[name] != after[name] for name in before)


def _started(compose: Composer, docker: Docker) -> dict[str, str]:
    names = [json.loads(line)["Name"] for line in compose.ok("ps", "--format", "json").splitlines()]
    times = docker.ok("inspect", "-f", "{{.State.StartedAt}}", *names).splitlines()
    return {name.partition("-")[2]: time for name, time in zip(names, times, strict=True)}


def test_scale_up_and_down(compose: Composer) -> None:
    compose.ok("scale", "web=3")
    assert "web-3" in _states(compose)
    compose.ok("scale", "web=2")
    assert "web-3" not in _states(compose)


def test_wait_ends_with_the_containers_code(
    compose: Composer, directory: Path, docker: Docker
) -> None:
    project = (directory / ".env").read_text().strip().partition("=")[2]
    for number in (1, 2):
        docker.wait_for_command(f"{project}-web-{number}", "sleep")
    process = compose.popen("wait", "web")
    with process:
        try:
            wait_until(lambda: _connections(process.pid) >= 2, "it to wait for both containers")
            compose.ok("stop", "-t", "60", "web")
            assert process.stdout is not None
            assert "exited with status code 0" in process.stdout.read()
            assert process.wait(60) == 0
        finally:
            process.kill()
    compose.ok("up", "-d")


def _connections(pid: int) -> int:
    found = 0
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found += os.readlink(descriptor).startswith("socket:")
    return found


def test_events_of_the_project(compose: Composer) -> None:
    compose.ok("restart", "-t", "1", "--no-deps", "db")
    told = compose.ok("events", "--json", "--since", "600s", "--until", "0s", "db").splitlines()
    events = [json.loads(line) for line in told]
    assert {"die", "start", "restart"} <= {event["action"] for event in events}
    assert {event["service"] for event in events} == {"db"}


def test_commit_and_export(compose: Composer, docker: Docker, tmp_path: Path) -> None:
    compose.ok("exec", "-T", "db", "touch", "/kept")
    image = f"{docker.name}:1"
    compose.ok("commit", "-m", "text", "db", image)
    assert docker.ok("image", "inspect", "-f", "{{.Comment}}", image) == "text"
    docker.ok("rmi", image)
    compose.ok("export", "-o", str(tmp_path / "db.tar"), "db")
    assert b"kept" in (tmp_path / "db.tar").read_bytes()


def test_logs_are_followed_until_interrupted(compose: Composer) -> None:
    with compose.popen("logs", "-f", "--no-color", "--tail", "0", "db") as process:
        compose.ok("exec", "-T", "db", "sh", "-c", "while :; do echo seen > /proc/1/fd/1; usleep "
                   "50000; [ -e /stop ] && exit; done &")  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "db-1  | seen"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        compose.ok("exec", "-T", "db", "touch", "/stop")
        process.stdout.read()


def test_cp_into_all_and_out_of_one(compose: Composer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("copied")
    compose.ok("cp", str(tmp_path / "file"), "web:/copy")
    for index in ("1", "2"):
        assert compose.ok("exec", "-T", "--index", index, "web", "cat", "/copy") == "copied"
    compose.ok("cp", "--index", "2", "web:/copy", str(tmp_path / "back"))
    assert (tmp_path / "back").read_text() == "copied"
