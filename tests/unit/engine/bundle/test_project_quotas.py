"""On a file system that has no project quotas; tests/vm has the others."""

from pathlib import Path

import pytest

from seacan.engine.bundle.project_quotas import ProjectQuotas
from seacan.errors import Internal


@pytest.fixture
def quotas(tmp_path: Path) -> ProjectQuotas:
    quotas = ProjectQuotas(tmp_path)
    if quotas.are_enforced(tmp_path):
        pytest.skip("this file system has project quotas")
    return quotas


def test_no_limit_can_be_given(quotas: ProjectQuotas, tmp_path: Path) -> None:
    with pytest.raises(Internal, match=f"^limit {tmp_path}: "):
        quotas.assign([tmp_path], 1 << 20)


def test_what_has_no_limit_is_left_alone(quotas: ProjectQuotas, tmp_path: Path) -> None:
    directory, file = tmp_path / "directory", tmp_path / "file"
    directory.mkdir()
    file.touch()
    quotas.remove([directory, file, tmp_path / "absent", file / "below"])
    assert sorted(tmp_path.iterdir()) == [directory, file]
