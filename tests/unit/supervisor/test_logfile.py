import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seacan.supervisor.logfile import ENTRY_LIMIT, LogFile, encode

NOON_NS = 1_767_355_200_000_000_001  # 2026-01-02T12:00:00.000000001Z


def entries(data: bytes) -> list[dict[str, str]]:
    return [json.loads(line) for line in data.splitlines()]


def test_one_line_is_an_entry_as_docker_writes_it() -> None:
    assert encode(b"hello\n", "stdout", NOON_NS) == (
        b'{"log":"hello\\n","stream":"stdout","time":"2026-01-02T12:00:00.000000001Z"}\n'
    )


@given(st.lists(st.text(st.characters(blacklist_characters="\n", codec="utf-8"))))
def test_lines_come_back_as_they_were(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    data = encode(text.encode(), "stderr", NOON_NS)
    assert "".join(entry["log"] for entry in entries(data)) == text
    assert [entry["log"] for entry in entries(data)] == [f"{line}\n" for line in lines]


@given(st.binary())
def test_any_bytes_become_valid_json(data: bytes) -> None:
    logged = "".join(entry["log"] for entry in entries(encode(data, "stdout", NOON_NS)))
    if data.isascii():
        assert logged == data.decode()
    assert logged.count("\n") == data.count(b"\n")


def test_a_long_line_is_cut_into_entries_that_join_again() -> None:
    line = b"x" * (2 * ENTRY_LIMIT + 5) + b"\n"
    cut = [entry["log"] for entry in entries(encode(b"short\n" + line, "stdout", NOON_NS))]
    assert [len(piece) for piece in cut] == [6, ENTRY_LIMIT, ENTRY_LIMIT, 6]
    assert "".join(cut[1:]).encode() == line


def test_a_line_waits_for_its_end_and_streams_do_not_mix(tmp_path: Path) -> None:
    log = LogFile(str(tmp_path / "log"), -1, 1)
    log.write("stdout", b"one ")
    log.write("stderr", b"other\n")
    log.write("stdout", b"line\nunfinished")
    written = entries((tmp_path / "log").read_bytes())
    assert [(e["stream"], e["log"]) for e in written] == [
        ("stderr", "other\n"),
        ("stdout", "one line\n"),
    ]
    log.close()
    assert entries((tmp_path / "log").read_bytes())[-1]["log"] == "unfinished"


@pytest.mark.parametrize(("files", "kept"), [(1, [""]), (3, ["", ".1", ".2"])])
def test_rotation_keeps_the_newest_and_bounds_the_disk(
    tmp_path: Path, files: int, kept: list[str]
) -> None:
    log = LogFile(str(tmp_path / "log"), 1000, files)
    for n in range(200):
        log.write("stdout", f"line {n:04}\n".encode())
    log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"log{suffix}" for suffix in kept]
    assert all(path.stat().st_size < 1200 for path in tmp_path.iterdir())
    logged = [
        entry["log"]
        for suffix in reversed(kept)
        for entry in entries((tmp_path / f"log{suffix}").read_bytes())
    ]
    assert logged == [f"line {n:04}\n" for n in range(200 - len(logged), 200)]


def test_a_full_disk_loses_lines_but_does_not_raise() -> None:
    log = LogFile("/dev/full", -1, 1)
    log.write("stdout", b"lost\n")
    log.close()
