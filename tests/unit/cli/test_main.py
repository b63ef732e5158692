import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.client.scripted import refusal, reply, scripted_daemon

from seacan.cli import main
from seacan.cli.command import Command
from seacan.cli.session import Exit
from seacan.cli.table.table import COMMANDS


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_API_VERSION", "DOCKER_TLS_VERIFY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


def ended(*words: str) -> tuple[int, str]:
    with pytest.raises(Exit) as raised:
        main.run(words)
    return raised.value.code, raised.value.text


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["foo"], 1, "seacan: unknown command: seacan foo\n\nRun 'seacan --help' for more"),
        (["container", "foo"], 1, "seacan: unknown command: seacan container foo\n\nUsage:  "),
        (["--foo", "ps"], 125, "unknown flag: --foo\n\nUsage:  seacan [OPTIONS] COMMAND [ARG...]"),
        (["run"], 1, "seacan: 'seacan run' requires at least 1 argument\n\nUsage:  seacan run ["),
        (["exec", "a"], 1, "seacan: 'seacan exec' requires at least 2 arguments\n"),
        (["ps", "x"], 1, "seacan: 'seacan ps' accepts no arguments\n"),
        (["tag", "x"], 1, "seacan: 'seacan tag' requires 2 arguments\n"),
        (["logs"], 1, "seacan: 'seacan logs' requires at least 1 argument\n"),
        (["logs", "-f", *"x" * 51], 1, "--follow of more than 50 containers is not supported"),
        (["logs", "--grep", "(", "a"], 1, "invalid pattern (: missing ), unterminated subpattern"),
        (["run", "--use-api-socket", "x"], 125, "seacan: --use-api-socket is not supported"),
        (["pull", "--disable-content-trust=false", "x"], 1, "--disable-content-trust=false is no"),
        (
            ["run", "--blkio-weight", "70000", "x"],
            125,
            'invalid argument "70000" for "--blkio-weight" flag: strconv.ParseUint',
        ),
        (
            ["run", "--gpus", "none", "x"],
            125,
            'invalid argument "none" for "--gpus" flag: invalid count (none): value must be',
        ),
        (["images", "a", "b"], 1, "seacan: 'seacan images' requires at most 1 argument\n"),
        (["import"], 1, "seacan: 'seacan import' requires at least 1 and at most 2 arguments\n"),
        (["container", "rm"], 1, "seacan: 'seacan container rm' requires at least 1 argument\n"),
        (
            ["run", "--foo"],
            125,
            "unknown flag: --foo\n\nUsage:  seacan run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\n"
            "Run 'seacan run --help' for more information",
        ),
        (
            ["run", "--pull", "x", "image"],
            125,
            'seacan: invalid pull option: \'x\': must be one of "always", "missing" or '
            "\"never\"\n\nRun 'seacan run --help' for more information",
        ),
        (["run", "-d", "-a", "stdin", "x"], 1, "conflicting options: cannot specify both --att"),
        (["run", "--detach-keys", "ab", "x"], 1, "invalid detach keys: ab is no key: a letter or"),
        (
            ["-H", "foo://x", "ps"],
            1,
            "Failed to initialize: unable to resolve docker endpoint: invalid bind address format: "
            "foo://x",
        ),
        (["-l", "loud", "ps"], 1, "Unable to parse logging level: loud"),
        (["start", "-a", "x", "y"], 1, "you cannot start and attach multiple containers at once"),
        (
            ["start", "--checkpoint", "a", "x"],
            1,
            "--checkpoint is not supported: the daemon has no",
        ),
        (["checkpoint", "ls"], 1, "seacan checkpoint is not supported: the daemon has no checkpoi"),
        (["stop", "--time", "1", "-t", "2", "x"], 1, "conflicting options: cannot specify both"),
        (["load", "-i", "/none"], 1, "open /none: no such file or directory"),
        (["inspect", "--type", "x", "y"], 1, 'unknown type: "x": must be one of "container", "im'),
    ],
)
def test_usage_errors(words: list[str], code: int, text: str, tmp_path: Path) -> None:
    if words[0] in ("stop", "load", "start", "inspect", "run"):
        words = ["-H", f"unix://{tmp_path}/none", *words]
    found_code, found_text = ended(*words)
    assert (found_code, found_text[: len(text)]) == (code, text)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.names[0])
