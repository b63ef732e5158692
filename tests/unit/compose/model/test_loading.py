"""Applications whose files would take forever, or too much."""

import os
from itertools import pairwise
from pathlib import Path

import pytest
from tests.unit.compose.projects import fail, project_of_text

from seacan.compose.model.discovery import Application, Sources
from seacan.compose.model.loading import LIMIT_INCLUDES, Choices
from seacan.compose.model.notices import Notices
from seacan.compose.model.project import Project, with_selected_services
from seacan.errors import InvalidArgument, SeacanError


def load(directory: Path, first: str, *env_files: str) -> Project:
    sources = Sources(files=(str(directory / first),), env_files=env_files, name="app")
    return Application(sources, {}, Notices(fail)).project(Choices())


def include(file: Path, *names: str) -> None:
    file.write_text(f"include: [{', '.join(names)}]\nservices: {{{file.stem}: {{image: x}}}}\n")


def test_what_is_included_along_many_ways_is_loaded_once(tmp_path: Path) -> None:
    levels = 30  # 2 ** 30 ways to the last
    for at in range(levels):
        include(tmp_path / f"top{at}.yaml", f"left{at}.yaml", f"right{at}.yaml")
        for side in ("left", "right"):
            include(tmp_path / f"{side}{at}.yaml", f"top{at + 1}.yaml")
    (tmp_path / f"top{levels}.yaml").write_text("services: {last: {image: x}}\n")
    assert len(load(tmp_path, "top0.yaml").services) == 3 * levels + 1


def test_the_same_file_is_another_application_with_other_variables(tmp_path: Path) -> None:
    (tmp_path / "one.env").write_text("NAME=one\n")
    (tmp_path / "two.env").write_text("NAME=two\n")
    (tmp_path / "part.yaml").write_text("services: {part: {image: '${NAME}'}}\n")
    entries = [f"{{path: part.yaml, env_file: {name}.env}}" for name in ("one", "two")]
    (tmp_path / "compose.yaml").write_text(f"include: [{', '.join(entries)}]\n")
    with pytest.raises(InvalidArgument, match="part conflicts with imported resource"):
        load(tmp_path, "compose.yaml")


def test_files_include_each_other_up_to_a_depth(tmp_path: Path) -> None:
    names = [f"f{at}.yaml" for at in range(LIMIT_INCLUDES + 2)]
    for name, other in pairwise(names):
        include(tmp_path / name, other)
    (tmp_path / names[-1]).write_text("services: {last: {image: x}}\n")
    with pytest.raises(InvalidArgument, match="included through more than 100 files"):
        load(tmp_path, names[0])
    assert len(load(tmp_path, names[2]).services) == LIMIT_INCLUDES


def test_services_extend_each_other_up_to_a_depth(tmp_path: Path) -> None:
    chain = "".join(f"  s{at:03}: {{extends: s{at + 1:03}}}\n" for at in range(101))
    with pytest.raises(InvalidArgument, match="extended through more than 100 services"):
        project_of_text(tmp_path, f"services:\n{chain}  s101: {{image: x}}\n")


def test_a_long_chain_of_dependencies(tmp_path: Path) -> None:
    chain = "".join(f"  s{at}: {{image: x, depends_on: [s{at + 1}]}}\n" for at in range(1500))
    project = project_of_text(tmp_path, f"services:\n{chain}  s1500: {{image: x}}\n")
    assert len(with_selected_services(project, ["s1"]).services) == 1500


@pytest.mark.parametrize("endless", ["fifo", "/dev/zero"])
def test_files_without_an_end_are_refused(tmp_path: Path, endless: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "compose.yaml").write_text("services: {a: {image: x}}\n")
    place = str(tmp_path / endless)
    for files in ((endless,), ("compose.yaml", place)):
        with pytest.raises(SeacanError, match=f"read {place}: not a regular file"):
            load(tmp_path, *files)
