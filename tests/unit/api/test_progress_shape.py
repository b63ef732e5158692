import json

import pytest

from seacan.api.shapes.progress import progress_line


@pytest.mark.parametrize(
    ("current", "total", "drawn"),
    [
        # As dockerd 28 has sent them.
        (19968, 1984348, "[>" + " " * 50 + "]  19.97kB/1.984MB"),
        (2140160, 1984348, "[" + "=" * 50 + ">]   2.14MB"),
        (1984348, 1984348, "[" + "=" * 50 + ">]  1.984MB/1.984MB"),
        (999, 0, "    999B"),
    ],
)
def test_bytes_are_drawn(current: int, total: int, drawn: str) -> None:
    detail = {"current": current, "total": total}
    line = progress_line({"status": "Pushing", "progressDetail": detail, "id": "x"})
    assert json.loads(line)["progress"] == drawn


@pytest.mark.parametrize("message", [{"status": "x"}, {"status": "x", "progressDetail": {}}])
def test_nothing_is_drawn_without_bytes(message: dict[str, object]) -> None:
    assert json.loads(progress_line(message)) == message
