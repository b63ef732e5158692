"""Applications under `seacan compose`, and under docker compose beside it."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.composing import SEACAN, Composer, Setting
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]

APPLICATION = """
services:
  db:
    image: busybox
    command: sh -c 'trap "exit 0" TERM; echo db up; sleep 1000 & wait'
    healthcheck: {test: "test -e /ok || { touch /ok; false; }", interval: 100ms, retries: 50}
    volumes: ["data:/data"]
    post_start: [{command: touch /hooked}]
    pre_stop: [{command: touch /data/stopped}]
  init: {image: busybox, command: "true"}
  web:
    image: busybox
    command: >-
      sh -c 'trap "exit 0" TERM; cat /run/secrets/token /run/secrets/file /etc/web.conf; echo;
      sleep 1000 & wait'
    depends_on:
      db: {condition: service_healthy}
      init: {condition: service_completed_successfully}
    environment: {LEVEL: "${LEVEL:-1}"}
    secrets: [{source: token, mode: 0400}, file]
    configs: [{source: conf, target: /etc/web.conf}]
    networks: {front: {aliases: [www]}, default: }
    deploy: {replicas: 2}
volumes: {data: }
networks: {front: }
secrets: {token: {environment: TOKEN}, file: {file: ./secret}}
configs: {conf: {content: "of the config"}}
"""


@pytest.fixture
def setting(tmp_path: Path, engine: Engine, docker: Docker) -> Iterator[Setting]:
    (tmp_path / "secret").write_text(" of the file ")
    with Setting(tmp_path, engine, docker, APPLICATION) as setting:
        yield setting


def test_an_application_from_up_to_down(setting: Setting) -> None:
    compose = setting.seacan
    compose.ok("up", "-d", "--wait", "--wait-timeout", "180")
    names = ["db-1", "init-1", "web-1", "web-2"]
    before = setting.containers()
    assert sorted(before) == names

    def logged() -> list[str]:
        lines = compose.ok("logs", "--no-color", "web").splitlines()
        return [line for line in lines if line.startswith("web-1")]

    wait_until(logged, "what it prints")
    assert logged() == ["web-1  | of-the-environment of the file of the config"]
    docker, web = setting.docker, f"{setting.name}-web-1"
    assert docker.ok("exec", f"{setting.name}-db-1", "ls", "/hooked") == "/hooked"
    assert docker.ok("exec", web, "stat", "-c", "%a", "/run/secrets/token") == "400"
    assert docker.ok("exec", web, "nslookup", "www").count("Address") >= 2
    # Nothing has changed: nothing is done.
    compose.ok("up", "-d")
    assert setting.containers() == before
    compose.ok("down")
    assert setting.containers() == {}
    assert setting.volumes() == [f"{setting.name}_data"]
    compose.ok("down", "-v")
    assert setting.volumes() == []


def test_what_has_changed_alone_is_made_anew(setting: Setting) -> None:
    application = APPLICATION.replace('"data:/data"', '"data:/data", /anonymous')
    setting.write(application)
    setting.seacan.ok("up", "-d")
    before = setting.containers()
    db = f"{setting.name}-db-1"
    setting.docker.ok("exec", db, "touch", "/data/kept", "/anonymous/kept")
    setting.write(application.replace("LEVEL:-1", "LEVEL:-2"))
    setting.seacan.ok("up", "-d", "--scale", "web=3")
    after = setting.containers()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"web-1", "web-2"}
    assert set(after) - set(before) == {"web-3"}
    setting.write(application.replace("echo db up", "echo db up again"))
    setting.seacan.ok("up", "-d", "db")
    assert setting.containers()["db-1"] != before["db-1"]
    kept = setting.docker.ok("exec", db, "ls", "/data", "/anonymous")
    assert kept.count("kept") == 2


def test_each_tool_finds_unchanged_what_the_other_made(setting: Setting) -> None:
    docker_compose, seacan_compose = setting.beside(), setting.seacan
    for first, second in (
        (seacan_compose, docker_compose),
        (docker_compose, seacan_compose),
    ):
        first.ok("up", "-d")
        before = setting.containers()
        second.ok("up", "-d")
        assert setting.containers() == before
        assert _columns(first.ok("ps", "-a")) == _columns(second.ok("ps", "-a"))
        wait_until(lambda made=first: len(_lines(made.ok("logs"))) == 3, "each to print its line")  # type: ignore[misc]
        assert _lines(first.ok("logs")) == _lines(second.ok("logs"))
        second.ok("down", "-v")
        assert setting.containers() == {}


def _columns(table: str) -> list[list[str]]:
    """Return name, image and service of each row."""
    return [[row[at] for at in (0, 1)] for row in map(str.split, table.splitlines())]


def _lines(logs: str) -> list[list[str]]:
    """Return names and texts, without how wide the column of names is."""
    return sorted([part.strip() for part in line.split("|")] for line in logs.splitlines())


def test_ps_as_docker_compose_prints_it(setting: Setting) -> None:
    beside = setting.beside()
    setting.seacan.ok("up", "-d", "--wait", "db")
    ours, theirs = (
        json.loads(compose.ok("ps", "--format", "json")) for compose in (setting.seacan, beside)
    )
    for fields in (ours, theirs):
        for field in ("Status", "RunningFor", "Labels", "Mounts"):
            fields.pop(field)
    assert ours == theirs


def test_a_dependency_that_fails_is_told(setting: Setting) -> None:
    setting.write(
        "services:\n"
        "  a: {image: busybox, command: sh -c 'exit 3'}\n"
        "  b:\n"
        "    image: busybox\n"
        "    depends_on: {a: {condition: service_completed_successfully}}\n"
    )
    refused = setting.seacan("up", "-d")
    assert refused.status == 1
    assert 'service "a" didn\'t complete successfully: exit 3' in refused.err
    name = setting.name
    assert f"not up: {name}-a-1 (exited 3), {name}-b-1 (created)\n" in refused.err
    assert setting.docker.inspect(f"{setting.name}-b-1", "{{.State.Status}}") == "created"


def test_attached_until_one_ends(setting: Setting) -> None:
    setting.write(
        "services:\n"
        "  a: {image: busybox, command: sh -c 'echo from a; exit 4'}\n"
        "  b: {image: busybox, command: sleep 1000, stop_signal: SIGKILL}\n"
    )
    done = setting.seacan("up", "--no-color", "--exit-code-from", "a")
    assert done.status == 4
    assert {"a-1  | from a", "a-1 exited with code 4", "b-1 exited with code 137"} <= set(
        done.out.splitlines()
    )
    done = setting.seacan("up", "--no-log-prefix", "a")
    assert done.status == 0
    assert "from a" in done.out.splitlines()


def test_an_interrupt_stops_in_order(setting: Setting) -> None:
    script = "sh -c 'trap \"echo bye; exit 0\" TERM; echo up; sleep 1000 & wait'"
    setting.write(
        "services:\n"
        f"  a: {{image: busybox, command: {script}}}\n"
        f"  b: {{image: busybox, command: {script}, depends_on: [a]}}\n"
    )
    lines = []
    with setting.seacan.popen("up", "--no-color") as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.strip())
            if lines[-1].endswith("| up") and {"a-1  | up", "b-1  | up"} <= {*lines}:
                process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert lines.index("b-1  | bye") < lines.index("a-1  | bye")
    assert setting.docker.inspect(f"{setting.name}-a-1", "{{.State.ExitCode}}") == "0"


def test_what_is_up_and_what_is_not_is_told(setting: Setting) -> None:
    application = (
        "services:\n"
        "  a: {image: busybox, command: sleep 1000, stop_signal: SIGKILL}\n"
        "  b: {image: busybox, command: /none, depends_on: [a]}\n"
        "  c: {image: busybox, depends_on: [b], configs: [none]}\n"
    )
    name = setting.name
    setting.write(application + "configs: {none: {external: true}}\n")
    refused = setting.seacan("up", "-d")
    assert refused.status == 1
    assert f"not up: {name}-a-1 (created), {name}-b-1 (created); not made: c\n" in refused.err
    setting.write(application + "configs: {none: {content: x}}\n")
    refused = setting.seacan("up", "-d")
    assert refused.status == 1
    told = f"up: {name}-a-1; not up: {name}-b-1 (created), {name}-c-1 (created)\n"
    assert told in refused.err


_IN_ITS_TIME = "sh -c 'trap \"exit 0\" TERM; echo up; sleep 1000 & wait'"


def test_an_interrupt_while_others_are_to_start(setting: Setting) -> None:
    """What waits for the end of another is not started by the end that the interrupt brings."""
    setting.write(
        "services:\n"
        f"  job: {{image: busybox, command: {_IN_ITS_TIME}}}\n"
        "  after:\n"
        f"    image: busybox\n    command: {_IN_ITS_TIME}\n"
        "    depends_on: {job: {condition: service_completed_successfully}}\n"
        "  slow:\n"
        f"    image: busybox\n    command: {_IN_ITS_TIME}\n"
        "    healthcheck: {test: 'false', interval: 100ms, retries: 10000}\n"
        f"  late: {{image: busybox, command: {_IN_ITS_TIME}, "
        "depends_on: {slow: {condition: service_healthy}}}\n"
    )
    assert interrupted(setting, {"job-1    | up", "slow-1   | up"}) == 130
    assert setting.seacan.ok("ps", "-q") == ""


def test_a_second_interrupt_kills(setting: Setting) -> None:
    stubborn = "sh -c 'trap \"echo no\" TERM; echo up; while :; do sleep 0.1; done'"
    setting.write(
        f"services:\n  a: {{image: busybox, command: {stubborn}, stop_grace_period: 10m}}\n"
    )
    assert interrupted(setting, {"a-1  | up"}, {"a-1  | no"}) == 130
    state = setting.docker.inspect(f"{setting.name}-a-1", "{{.State.ExitCode}}")
    assert state == "137"


def interrupted(setting: Setting, *lines: set[str]) -> int:
    """Return the status of an `up` that is interrupted when all of each set have been printed."""
    left = [set(each) for each in lines]
    with setting.seacan.popen("up", "--no-color") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if left:
                left[0].discard(line.strip())
                if not left[0]:
                    process.send_signal(signal.SIGINT)
                    left.pop(0)
        assert not left
        return process.wait(60)


def test_orphans_are_told_of_and_removed(setting: Setting) -> None:
    both = "services:\n  a: {image: busybox, command: 'true'}\n  b: {image: busybox}\n"
    setting.write(both)
    setting.seacan.ok("create")
    setting.write(both.partition("  b:")[0])
    told = setting.seacan("up", "-d")
    assert f"Found orphan containers ([{setting.name}-b-1]) for this project" in told.err
    setting.seacan.ok("up", "-d", "--remove-orphans")
    assert sorted(setting.containers()) == ["a-1"]


def test_without_files_a_name_is_enough(
    setting: Setting, tmp_path_factory: pytest.TempPathFactory
) -> None:
    setting.seacan.ok("up", "-d", "--wait", "db")
    elsewhere = Composer(SEACAN, setting.host, tmp_path_factory.mktemp("elsewhere"))
    assert elsewhere.ok("-p", setting.name, "ps", "--services") == "db"
    elsewhere.ok("-p", setting.name, "stop", "-t", "5")
    state = setting.docker.inspect(f"{setting.name}-db-1", "{{.State.Status}}")
    assert state == "exited"
    assert "db up" in elsewhere.ok("-p", setting.name, "logs")
    elsewhere.ok("-p", setting.name, "down", "-v")
    assert setting.containers() == {}
    assert elsewhere("ps").err.strip() == "no configuration file provided: not found"


def test_images_are_built_and_only_when_asked(setting: Setting) -> None:
    (setting.directory / "Dockerfile").write_text(
        "FROM busybox\nARG WORD\nRUN echo $WORD > /built\nCMD cat /built\n"
    )
    setting.write(
        "services:\n"
        "  a: {build: {context: ., args: {WORD: first}}}\n"
        '  b: {build: {dockerfile_inline: "FROM busybox\\nCMD echo inline"}, depends_on: [a]}\n'
    )
    compose, image = setting.seacan, f"{setting.name}-a"
    done = compose("up", "--no-color")
    assert {"a-1  | first", "b-1  | inline"} <= set(done.out.splitlines())
    first = setting.docker.ok("image", "inspect", "-f", "{{.Id}}", image)
    compose.ok("build", "--build-arg", "WORD=second", "a")
    assert setting.docker.ok("image", "inspect", "-f", "{{.Id}}", image) != first
    assert compose.ok("run", "--rm", "-T", "a") == "second"
    # Another image is another container, with the same image it stays.
    before = setting.containers()
    compose.ok("up", "-d")
    after = setting.containers()
    assert [name for name in before if before[name] != after[name]] == ["a-1"]
    compose.ok("down", "--rmi", "local")
    assert setting.docker("image", "inspect", image).status == 1


def test_a_build_that_fails_says_which(setting: Setting) -> None:
    setting.write('services: {a: {build: {dockerfile_inline: "FROM busybox\\nRUN exit 3"}}}\n')
    refused = setting.seacan("up", "-d")
    assert refused.status == 1
    assert f'target a: failed to build: "{setting.name}-a"' in refused.err
    assert setting.containers() == {}


def test_a_build_takes_the_service_that_is_its_context_along(setting: Setting) -> None:
    setting.write(
        "services:\n"
        '  base: {build: {dockerfile_inline: "FROM busybox\\nRUN echo base > /b"}}\n'
        '  a: {build: {additional_contexts: {b: "service:base"}, dockerfile_inline: '
        '"FROM busybox\\nCOPY --from=b /b /b\\nCMD cat /b"}}\n'
    )
    compose = setting.seacan
    compose.ok("build", "a")
    assert compose.ok("run", "--rm", "-T", "a") == "base"
    assert compose.ok("up", "-d", "a") == ""  # the image is there; its context is no part of it
    assert list(setting.containers()) == ["a-1"]
    compose.ok("down", "--rmi", "local")


def test_dockerfiles_are_checked_and_nothing_is_built(setting: Setting) -> None:
    setting.write(
        "services:\n"
        '  good: {build: {dockerfile_inline: "FROM busybox\\nCMD [\\"true\\"]"}}\n'
        '  odd: {build: {dockerfile_inline: "FROM busybox as x\\nRUN exit 3"}}\n'
    )
    compose = setting.seacan
    assert compose.ok("build", "--check", "good") == "good:\nCheck complete, no warnings found."
    found = compose("build", "--check")
    assert (found.status, found.err) == (1, "")
    assert found.out.index("good:") < found.out.index("odd:") < found.out.index("FromAsCasing")
    for service in ("good", "odd"):
        assert setting.docker("image", "inspect", f"{setting.name}-{service}").status == 1


def test_a_build_without_builders_and_attestations(setting: Setting) -> None:
    compose = setting.seacan
    setting.write("services: {a: {build: .}}\n")
    for flag in ("--builder=x", "--provenance=true", "--sbom=true"):
        assert f"{flag} is not supported: " in compose("build", flag).err
    printed = compose.ok("build", "--print", "--provenance=false")
    assert list(json.loads(printed)["target"]) == ["a"]


def test_as_a_plugin_of_the_docker_cli(setting: Setting) -> None:
    docker, directory = setting.docker, setting.directory
    plugins = Path(docker.env["DOCKER_CONFIG"]) / "cli-plugins"
    plugins.mkdir()
    (plugins / "docker-compose").symlink_to(Path(sys.executable).parent / "seacan-compose")
    shown = docker.ok("info", "-f", "{{json .ClientInfo.Plugins}}")
    (known,) = (plugin for plugin in json.loads(shown) if plugin["Name"] == "compose")
    assert (known["Vendor"], known.get("Err")) == ("seacan", None)
    words = ("compose", "--project-directory", str(directory))
    docker.ok(*words, "create", "init")
    assert docker.ok(*words, "ps", "-a", "--services") == "init"
    docker.ok("-H", setting.host, *words, "rm", "-f")
    assert setting.containers() == {}


def test_what_ends_at_once_is_not_up(setting: Setting) -> None:
    setting.write("services: {a: {image: busybox, command: sh -c 'exit 3'}}\n")
    for compose in (setting.seacan, setting.beside()):
        done = compose("up", "-d", "--wait")
        assert done.status == 1
        assert f"container {setting.name}-a-1 exited (3)" in done.err
