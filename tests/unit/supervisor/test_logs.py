import contextlib
import gzip
import json
import os
import signal
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seacan.supervisor.logs.json_file import JsonFormat
from seacan.supervisor.logs.lines import ENTRY_LIMIT, Cutter, Entry, Partial
from seacan.supervisor.logs.local import LocalFormat
from seacan.supervisor.logs.log import Log, LogFile
from seacan.supervisor.logs.rotation import RotatedFile, replace_all

NOON_NS = 1_767_355_200_000_000_001  # 2026-01-02T12:00:00.000000001Z


def encode(data: bytes, stream: str, time_ns: int) -> bytes:
    entries = Cutter(stream).entries(data, time_ns)
    return b"".join(map(JsonFormat({}).encode_entry, entries))


def json_log(path: Path, max_size_bytes: int, max_files: int, *, compress: bool = False) -> Log:
    file = RotatedFile(
        str(path), max_size_bytes=max_size_bytes, max_files=max_files, compress=compress
    )
    return Log(LogFile(file, JsonFormat({})))


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
    if lines:  # the same, by the chunk
        assert JsonFormat({}).encode_lines(text.encode(), "stderr", NOON_NS) == data
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
    log = json_log(tmp_path / "log", -1, 1)
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
    log = json_log(tmp_path / "log", 1000, files)
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
    log = json_log(Path("/dev/full"), -1, 1)
    log.write("stdout", b"lost\n")
    log.close()


def test_bytes_that_are_no_text_are_replaced_each_by_itself() -> None:
    # As Go does it, and hence dockerd: two bytes of a cut-off character become two.
    [entry] = entries(encode(b"\xe2\x82|\xff\n", "stdout", NOON_NS))
    assert entry["log"] == "\ufffd\ufffd|\ufffd\n"


def test_attributes_stand_in_each_entry() -> None:
    format_ = JsonFormat({"tag": "x", "a": 'b"'})
    assert format_.encode_lines(b"1\n2\n", "stdout", NOON_NS) == (
        b'{"log":"1\\n","stream":"stdout","attrs":{"a":"b\\"","tag":"x"},'
        b'"time":"2026-01-02T12:00:00.000000001Z"}\n'
        b'{"log":"2\\n","stream":"stdout","attrs":{"a":"b\\"","tag":"x"},'
        b'"time":"2026-01-02T12:00:00.000000001Z"}\n'
    )


def test_an_entry_of_the_local_format() -> None:
    # Field by field: source, time, line.
    message = b"\x0a\x06stdout" + b"\x10\x81\x80\xc2\xbf\x8c\x86\xba\xc3\x18" + b"\x1a\x02hi"
    length = len(message).to_bytes(4, "big")
    assert LocalFormat().encode_lines(b"hi\n", "stdout", NOON_NS) == length + message + length


def test_a_piece_in_the_local_format() -> None:
    entry = Entry("stderr", b"x", 5, Partial("id", 2, last=True))
    metadata = b"\x08\x01" + b"\x12\x02id" + b"\x18\x02"
    message = b"\x0a\x06stderr\x10\x05\x1a\x01x\x20\x01\x2a" + bytes([len(metadata)]) + metadata
    length = len(message).to_bytes(4, "big")
    assert LocalFormat().encode_entry(entry) == length + message + length


def test_the_pieces_of_a_long_line_are_numbered_under_one_id() -> None:
    cutter = Cutter("stdout")
    first = list(cutter.entries(b"x" * ENTRY_LIMIT, 1))
    second = list(cutter.entries(b"y" * ENTRY_LIMIT + b"z\nnext\n", 2))
    partials = [entry.partial for entry in (*first, *second)]
    assert [(p.ordinal, p.last) for p in partials if p] == [(1, False), (2, False), (3, True)]
    assert len({p.id for p in partials if p}) == 1
    assert (second[-1].line, second[-1].partial) == (b"next", None)


def test_rotated_files_are_compressed_while_the_log_goes_on(tmp_path: Path) -> None:
    log = json_log(tmp_path / "log", 1000, 3, compress=True)
    for n in range(60):
        log.write("stdout", f"line {n:04}\n".encode())
    log.close()
    _reap()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1.gz", "log.2.gz"]
    data = (
        b"".join(gzip.decompress((tmp_path / f"log.{n}.gz").read_bytes()) for n in (2, 1))
        + (tmp_path / "log").read_bytes()
    )
    numbers = [int(entry["log"][5:]) for entry in entries(data)]
    assert numbers == list(range(60 - len(numbers), 60))


