from pathlib import Path

import pytest

from seacan.kernel.cgroups.limits import Write, check_usage, write_all


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="do not have it") as caught:
        write_all([Write("cpu", "cpu.max", "1")], lambda controller: str(tmp_path))
    assert caught.value.filename == str(tmp_path / "cpu.max")


def test_what_is_written_where_a_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "io").mkdir()
    (tmp_path / "io/b").write_text("")
    writes = [
        Write("io", "a", "1", absent=(Write("io", "b", "2"),)),
        Write("io", "c", "3", absent=()),
    ]
    write_all(writes, lambda controller: str(tmp_path / controller))
    assert (tmp_path / "io/b").read_text() == "2"
    assert not (tmp_path / "io/c").exists()


def test_usage_is_compared_only_when_asked() -> None:
    check_usage({"limit": 5}, lambda: 6)
    check_usage({"limit": 7, "swap": -1, "checkBeforeUpdate": True}, lambda: 6)
    with pytest.raises(OSError, match=r"memory\.limit: 6 is not above the usage, 6"):
        check_usage({"limit": 6, "checkBeforeUpdate": True}, lambda: 6)
    with pytest.raises(OSError, match=r"memory\.swap: 5 is not above"):
        check_usage({"limit": 7, "swap": 5, "checkBeforeUpdate": True}, lambda: 6)
