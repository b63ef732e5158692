import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.client.scripted import ScriptedDaemon, reply, scripted_daemon

from seacan.cli import main
from seacan.cli.command import Command
from seacan.cli.commands.completion import SCRIPTS
from seacan.cli.session import Exit
from seacan.cli.table.table import COMMANDS
from seacan.client.contexts import Contexts

pytestmark = pytest.mark.usefixtures("config_directory")

REPLIES = {
    "GET /containers/json": reply(
        '[{"Names":["/web"],"Id":"1","Image":"nginx","Status":"Up 1 minute"},'
        '{"Names":["/worker"],"Id":"2","Image":"app","Status":"Created"}]'
    ),
    "GET /images/json": reply('[{"RepoTags":["app:1","nginx:latest"],"Id":"x"},{"Id":"y"}]'
        .replace('"Id":"y"', '"Id":"y","RepoTags":null')),
    "GET /networks": reply('[{"Name":"bridge","Driver":"bridge"}]'),
    "GET /volumes": reply('{"Volumes":[{"Name":"data","Driver":"local"}]}'),
}  # fmt: skip


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[ScriptedDaemon]:
    with scripted_daemon(tmp_path, **REPLIES) as daemon:
        yield daemon


def complete(
    capsys: pytest.CaptureFixture[str], *words: str, command: str = "__complete"
) -> tuple[list[str], int]:
    """Return the lines, and the directive."""
    assert main.run([command, *words]) == 0
    *lines, directive = capsys.readouterr().out.splitlines()
    return lines, int(directive.removeprefix(":"))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["he"], ["help"]),
        (["contex"], ["context"]),
        (["context", "u"], ["update", "use"]),
        (["context", "none", ""], []),
        (["system", "d"], ["df"]),  # dial-stdio is for programs
        (["help", "contex"], ["context"]),
        (["--tlsc"], ["--tlscacert", "--tlscert"]),
        (["run", "--network-"], ["--network-alias"]),
        (["run", "--rm", "--r"], ["--read-only", "--restart", "--runtime"]),
        (["run", "-e", "A=1", "--en"], ["--entrypoint", "--env", "--env-file"]),
        (["run", "-it", "--pull", ""], ["always", "missing", "never"]),
        (["run", "--pull=a"], ["always"]),
        (["run", "--ipc", "c"], ["container:"]),
        (["kill", "-sK"], []),
        (["kill", "-s", "KI"], ["KILL"]),
        (["ps", "--", "-"], []),
        (["limit", ""], ["ls", "rm"]),
        (["limit", "ls", "--he"], ["--help"]),
        (["completion", "b"], ["bash"]),
        (["compose", "-f", "x", "conf"], ["config"]),
        (["compose", "config", "--he"], ["--help"]),
        (["compose", "--project-"], ["--project-directory", "--project-name"]),
        (["inspect", "--type", "n"], ["network"]),
    ],
)
def test_words(words: list[str], found: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    lines, directive = complete(capsys, *words)
    assert [line.partition("\t")[0] for line in lines] == found
    assert directive in (4, 6)
    assert complete(capsys, *words, command="__completeNoDesc")[0] == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["rm", "w"], ["web\tnginx, Up 1 minute", "worker\tapp, Created"]),
        (["rm", "web", "w"], ["worker\tapp, Created"]),
        (["rename", "web", ""], []),
        (["logs", "web", "w"], ["worker\tapp, Created"]),
        (["logs", "w"], ["web\tnginx, Up 1 minute", "worker\tapp, Created"]),
        (["logs", "clear", "we"], ["web\tnginx, Up 1 minute"]),
        (["container", "rm", "wo"], ["worker\tapp, Created"]),
        (["run", "--rm", "a"], ["app:1"]),
        (["rmi", "nginx:"], ["nginx:latest"]),
        (["push", "n"], ["nginx:latest"]),
        (["tag", "app:1", ""], []),
        (["run", "--network", ""], ["bridge\tbridge"]),
        (["network", "connect", ""], ["bridge\tbridge"]),
        (["network", "connect", "bridge", "we"], ["web\tnginx, Up 1 minute"]),
        (["network", "create", ""], []),
        (["volume", "rm", ""], ["data\tlocal"]),
        (["inspect", "--size", "n"], ["nginx:latest"]),
        (["run", "--volumes-from", "we"], ["web\tnginx, Up 1 minute"]),
    ],
)
def test_names(
    words: list[str],
    found: list[str],
    daemon: ScriptedDaemon,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert complete(capsys, "-H", daemon.host, *words) == (found, 4)


def test_only_containers_that_a_command_is_for(
    daemon: ScriptedDaemon, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, wanted in (("exec", "running"), ("start", "created"), ("unpause", "paused")):
        complete(capsys, f"--host={daemon.host}", command, "")
        assert wanted in daemon.requests[-1].query
    complete(capsys, f"--host={daemon.host}", "rm", "")
    assert daemon.requests[-1].query == "all=1"


def test_contexts_need_no_daemon(
    config_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Contexts(str(config_directory / "contexts"))
    store.write({"Name": "far", "Metadata": {"Description": "away"}, "Endpoints": {}})
    assert complete(capsys, "context", "use", "") == (["far\taway", "default"], 4)
    assert complete(capsys, "-c", "f") == (["far\taway"], 4)
    assert complete(capsys, "context", "create", "") == ([], 4)


@pytest.mark.parametrize(
    ("words", "directive"),
    [
        (["load", "-i", ""], 0),
        (["context", "import", "x", ""], 0),
        (["volume", "import", "x", ""], 0),
        (["run", "image", ""], 0),
        (["--config", ""], 16),
        (["ps", "--nonsense", ""], 1),
        (["-H", "foo://x", "rm", ""], 1),
        (["-H", "unix:///none", "rm", ""], 1),
        (["run", "--ipc", "container"], 6),
        (["ps", ""], 4),
        ([], 4),
    ],
)
def test_directives(words: list[str], directive: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert complete(capsys, *words)[1] == directive


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.names[0])
def test_flags_of_every_command(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    for name in command.names:
        assert complete(capsys, *name.split(), "--hel")[0] == ["--help\tPrint usage"]


def test_no_daemon_is_started_for_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("seacan.client.endpoint.DEFAULT_SOCKET", str(tmp_path / "none.sock"))
    assert complete(capsys, "rm", "") == ([], 1)


@pytest.mark.parametrize("shell", SCRIPTS)
def test_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["completion", shell]) == 0
    assert "__complete" in capsys.readouterr().out


def test_another_shell() -> None:
    with pytest.raises(
        Exit, match='no completion for "tcsh": there is bash, fish, powershell, zsh'
    ):
        main.run(["completion", "tcsh"])


COMPOSE_FILE = """
name: app
services:
  web: {image: nginx}
  db: {image: postgres, profiles: [data]}
  debug: {build: ., profiles: [tools, data]}
"""
WEB_DB_DEBUG = ["db\tpostgres", "debug", "web\tnginx"]


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "compose.yaml").write_text(COMPOSE_FILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize(
    ("words", "found", "directive"),
    [
        (["logs", ""], WEB_DB_DEBUG, 4),
        (["-f", "compose.yaml", "up", "-d", "d"], ["db\tpostgres", "debug"], 4),
        (["restart", "web", "w"], [], 4),
        (["run", "--rm", "we"], ["web\tnginx"], 4),
        (["exec", "web", ""], [], 0),
        (["top", "w"], ["web\tnginx"], 4),
        (["up", "--attach", "w"], ["web\tnginx"], 4),
        (["up", "--scale", "w"], ["web=\tnginx"], 6),
        (["scale", "de"], ["debug="], 6),
        (["cp", "w"], ["web:\tnginx"], 2),
        (["cp", "web:/x", ""], ["db:\tpostgres", "debug:", "web:\tnginx"], 2),
        (["--profile", ""], ["data", "tools"], 4),
        (["--profile=t"], ["tools"], 4),
        (["--ansi", "n"], ["never"], 4),
        (["-f", ""], [], 0),
        (["--project-directory", ""], [], 16),
        (["pull", "--policy", ""], ["always", "missing"], 4),
        (["ps", "--status", "r"], ["removing", "restarting", "running"], 4),
        (["ls", ""], [], 4),
        (["-f", "-", "logs", ""], [], 4),
        (["-f", "nothing.yaml", "logs", ""], [], 1),
    ],
)
def test_names_in_compose_files(
    words: list[str], found: list[str], directive: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """No daemon is asked for them, and warnings of the files are not printed."""
    assert complete(capsys, "compose", *words) == (found, directive)
    assert capsys.readouterr().err == ""


def test_projects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    label = "com.docker.compose.project"
    listed = [{"Id": name, "Labels": {label: name}} for name in ("shop", "blog")]
    with scripted_daemon(tmp_path, **{"GET /containers/json": reply(json.dumps(listed))}) as daemon:
        assert complete(capsys, "-H", daemon.host, "compose", "-p", "") == (["blog", "shop"], 4)
        assert complete(capsys, "-H", daemon.host, "compose", "-p", "s") == (["shop"], 4)
