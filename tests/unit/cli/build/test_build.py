"""`seacan build` against a daemon that says what it is told: what is asked, and what is shown."""

import base64
import json
import urllib.parse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.unit.client.scripted import ScriptedDaemon, refusal, reply, scripted_daemon

from seacan.cli import main
from seacan.cli.build import picture, progress
from seacan.cli.build.steps import Steps
from seacan.cli.output.table import width
from seacan.cli.session import Exit

SEACAN = reply('{"Platform": {"Name": "seacan"}}')
IMAGE = "sha256:" + "ab" * 32
GRAPH: tuple[Mapping[str, Any], ...] = (
    {"began": {"id": 1, "total": 3, "text": "COPY . /x", "line": 2}},
    {"ended": {"id": 1, "isCached": True}},
    {"began": {"id": 2, "total": 3, "stage": "build", "text": "RUN make \\\n  all", "line": 3}},
    {"printed": {"id": 2, "text": "compi"}},
    {"printed": {"id": 2, "text": "ling\nlin"}},
)
DONE: tuple[Mapping[str, Any], ...] = ({"ended": {"id": 2}}, {"aux": {"ID": IMAGE}})
FAILED: tuple[Mapping[str, Any], ...] = (
    {"printed": {"id": 2, "text": "king\nno rule"}},
    {"failed": {"id": 2}},
    {"errorDetail": {"code": 2, "message": "exit code: 2", "line": 3, "lastLine": 4}, "error": "x"},
)


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "Dockerfile").write_text(
        "FROM busybox AS build\nCOPY . /x\nRUN make \\\n  all\nCMD x\nUSER y\nUSER z\nUSER w\n"
    )
    return tmp_path / "c"


def lines(messages: Iterable[Mapping[str, Any]]) -> bytes:
    return reply("".join(json.dumps(message) + "\n" for message in messages))


def build(daemon: ScriptedDaemon, *words: str) -> int:
    return main.run(["-H", daemon.host, "build", *words])


def plain(text: str) -> str:
    """Return what was shown, without the times."""
    words = [
        "0.0" if word.replace(".", "").isdigit() and "." in word else word
        for word in text.split(" ")
    ]
    return " ".join(words)


