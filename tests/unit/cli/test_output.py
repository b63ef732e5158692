"""What commands print for what a daemon answers: tests/golden/cli, NAME.api.json to NAME.txt.

info and version are dockerd 28.5.2's own answers. `SEACAN_GOLDEN=1` rewrites the texts.
"""

import json
import os
import time
from pathlib import Path

import pytest
from tests.unit.client.scripted import ScriptedDaemon, reply, scripted_daemon

from seacan.cli import main

GOLDEN = Path(__file__).parents[2] / "golden" / "cli"
ROUTES = {
    "containers": "GET /containers/json",
    "images": "GET /images/json",
    "info": "GET /info",
    "version": "GET /version",
}
CASES = [
    ("ps", "containers", ["ps"]),
    ("ps-size", "containers", ["ps", "-s"]),
    ("ps-no-trunc", "containers", ["ps", "-a", "--no-trunc"]),
    ("ps-quiet", "containers", ["ps", "-q"]),
    ("images", "images", ["images"]),
    ("images-digests", "images", ["images", "--digests"]),
    ("images-no-trunc", "images", ["image", "ls", "--no-trunc"]),
    ("images-quiet", "images", ["images", "-q"]),
    ("info", "info", ["info"]),
    ("version", "version", ["version"]),
]


@pytest.fixture(autouse=True)
def _clock_that_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)


def answer(source: str) -> bytes:
    """Return the answer in the file, its negative times made that many seconds ago."""
    body = json.loads((GOLDEN / f"{source}.api.json").read_text())
    for record in body if isinstance(body, list) else []:
        record["Created"] += int(time.time())
    return reply(json.dumps(body))


def expect(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("SEACAN_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize(("name", "source", "words"), CASES, ids=[case[0] for case in CASES])
def test_output(
    name: str, source: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted_daemon(tmp_path, **{ROUTES[source]: answer(source)}) as daemon:
        assert main.run(["-H", daemon.host, *words]) == 0
    lines = [
        "" if line.startswith((" Python version:", " OS/Arch:")) else line
        for line in capsys.readouterr().out.split("\n")
    ]
    expect(name, "\n".join(lines))


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["--help"], "help"),
        (["container"], "help-container"),
        (["run", "--help"], "help-run"),
        (["container", "ls", "--help"], "help-container-ls"),
        (["help", "wait"], "help-wait"),
        (["help", "build"], "help-build"),
    ],
)
def test_help(
    words: list[str],
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("seacan.cli.usage.terminal_width", lambda: 80)
    assert main.run(words) == 0
    expect(name, capsys.readouterr().out)


def test_lists_as_json_have_dockers_fields(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    replies = {ROUTES[name]: answer(name) for name in ("containers", "images")}
    with scripted_daemon(tmp_path, **replies) as daemon:
        main.run(["-H", daemon.host, "ps", "--format", "json"])
        first = json.loads(capsys.readouterr().out.split("\n")[0])
        main.run(["-H", daemon.host, "images", "--format", "json"])
        last = json.loads(capsys.readouterr().out.strip().split("\n")[-1])
    assert first.pop("CreatedAt").endswith(" +0000 UTC")
    assert first == {
        "Command": '"/docker-entrypoint.…"',
        "ID": "abababababab",
        "Image": "registry.example:5000/team/nginx:1.27",
        "Labels": "a=1,b=2",
        "LocalVolumes": "1",
        "Mounts": "data,/a/rather/long…",
        "Names": "web",
        "Networks": "bridge",
        "Platform": None,
        "Ports": "443/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp",
        "RunningFor": "2 hours ago",
        "Size": "1.09kB (virtual 192MB)",
        "State": "running",
        "Status": "Up 2 hours (healthy)",
    }
    fields = "Containers CreatedAt CreatedSince Digest ID Repository SharedSize Size Tag"
    assert sorted(last) == [*fields.split(), "UniqueSize", "VirtualSize"]


@pytest.fixture
def silent(tmp_path: Path) -> ScriptedDaemon:
    return ScriptedDaemon(tmp_path / "none.sock", {})


def test_version_without_a_daemon_has_the_clients_part(
    silent: ScriptedDaemon, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["-H", silent.host, "version"]) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("Client:\n Version: ")
    assert captured.err.startswith("Cannot connect to the Docker daemon at unix:///")


@pytest.mark.parametrize(
    ("words", "source", "text"),
    [
        (
            ["ps", "--format", "{{.Names}} {{.State}}"],
            "containers",
            "web running\nbrave_anson exited\n",
        ),
        (
            ["images", "nginx", "--format", "{{if eq .Tag `1`}}{{.Repository | title}} {{end}}"],
            "images",
            "\n\nRegistry.Example:5000/Team/Nginx \n\n\n",
        ),
        (
            ["info", "--format", "{{.ServerVersion}} {{.ClientInfo.Debug}}"],
            "info",
            "28.5.2+dfsg4 false\n",
        ),
        (
            ["version", "--format", "{{.Server.APIVersion}} {{.Client.Context}}"],
            "version",
            "1.51 default\n",
        ),
    ],
)
def test_templates(
    words: list[str],
    source: str,
    text: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with scripted_daemon(tmp_path, **{ROUTES[source]: answer(source)}) as daemon:
        main.run(["-H", daemon.host, *words])
    assert capsys.readouterr().out == text
