"""Builds over the API: what a Dockerfile and its context take, cold and cached.

An engine that is named `buildkit` is asked for BuildKit, which dockerd has built in (`version=2`).
Commands have no network, so that only the builder counts.
"""

import io
import json
import tarfile
import time
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlencode

from bench.engine import BUSYBOX, Engine

_TAG: Final = "seacan-bench-built"
_RUNS: Final = 10
_FEW_FILES: Final = 1_000
_MANY_FILES: Final = 20_000
_STAGES: Final = 4
_WORK: Final = "head -c 5000000{} /dev/zero | md5sum > /sum"  # each stage has its own


def builds(engine: Engine) -> Mapping[str, float]:
    """Build three contexts; the second also after one of its files has changed."""
    steps = "".join(f"RUN echo {number} > /r{number}\n" for number in range(_RUNS))
    small = _context(f"FROM {BUSYBOX}\nCOPY files /files\n{steps}", _files(_FEW_FILES))
    large = f"FROM {BUSYBOX}\nCOPY files /files\n"
    stages = "".join(f"FROM {BUSYBOX} AS s{n}\nRUN {_WORK.format(n)}\n" for n in range(_STAGES))
    copies = "".join(f"COPY --from=s{number} /sum /s{number}\n" for number in range(_STAGES))
    figures = {
        f"build of {_RUNS} RUN, {_FEW_FILES} files, s": _build(engine, small, is_cold=True),
        "- cached, s": _build(engine, small),
    }
    _build(engine, _context(large, _files(_MANY_FILES)))
    changed = [("files/0", str(time.time_ns()).encode()), *_files(_MANY_FILES)[1:]]
    figures[f"build of {_MANY_FILES} files, one changed, s"] = _build(
        engine, _context(large, changed)
    )
    four = _context(f"{stages}FROM {BUSYBOX}\n{copies}", [])
    figures[f"build of {_STAGES} stages that need no other, s"] = _build(engine, four, is_cold=True)
    engine.call("DELETE", f"/images/{_TAG}?force=1")
    return figures


def _files(count: int) -> list[tuple[str, bytes]]:
    return [(f"files/{number}", f"content {number}\n".encode() * 20) for number in range(count)]


def _context(dockerfile: str, files: Iterable[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in (("Dockerfile", dockerfile.encode()), *files):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def _build(engine: Engine, context: bytes, *, is_cold: bool = False) -> float:
    """Return the seconds that it takes from the request to the end of the answer."""
    query = {"t": _TAG, "networkmode": "none", "rm": "1"}
    if is_cold:
        query["nocache"] = "1"
    if engine.name == "buildkit":
        query["version"] = "2"
    began = time.perf_counter()
    answer = engine.send(f"/build?{urlencode(query)}", context)
    seconds = time.perf_counter() - began
    last = json.loads(answer.splitlines()[-1])
    if "error" in last:
        raise RuntimeError(f"{engine.name}: build: {last['error']}")
    return seconds