def test_plain(context: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = {"POST /build": lines([*GRAPH, *DONE]), "GET /version": SEACAN}
    with scripted_daemon(tmp_path, **answers) as daemon:
        assert build(daemon, "-t", "x", "--secret", "id=a,src=/dev/null", str(context)) == 0
    request = daemon.requests[-1]
    assert {"t=x", "progress=graph", "dockerfile=Dockerfile"} <= set(request.query.split("&"))
    assert b"Dockerfile" in request.body
    secrets = base64.urlsafe_b64decode(request.headers["x-seacan-secrets"])
    assert json.loads(secrets) == {"a": ""}
    shown = capsys.readouterr()
    assert shown.out == ""
    assert plain(shown.err) == (
        "#1 [1/3] COPY . /x\n#1 CACHED\n\n"
        "#2 [build 2/3] RUN make \\ all\n"
        "#2 0.0 compiling\n#2 0.0 lin\n#2 DONE 0.0s\n\n"
    )


def test_a_failure_shows_where(
    context: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    iidfile = tmp_path / "iid"
    with scripted_daemon(tmp_path, **{"POST /build": lines([*GRAPH, *FAILED])}) as daemon:
        assert build(daemon, "--iidfile", str(iidfile), str(context)) == 1
    _, _, shown = capsys.readouterr().err.partition("#2 ERROR\n")
    assert shown == (
        "------\n > [build 2/3] RUN make \\ all:\ncompiling\nlinking\nno rule\n------\n"
        "Dockerfile:3\n--------------------\n"
        "   1 |     FROM busybox AS build\n"
        "   2 |     COPY . /x\n"
        "   3 | >>> RUN make \\\n"
        "   4 | >>>   all\n"
        "   5 |     CMD x\n"
        "   6 |     USER y\n"
        "   7 |     USER z\n"
        "--------------------\n"
        "ERROR: failed to build: exit code: 2\n"
    )
    assert not iidfile.exists()


def test_quiet_and_files(context: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = tmp_path / "iid", tmp_path / "metadata"
    with scripted_daemon(tmp_path, **{"POST /build": lines([{"stream": f"{IMAGE}\n"}])}) as daemon:
        words = ["-q", "--iidfile", str(files[0]), "--metadata-file", str(files[1]), "-t", "a"]
        assert build(daemon, *words, str(context)) == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == (f"{IMAGE}\n", "")
    assert files[0].read_text() == IMAGE
    assert json.loads(files[1].read_text()) == {
        "containerimage.config.digest": IMAGE,
        "image.name": "a",
    }


def test_rawjson(context: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = [*GRAPH, *DONE]
    with scripted_daemon(tmp_path, **{"POST /build": lines(told)}) as daemon:
        assert build(daemon, "--progress", "rawjson", str(context)) == 0
    assert [json.loads(line) for line in capsys.readouterr().err.splitlines()] == told


def test_a_daemon_without_a_graph(
    context: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[Mapping[str, Any]] = [
        {"stream": "Step 1/1 : FROM busybox"},
        {"stream": "\n"},
        *DONE[1:],
    ]
    with scripted_daemon(tmp_path, **{"POST /build": lines(told)}) as daemon:
        assert build(daemon, str(context)) == 0
    assert capsys.readouterr().err == "Step 1/1 : FROM busybox\n"


@pytest.mark.parametrize(
    "words",
    [
        ("--secret", "id=a,src=/dev/null"),
        ("--build-context", "x=docker-image://y"),
        ("--ssh", "default=/dev/null"),
        ("--cache-to", "type=inline"),
    ],
)
def test_another_daemon_does_not_pass_over_what_it_does_not_know(
    context: Path, tmp_path: Path, words: tuple[str, str]
) -> None:
    version = reply('{"Platform": {"Name": "Docker Engine - Community"}}')
    with (
        scripted_daemon(tmp_path, **{"GET /version": version}) as daemon,
        pytest.raises(Exit, match="knows no --secret, --ssh, --build-context and --cache-to"),
    ):
        build(daemon, *words, str(context))
    assert daemon.asked()[-1].endswith("/version")


def test_proxies_of_the_configuration_are_arguments(
    context: Path, tmp_path: Path, config_directory: Path
) -> None:
    proxies = {"default": {"httpProxy": "http://p:1", "noProxy": "x"}}
    (config_directory / "config.json").write_text(json.dumps({"proxies": proxies}))
    with scripted_daemon(tmp_path, **{"POST /build": lines(DONE[1:])}) as daemon:
        assert build(daemon, "--build-arg", "http_proxy=mine", str(context)) == 0
        query = urllib.parse.parse_qs(daemon.requests[-1].query)
    assert json.loads(query["buildargs"][0]) == {
        "http_proxy": "mine",
        "HTTP_PROXY": "http://p:1",
        "NO_PROXY": "x",
        "no_proxy": "x",
    }


def test_a_refusal(context: Path, tmp_path: Path) -> None:
    with (
        scripted_daemon(tmp_path, **{"POST /build": refusal(400, "no")}) as daemon,
        pytest.raises(Exit, match="Error response from daemon: no"),
    ):
        build(daemon, str(context))


def test_check(context: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    warning = {
        "rule": "JSONArgsRecommended", "url": "https://example.com/", "description": "Why",
        "detail": "CMD x", "hint": "do so", "firstLine": 5, "lastLine": 5,
    }  # fmt: skip
    answer = reply(json.dumps({"warnings": [warning], "error": None}))
    with scripted_daemon(tmp_path, **{"POST /build": answer}) as daemon:
        assert build(daemon, "--check", str(context)) == 1
    assert "check=1" in daemon.requests[-1].query
    assert capsys.readouterr().out == (
        "Check complete, 1 warning has been found!\n\n"
        "WARNING: JSONArgsRecommended - https://example.com/\nWhy\nCMD x\nhint: do so\n"
        "Dockerfile:5\n--------------------\n"
        "   3 |     RUN make \\\n   4 |       all\n   5 | >>> CMD x\n   6 |     USER y\n"
        "   7 |     USER z\n   8 |     USER w\n--------------------\n"
    )


def test_nothing_to_complain_of(
    context: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = reply(json.dumps({"warnings": [], "error": None}))
    with scripted_daemon(tmp_path, **{"POST /build": answer}) as daemon:
        assert build(daemon, "--check", str(context)) == 0
    assert capsys.readouterr().out == "Check complete, no warnings found.\n"


def test_a_daemon_that_does_not_check(context: Path, tmp_path: Path) -> None:
    answer = reply('{"stream": "Step 1"}')
    with (
        scripted_daemon(tmp_path, **{"POST /build": answer}) as daemon,
        pytest.raises(Exit, match="this daemon does not check Dockerfiles"),
    ):
        build(daemon, "--check", str(context))


def test_picture() -> None:
    steps = Steps()
    for number, text in enumerate(("FROM x", "COPY . .", "RUN a", "RUN b"), 1):
        steps.begin({"id": number, "total": 6, "stage": "s", "text": text}, 10.0 + number)
    steps.end({"id": 1, "isCached": True}, 11.0)
    steps.end({"id": 2}, 12.5)
    steps.all[3].take_output("one\n\x1b[31mtwo\x1b[0m\r\n50%\r100%\nunfinished")
    assert picture.lines_of(steps, 15.0, began_s=10.0, rows=24, columns=41) == [
        "[+] Building 5.0s (2/6)",
        " => CACHED [s 1/6] FROM x           0.0s",
        " => [s 2/6] COPY . .                0.5s",
        " => [s 3/6] RUN a                   2.0s",
        " => => # one",
        " => => # two",
        " => => # 100%",
        " => [s 4/6] RUN b                   1.0s",
    ]


def test_a_small_terminal_shows_what_runs() -> None:
    steps = Steps()
    for number in range(1, 10):
        steps.begin({"id": number, "total": 9, "text": f"RUN {number}"}, 0.0)
        steps.all[number].take_output("line\n" * 20)
    for number in range(1, 8):
        steps.end({"id": number}, 1.0)
    shown = picture.lines_of(steps, 1.0, began_s=0.0, rows=8, columns=40)
    assert len(shown) <= 8
    assert [line.split("]")[1].split()[1] for line in shown if "RUN" in line][-2:] == ["8", "9"]


def test_a_picture_fits_its_terminal() -> None:
    steps = Steps()
    for number in range(1, 30):
        steps.begin({"id": number, "total": 29, "text": f"RUN echo 日本語日本語 {number}"}, 0.0)
        steps.all[number].take_output("日本語" * 20)
    shown = picture.lines_of(steps, 1.0, began_s=0.0, rows=10, columns=30)
    assert len(shown) == 9
    assert all(width(line) < 30 for line in shown)
    assert shown[1].endswith(" 1.0s")


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("a\x1b[1;31mred\x1b[0m", "ared"),
        ("\x1b]0;title\x07a", "a"),
        ("\x1b]8;;http://x\x1b\\a", "a"),
        ("\x1bPq", ""),
        ("\x1b[5A\x1b[?25l\x9b1Ax\b\b", "1Ax"),
        ("1%\r50%\x1b[K\r", "50%"),
    ],
)
def test_nothing_moves_the_cursor(printed: str, shown: str) -> None:
    assert picture.printable(printed) == shown


def test_colours_stay_where_lines_stay() -> None:
    said = picture.harmless("\x1b[1;31mred\x1b[2J\x1b]0;title\x07\x1b[m\x1b[3Aend")
    assert said == "\x1b[1;31mred\x1b[mend\x1b[0m"
    assert picture.harmless("\x1b[Aend") == "end"


def test_the_place_of_an_error_is_bounded() -> None:
    assert progress.excerpt("D", "a\nb", 0, 0) == ""
    assert progress.excerpt("D", "a\nb", 3, 3) == ""
    assert ">>> b" in progress.excerpt("D", "a\nb", 2, 2)