def test_every_command_has_its_module(command: Command) -> None:
    module = importlib.import_module(command.module)
    assert callable(module.run)
    names = [flag.name for flag in module.FLAGS]
    shorts = [flag.short for flag in module.FLAGS if flag.short]
    assert len(set(names)) == len(names)
    assert len(set(shorts)) == len(shorts)


def test_host_wins_over_a_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "other")
    with scripted_daemon(tmp_path, **{"GET /containers/json": reply("[]")}) as daemon:
        assert main.run(["-H", daemon.host, "ps"]) == 0
        monkeypatch.setenv("DOCKER_HOST", daemon.host)
        assert main.run(["ps"]) == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "invalid JSON"),
        ("[]", "not an object"),
        ('{"psFormat": 7}', "psFormat: not a value for it: 7"),
        ('{"auths": ["a"]}', 'auths: not a value for it: ["a"]'),
    ],
)
def test_a_broken_configuration_is_warned_of_once_and_never_overwritten(
    text: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with scripted_daemon(tmp_path, **{"GET /containers/json": reply("[]")}) as daemon:
        assert main.run(["-H", daemon.host, "ps"]) == 0
    warning = f"WARNING: Error parsing config file ({path}): {why}"
    told = capsys.readouterr().err
    assert told.startswith(warning)
    assert told.count("WARNING") == 1
    assert main.run(["context", "create", "far", "--docker", "host=tcp://x"]) == 0
    code, complaint = ended("context", "use", "far")
    assert (code, complaint.startswith(f"config file {path} is not changed: {why}")) == (1, True)
    assert path.read_text() == text


def test_an_empty_configuration_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("")
    assert main.run(["context", "use", "default"]) == 0


def test_names_and_errors_come_in_the_order_of_the_arguments(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stop = b"HTTP/1.1 204 No Content\r\n\r\n"
    replies = {
        "POST /containers/a/stop": stop,
        "POST /containers/b/stop": refusal(404, "No such container: b"),
        "POST /containers/c/stop": stop,
    }
    with scripted_daemon(tmp_path, **replies) as daemon:
        assert main.run(["-H", daemon.host, "stop", "-t", "3", "-s", "INT", "a", "b", "c"]) == 1
    captured = capfd.readouterr()
    assert captured.out == "a\nc\n"
    assert captured.err == "Error response from daemon: No such container: b\n"
    assert daemon.requests[-1].query == "t=3&signal=INT"


def test_forced_removal_of_what_is_missing_is_no_failure(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    replies = {
        "DELETE /containers/a": refusal(404, "No such container: a"),
        "DELETE /containers/b": b"HTTP/1.1 204 No Content\r\n\r\n",
    }
    with scripted_daemon(tmp_path, **replies) as daemon:
        assert main.run(["-H", daemon.host, "rm", "-f", "a", "/b"]) == 0
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == (
        "/b\n",
        "Error response from daemon: No such container: a\n",
    )


def test_inspect_takes_the_container_before_the_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replies = {
        "GET /containers/both/json": reply('{"Id":"container"}'),
        "GET /images/both/json": reply('{"Id":"image"}'),
        "GET /images/image/json": reply('{"Id":"image"}'),
    }
    with scripted_daemon(tmp_path, **replies) as daemon:
        code = main.run(["-H", daemon.host, "inspect", "-f", "json", "both", "image", "none"])
    captured = capsys.readouterr()
    assert code == 1
    assert captured.out == '[{"Id":"container"},{"Id":"image"}]\n'
    assert captured.err == "Error: No such object: none\n"


def test_reader_that_is_gone_ends_it_by_signal_as_with_other_tools() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "seacan.cli.main", "--help"]
    with subprocess.Popen(command, stdout=writer, stderr=subprocess.PIPE) as process:
        os.close(writer)
        _, errors = process.communicate()
    assert (process.returncode, errors) == (-13, b"")


def test_full_disk_is_one_line() -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "seacan.cli.main", "--help"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "seacan: No space left on device\n")


def test_short_commands_import_little() -> None:
    """Each of these costs more than a request."""
    script = (
        "import sys; from seacan.cli import main; main.run(['--version']); "
        "import seacan.cli.commands.run, seacan.client.client; "
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], text=True, capture_output=True, check=True
    )
    costly = {"typing", "dataclasses", "pathlib", "argparse", "subprocess", "threading", "asyncio"}
    costly |= {"yaml", "seacan.compose", "seacan.cli.compose"}
    costly |= {"logging", "datetime", "inspect", "shutil", "http.client", "urllib.parse", "ssl"}
    assert costly & set(done.stdout.split()) == set()
