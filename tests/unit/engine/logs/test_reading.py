"""Reading what a shim has written, while it writes on."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from seacan.engine.logs.plan import Readable
from seacan.engine.logs.reading import Log as LogReader
from seacan.engine.logs.reading import Selection
from seacan.supervisor.logs.json_file import JsonFormat
from seacan.supervisor.logs.local import LocalFormat
from seacan.supervisor.logs.log import Format, Log, LogFile
from seacan.supervisor.logs.rotation import RotatedFile

FORMATS: dict[str, Callable[[], Format]] = {
    "json-file": lambda: JsonFormat({"k": "v w"}),
    "local": LocalFormat,
}


@pytest.fixture(params=FORMATS)
def format_(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def writer(path: Path, format_: str, *, size: int = -1, files: int = 1, gz: bool = False) -> Log:
    file = RotatedFile(str(path), max_size_bytes=size, max_files=files, compress=gz)
    return Log(LogFile(file, FORMATS[format_]()))


def reader(path: Path, format_: str, selection: Selection, *, live: bool = False) -> LogReader:
    return LogReader(Readable(path, format_), selection, lambda: live)


def read(path: Path, format_: str, selection: Selection) -> bytes:
    async def collect() -> bytes:
        pieces = [piece async for piece in reader(path, format_, selection)]
        return b"".join(pieces)

    return asyncio.run(collect())


def lines(*numbers: int) -> bytes:
    return b"".join(f"line {n:04}\n".encode() for n in numbers)


RAW = Selection(framed=False)


@pytest.mark.parametrize("gz", [False, True])
def test_all_files_of_a_rotated_log(tmp_path: Path, format_: str, gz: bool) -> None:
    log = writer(tmp_path / "log", format_, size=700, files=20, gz=gz)
    for n in range(60):
        log.write("stdout", lines(n))
    log.close()
    _reap()
    assert any(path.suffix == ".gz" for path in tmp_path.iterdir()) is gz
    assert read(tmp_path / "log", format_, RAW) == lines(*range(60))
    for tail in (0, 1, 7, 33, 60, 99):
        selection = Selection(framed=False, tail=tail)
        assert read(tmp_path / "log", format_, selection) == lines(*range(max(0, 60 - tail), 60))


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


@pytest.mark.parametrize("gz", [False, True])
def test_who_follows_misses_nothing_when_files_are_rotated(
    tmp_path: Path, format_: str, gz: bool
) -> None:
    log = writer(tmp_path / "log", format_, size=1500, files=100, gz=gz)
    log.write("stdout", lines(0))
    total = 300

    async def follow() -> bytes:
        received = b""
        selection = Selection(framed=False, follow=True)
        pieces = reader(tmp_path / "log", format_, selection, live=True).__aiter__()
        written = 1
        try:
            async for piece in pieces:
                received += piece
                # Several rotations between two reads.
                for n in range(written, min(total, written + 50)):
                    log.write("stdout", lines(n))
                written = min(total, written + 50)
                if len(received) >= len(lines(*range(total))):
                    return received
        finally:
            await pieces.aclose()
        return received

    assert asyncio.run(asyncio.wait_for(follow(), 20)) == lines(*range(total))
    log.close()
    _reap()


@pytest.mark.parametrize("tail", [None, 1])
def test_who_follows_gets_what_comes_after_a_clearing(
    tmp_path: Path, format_: str, tail: int | None
) -> None:
    log = writer(tmp_path / "log", format_, size=700, files=5)
    log.write("stdout", lines(*range(40)))
    log.write("stdout", lines(40))

    async def follow() -> bytes:
        selection = Selection(framed=False, follow=True, tail=tail)
        pieces = reader(tmp_path / "log", format_, selection, live=True).__aiter__()
        received = await anext(pieces)  # all is open by now
        log.clear()
        log.write("stdout", lines(41))
        try:
            while not received.endswith(lines(42)):
                if received.endswith(lines(41)):
                    log.clear()
                    log.write("stdout", lines(42))
                received += await anext(pieces)
        finally:
            await pieces.aclose()
        return received

    begin = 0 if tail is None else 41 - tail
    assert asyncio.run(asyncio.wait_for(follow(), 20)) == lines(*range(begin, 43))
    assert read(tmp_path / "log", format_, RAW) == lines(42)
    log.close()


def test_streams_times_and_details(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = writer(path, "json-file")
    log.write("stdout", b"out\n")
    log.write("stderr", b"err\n")
    log.close()
    assert read(path, "json-file", Selection()) == (
        b"\1\0\0\0\0\0\0\4out\n" + b"\2\0\0\0\0\0\0\4err\n"
    )
    assert read(path, "json-file", Selection(framed=False, stdout=False)) == b"err\n"
    detailed = read(path, "json-file", Selection(framed=False, details=True, timestamps=True))
    stamp, attributes, text = detailed.splitlines()[0].split(b" ")
    assert (attributes, text) == (b"k=v+w", b"out")
    first = stamp.decode()
    assert read(path, "json-file", Selection(framed=False, until=first)) == b"out\n"
    later = Selection(framed=False, since=first[:-1] + "~")
    assert read(path, "json-file", later) == b"err\n"


def test_a_long_line_is_whole_again(tmp_path: Path, format_: str) -> None:
    text = b"x" * 40_000 + b"\n" + b"not ended"
    log = writer(tmp_path / "log", format_)
    log.write("stdout", text)
    log.close()
    assert read(tmp_path / "log", format_, RAW) == text


def test_what_a_full_disk_left_of_a_line_costs_that_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = writer(path, "json-file")
    log.write("stdout", b"one\n")
    with path.open("ab") as file:
        file.write(b'{"log":"ha\n')
    log.write("stdout", b"two\n")
    log.close()
    assert read(path, "json-file", RAW) == b"one\ntwo\n"


def test_a_log_that_was_never_begun_is_empty(tmp_path: Path, format_: str) -> None:
    assert read(tmp_path / "none" / "log", format_, RAW) == b""
