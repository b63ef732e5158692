import os
import threading
from pathlib import Path

import pytest
from tests.unit.compose.projects import fail, project_of_text

from seacan.compose.model.notices import Notices
from seacan.compose.watch_files import changed, changes, look
from seacan.compose.watch_rules import Rule, rules_of


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "src"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "a").write_text("1")
    (source / "out").mkdir()
    (source / "out" / "b").write_text("1")
    return source


@pytest.fixture
def rules(tmp_path: Path, source: Path) -> list[Rule]:
    text = f"{{path: {source}, action: sync, target: /app, ignore: [out]}}"
    project = project_of_text(
        tmp_path, f"services: {{a: {{image: x, develop: {{watch: [{text}]}}}}}}"
    )
    return rules_of(project, lambda _: b"", Notices(fail))


def test_files_are_seen_and_what_is_left_out_is_not(source: Path, rules: list[Rule]) -> None:
    seen = look(rules)
    assert sorted(seen) == [str(source), str(source / "deep"), str(source / "deep" / "a")]


def test_each_kind_of_change(source: Path, rules: list[Rule]) -> None:
    before = look(rules)

    def differences() -> set[str]:
        nonlocal before
        now = look(rules)
        found = changed(before, now)
        before = now
        return {path.removeprefix(f"{source}/") for path in found}

    assert differences() == set()
    (source / "new").write_text("")
    assert differences() == {"new"}
    (source / "deep" / "a").write_text("12")
    assert differences() == {"deep/a"}
    # As editors save: another file takes the name; its size and time may be the same.
    status = (source / "deep" / "a").stat()
    (source / "other").write_text("34")
    os.utime(source / "other", ns=(status.st_atime_ns, status.st_mtime_ns))
    (source / "other").rename(source / "deep" / "a")
    assert differences() == {"deep/a"}
    (source / "new").chmod(0o755)
    assert differences() == {"new"}
    (source / "new").rename(source / "moved")
    assert differences() == {"new", "moved"}
    (source / "link").symlink_to("nowhere")
    assert differences() == {"link"}
    (source / "out" / "b").write_text("12")
    assert differences() == set()
    (source / "deep" / "a").unlink()
    (source / "deep").rmdir()
    assert differences() == {"deep", "deep/a"}


def test_a_path_that_is_not_there_yet(source: Path, rules: list[Rule]) -> None:
    elsewhere = source.rename(source.with_name("elsewhere"))
    before = look(rules)
    assert before == {}
    elsewhere.rename(source)
    assert str(source / "deep" / "a") in changed(before, look(rules))


class Writing(threading.Event):
    """Writes a file at each look until there are no more, and is over some looks later."""

    def __init__(self, names: list[Path], looks: int) -> None:
        super().__init__()
        self._names = names
        self._looks = looks

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        assert timeout > 0
        if self._names:
            self._names.pop(0).write_text("")
        self._looks -= 1
        return self._looks == 0


def test_what_is_written_at_once_is_one_batch(source: Path, rules: list[Rule]) -> None:
    names = [source / name for name in ("x", "y", "z")]
    before = look(rules)
    (batch,) = changes(rules, before, Writing(list(names), 6))
    assert batch == set(map(str, names))