def _reap() -> None:
    """Reap the children that compressed, as the shim does."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def test_a_log_whose_directory_is_gone_does_not_raise(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    log = json_log(tmp_path / "gone" / "log", 10, 3)
    log.write("stdout", b"one\n")
    (tmp_path / "gone" / "log").unlink()
    (tmp_path / "gone").rmdir()
    for _ in range(3):
        log.write("stdout", b"more\n")
    log.close()


def test_a_log_that_is_cleared_goes_on_in_its_place(tmp_path: Path) -> None:
    log = json_log(tmp_path / "log", 1000, 4, compress=True)
    (tmp_path / "log.3.gz.new").write_bytes(b"ha")
    (tmp_path / "log.other").write_bytes(b"somebody's")
    for n in range(60):
        log.write("stdout", f"line {n:04}\n".encode())
    log.write("stdout", b"not ")
    log.clear()
    _reap()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log", "log.other"]
    assert (tmp_path / "log").stat().st_size == 0
    log.write("stdout", b"ended\n")
    assert [e["log"] for e in entries((tmp_path / "log").read_bytes())] == ["not ended\n"]
    for n in range(30):
        log.write("stdout", f"line {n:04}\n".encode())
    log.close()
    _reap()
    assert (tmp_path / "log.1.gz").exists()


def test_what_is_being_compressed_when_a_log_is_cleared_does_not_come_back(tmp_path: Path) -> None:
    log = json_log(tmp_path / "log", 4_000_000, 4, compress=True)
    for _ in range(6):
        log.write("stdout", b"0123456789abcde\n" * 50_000)
    assert list(tmp_path.glob("log.1*"))  # the child may be done with it by now
    log.clear()
    _reap()
    with pytest.raises(ChildProcessError):  # there is no child that could bring it back
        os.waitpid(-1, os.WNOHANG)
    log.close()
    assert [p.name for p in tmp_path.iterdir()] == ["log"]


def test_a_clearing_that_is_cut_short_leaves_the_newest_whole(tmp_path: Path) -> None:
    log = json_log(tmp_path / "log", 1000, 4)
    for n in range(60):
        log.write("stdout", f"line {n:04}\n".encode())
    before = (tmp_path / "log").read_bytes()
    (tmp_path / "log.new").mkdir()  # in the way of the last step
    with pytest.raises(IsADirectoryError):
        log.clear()
    log.write("stdout", b"more\n")
    log.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log", "log.new"]
    assert (tmp_path / "log").read_bytes().startswith(before)
    assert entries((tmp_path / "log").read_bytes())[-1]["log"] == "more\n"


def test_a_file_is_cleared_by_who_may_be_killed_at_any_time(tmp_path: Path) -> None:
    """Whichever file is found afterwards is whole, and clearing again makes an end of it."""
    kept = b'{"log":"x\\n","stream":"stdout","time":"2026-01-02T12:00:00.000000001Z"}\n'
    for wait_ns in range(0, 2_000_000, 100_000):
        for suffix in ("", ".1", ".2", ".3"):
            (tmp_path / f"log{suffix}").write_bytes(kept)
        child = os.fork()
        if not child:
            try:
                replace_all(str(tmp_path / "log"))
            finally:
                os._exit(0)
        end_ns = time.monotonic_ns() + wait_ns
        while time.monotonic_ns() < end_ns:
            pass
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found = [p for p in tmp_path.iterdir() if p.name != "log.new"]
        numbers = sorted(p.name for p in found if p.stat().st_size)
        assert numbers == ["log", "log.1", "log.2", "log.3"][: len(numbers)]
        assert all(p.read_bytes() in (b"", kept) for p in found)
        os.close(replace_all(str(tmp_path / "log")))
        assert [(p.name, p.stat().st_size) for p in tmp_path.iterdir()] == [("log", 0)]


def test_a_crash_while_compressing_costs_nothing(tmp_path: Path) -> None:
    """Both files of a number are there: the plain one is moved on, and is what counts."""
    (tmp_path / "log.1").write_bytes(b"whole")
    (tmp_path / "log.1.gz.new").write_bytes(b"ha")
    log = json_log(tmp_path / "log", 10, 4, compress=True)
    log.write("stdout", b"one\n")
    log.write("stdout", b"two\n")
    log.close()
    _reap()
    assert (tmp_path / "log.2").read_bytes() == b"whole"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log", "log.1.gz", "log.2"]
