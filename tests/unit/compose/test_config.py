"""`compose config` beside docker compose's, of the applications in tests/golden/compose.

record.py there has written what docker compose says; it tells what each file is.
"""

import json
import os
from pathlib import Path

import pytest
from tests.golden.compose.record import HERE, command_lines, without_place

from seacan.cli import main
from seacan.cli.session import Exit
from seacan.errors import SeacanError

CASES = [
    (path.name, at, words)
    for path in sorted(HERE.iterdir())
    if path.is_dir() and not path.name.startswith("__")
    for at, words in enumerate(command_lines(path))
]
# Where the sentence is another than docker compose's.
OWN_SENTENCES = {
    "bad_list": "/project/compose.yaml: top-level object must be a mapping",
    "bad_port_long": "service ports services.a.ports is missing a target port",
    "bad_yaml": "failed to parse /project/compose.yaml: yaml: line 3: did not find expected node",
    "bad_container_names": 'services.b: container name "one" is already in use by service a',
    "bad_extends_cycle": "Circular reference:\n  a in /project/compose.yaml\n  extends b in",
}


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name not in ("PATH", "PYTEST_CURRENT_TEST", "XDG_CACHE_HOME"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/home/someone")


@pytest.mark.parametrize(
    ("name", "at", "words"), CASES, ids=[f"{name}-{at}" for name, at, _ in CASES]
)
def test_config(
    name: str,
    at: int,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = HERE / name
    monkeypatch.chdir(case)
    if (case / f"{at}.error").exists():
        with pytest.raises((SeacanError, Exit)) as raised:
            main.run(["compose", *words])
        text = without_place(str(raised.value), case)
        recorded = (case / f"{at}.error").read_text().strip()
        assert OWN_SENTENCES.get(name, recorded) in text
        return
    assert main.run(["compose", *words, "--format", "json"]) == 0
    printed = without_place(capsys.readouterr().out, case)
    recorded = (case / f"{at}.json").read_text()
    assert json.loads(printed) == json.loads(recorded)
    assert printed == recorded  # to the letter: digests are made of it
    check_hashes(case / f"{at}.hashes", words, capsys)


def check_hashes(recorded: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    if recorded.exists():
        assert main.run(["compose", *words, "--hash", "*"]) == 0
        assert capsys.readouterr().out == recorded.read_text()


@pytest.mark.parametrize(
    "name",
    [
        path.parent.name
        for path in sorted(HERE.glob("*/0.json"))
        if command_lines(path.parent)[0] == ["config"] and path.parent.name != "interpolation"
    ],
)
def test_yaml_and_json_say_the_same(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `config` prints is an application of its own, of the same services.

    Without `interpolation`: as in docker compose, the dollar sign of a key is doubled each time.
    """
    monkeypatch.chdir(HERE / name)
    assert main.run(["compose", "config", "--format", "json"]) == 0
    expected = json.loads(capsys.readouterr().out)
    assert main.run(["compose", "config"]) == 0
    written = capsys.readouterr().out
    monkeypatch.setattr("seacan.compose.model.documents._content", lambda _: written.encode())
    assert main.run(["compose", "-f", "-", "config", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["services"] == expected["services"]
