"""--userns-remap: what /etc/subuid and /etc/subgid come to."""

from pathlib import Path

import pytest

from seacan.daemon import subordinate_ids
from seacan.errors import InvalidArgument

SUBUID = "somebody:1000:5\ndockremap:100000:65536\ndockremap:300000:10\n0:500000:7\n"
SUBGID = "dockremap:200000:65536\nothers:400000:9\n"


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    (tmp_path / "subuid").write_text(SUBUID)
    (tmp_path / "subgid").write_text(SUBGID)
    return tmp_path


def ranges(etc: Path, text: str) -> list[list[tuple[int, int, int]]]:
    found = subordinate_ids.parse(text, etc)
    return [
        [(m["containerID"], m["hostID"], m["size"]) for m in mappings]
        for mappings in (found["uids"], found["gids"])
    ]


def test_ranges_lie_one_behind_the_other(etc: Path) -> None:
    uids = [(0, 100000, 65536), (65536, 300000, 10)]
    assert ranges(etc, "default") == [uids, [(0, 200000, 65536)]]
    assert ranges(etc, "dockremap:others") == [uids, [(0, 400000, 9)]]


def test_a_line_may_have_the_id_or_the_name(etc: Path) -> None:
    (etc / "subgid").write_text("root:600000:3\n")
    for text in ("root", "0", "root:root", "0:0"):
        assert ranges(etc, text) == [[(0, 500000, 7)], [(0, 600000, 3)]]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("nobody-there", "no subordinate ids of nobody-there in .*subuid: add a line such as "
         "nobody-there:100000:65536"),
        ("dockremap:a:b", 'Invalid user/group specification in --userns-remap: "dockremap:a:b"'),
        (":x", "Invalid user/group specification"),
    ],
)  # fmt: skip
def test_what_is_refused(etc: Path, text: str, complaint: str) -> None:
    with pytest.raises(InvalidArgument, match=complaint):
        subordinate_ids.parse(text, etc)


@pytest.mark.parametrize("line", ["dockremap:x:1", "dockremap:1", "dockremap:1:0", "dockremap::"])
def test_a_line_that_is_none(etc: Path, line: str) -> None:
    (etc / "subuid").write_text(line)
    with pytest.raises(InvalidArgument, match=f"not NAME:FIRST:COUNT: {line}"):
        subordinate_ids.parse("default", etc)


def test_without_the_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"open .*subuid: No such file or directory"):
        subordinate_ids.parse("default", tmp_path)
