"""Flags that docker compose still takes, for scripts of old, and no help shows."""

import os

import pytest

from seacan.cli import main


@pytest.fixture(autouse=True)
def _no_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "DOCKER_HOST", "unix:///nosuch.sock")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--verbose", "version", "--short"], "it has no effect"),
        (["--no-ansi", "version", "--short"], "use --ansi=never"),
        *(
            (["-f", "{file}", command, flag], "it has no effect")
            for command, flags in {
                "build": ("--parallel", "--compress", "--force-rm", "--no-rm"),
            }.items()
            for flag in flags
        ),
    ],
)
def test_deprecated_flags(
    words: list[str],
    why: str,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path_factory.mktemp("app") / "compose.yaml"
    file.write_text("services: {a: {image: x}}\n")
    assert main.run(["compose", *(word.format(file=file) for word in words)]) == 0
    assert f"has been deprecated, {why}" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["-v", "--version"])
def test_the_version_is_a_flag_too(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["compose", flag]) == 0
    assert "like Docker Compose version" in capsys.readouterr().out
