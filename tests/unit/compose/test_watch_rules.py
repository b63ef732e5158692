import re
from pathlib import Path

import pytest
from tests.unit.compose.projects import fail, project_of_text

from seacan.compose.model.notices import Notices
from seacan.compose.watch_rules import Rule, rules_of
from seacan.errors import InvalidArgument


def rules(directory: Path, text: str, *, service: str = "", ignored: bytes = b"") -> list[Rule]:
    project = project_of_text(
        directory,
        f"services: {{a: {{image: x, build: ., {service} develop: {{watch: [{text}]}}}}}}",
    )
    return rules_of(project, lambda _: ignored, Notices(fail))


def rule(directory: Path, text: str, ignored: bytes = b"") -> Rule:
    (only,) = rules(directory, text, ignored=ignored)
    return only


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src", True),
        ("src/a.py", True),
        ("src/deep/a.py", True),
        ("src/a.pyc", False),
        ("src/deep/a.pyc", True),  # a pattern without ** is for the directory itself
        ("src/secret/a", False),
        ("src/node_modules/x/y", False),
        ("src/.a.py.swp", False),
        ("src/deep/a.py~", False),
        ("src/.git/index", False),
        ("srcs/a.py", False),
        ("other", False),
    ],
)
def test_what_a_rule_is_about(tmp_path: Path, path: str, expected: bool) -> None:
    one = rule(
        tmp_path,
        "{path: src, action: sync, target: /app, ignore: ['*.pyc', secret/]}",
        b"**/node_modules\n",
    )
    assert one.matches(str(tmp_path / path)) is expected


def test_includes(tmp_path: Path) -> None:
    one = rule(tmp_path, "{path: ., action: restart, include: ['*.yaml', conf], ignore: [b.yaml]}")
    for path, expected in (("a.yaml", True), ("b.yaml", False), ("conf/x", True), ("x", False)):
        assert one.matches(str(tmp_path / path)) is expected


def test_places(tmp_path: Path) -> None:
    one = rule(tmp_path, "{path: src, action: sync, target: /app/}")
    assert one.place_of(str(tmp_path / "src/deep/a")) == "/app/deep/a"
    file = rule(tmp_path, "{path: conf/a.yaml, action: sync, target: /etc/b.yaml}")
    assert file.place_of(str(tmp_path / "conf/a.yaml")) == "/etc/b.yaml"


def test_what_is_left_out_whole_is_not_looked_into(tmp_path: Path) -> None:
    one = rule(tmp_path, "{path: ., action: restart, ignore: [out, kept, '!kept/in']}")
    assert one.passes_over(str(tmp_path / "out"))
    assert not one.passes_over(str(tmp_path / "kept"))
    assert not one.passes_over(str(tmp_path / "src"))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "none of the selected services is configured for watch"),
        (
            "{path: ., action: sync+exec, target: /x}",
            'can\'t watch with action "sync+exec" on service a without a command',
        ),
    ],
)
def test_refusals(tmp_path: Path, text: str, error: str) -> None:
    with pytest.raises(InvalidArgument, match=re.escape(error)):
        rules(tmp_path, text)


def test_a_rebuild_needs_something_to_build(tmp_path: Path) -> None:
    project = project_of_text(
        tmp_path,
        "services: {a: {image: x, develop: {watch: [{path: ., action: rebuild}]}}}",
    )
    with pytest.raises(InvalidArgument, match="without a build context"):
        rules_of(project, lambda _: b"", Notices(fail))


def test_what_is_mounted_needs_no_sync(tmp_path: Path) -> None:
    told: list[str] = []
    project = project_of_text(
        tmp_path,
        """
        services:
          a:
            image: x
            volumes: ["./src:/app"]
            develop:
              watch:
                - {path: src/in, action: sync, target: /app}
                - {path: src, action: restart}
        """,
    )
    (kept,) = rules_of(project, lambda _: b"", Notices(told.append))
    assert kept.action == "restart"
    assert f"path '{tmp_path}/src/in' also declared by a bind mount" in told[0]
