"""Variables of compose's own, in the file of variables of an application."""

from pathlib import Path

import pytest

from seacan.cli import main
from seacan.cli.session import Exit


def test_variables_of_a_file_count_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nosuch.sock")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compose.yaml").write_text("services: {a: {image: x}}\n")
    (tmp_path / ".env").write_text("COMPOSE_PARALLEL_LIMIT=many\n")
    with pytest.raises(Exit, match=r'COMPOSE_PARALLEL_LIMIT must be an integer \(found: "many"\)'):
        main.run(["compose", "up", "-d"])
    monkeypatch.setenv("COMPOSE_PARALLEL_LIMIT", "2")
    with pytest.raises(Exit, match=r"nosuch\.sock"):
        main.run(["compose", "up", "-d"])
