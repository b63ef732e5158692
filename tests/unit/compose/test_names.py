from pathlib import Path

import pytest

from seacan.compose.model.discovery import Application, Sources
from seacan.compose.model.loading import Choices
from seacan.compose.model.notices import Notices
from seacan.compose.names import container_name, image_of

NOTHING: dict[str, str] = {}


@pytest.mark.parametrize(
    ("flag", "environment", "separator"),
    [
        (False, {}, "-"),
        (True, {}, "_"),
        (False, {"COMPOSE_COMPATIBILITY": "True"}, "_"),
        (False, {"COMPOSE_COMPATIBILITY": "yes"}, "-"),  # nothing that Go takes for true
    ],
)
def test_names_as_version_1_had_them(
    tmp_path: Path, flag: bool, environment: dict[str, str], separator: str
) -> None:
    (tmp_path / "compose.yaml").write_text("services: {a: {build: .}}\n")
    sources = Sources(directory=str(tmp_path), name="app", compatibility=flag)
    application = Application(sources, environment, Notices(print))
    project = application.project(Choices())
    assert image_of(project, "a", NOTHING) == f"app{separator}a"
    assert container_name(project, "a", NOTHING, 2) == f"app{separator}a{separator}2"
    assert container_name(project, "a", {"container_name": "own"}, 1) == "own"
