import io
import os
import pty
from typing import Any

import pytest

from seacan.cli.output.progress import show
from seacan.errors import Internal

LOAD: list[dict[str, Any]] = [
    {"status": "Loading layer", "id": "aa", "progressDetail": {"current": 10, "total": 100}},
    {"status": "Loading layer", "id": "bb", "progressDetail": {"current": 5, "total": 50}},
    {"status": "Loading layer", "id": "aa", "progressDetail": {"current": 100, "total": 100}},
    {"status": "Done", "id": "aa", "progressDetail": {}},
    {"aux": {"ID": "sha256:00"}},
    {"stream": "Loaded image: x:latest\n"},
]


def test_file_gets_what_stays_true() -> None:
    output = io.StringIO()
    show(LOAD, output)
    assert output.getvalue() == "aa: Done\nLoaded image: x:latest\n"


def test_a_push_of_one_platform_of_several_says_so() -> None:
    output = io.StringIO()
    aux = {"manifestPushedInsteadOfIndex": True, "originalIndex": {"digest": "sha256:00"}}
    show([{"progressDetail": {}, "aux": aux}], output)
    assert output.getvalue() == "Not all platforms of sha256:00 are here: only one was pushed\n"


def test_terminal_gets_a_line_for_each_layer() -> None:
    outer, inner = pty.openpty()
    with open(inner, "w") as output:
        show(LOAD, output)
        # A read returns what has come through so far.
        printed = b""
        while b"Loaded image" not in printed or not printed.endswith(b"\n"):
            printed += os.read(outer, 65536)
    os.close(outer)
    lines = printed.decode().replace("\r\n", "\n")
    assert lines.startswith("aa: Loading layer ")
    assert "\nbb: Loading layer " in lines
    assert "\x1b[2A\r\x1b[2Kaa: Done\r\x1b[2B" in lines
    assert lines.endswith("\x1b[2BLoaded image: x:latest\n")


def test_failure_is_an_error_after_what_came_before() -> None:
    output = io.StringIO()
    messages: list[dict[str, Any]] = [
        {"status": "Pulling"},
        {"errorDetail": {"message": "no route"}, "error": "no"},
    ]
    with pytest.raises(Internal, match=r"^no route$"):
        show(messages, output)
    assert output.getvalue() == "Pulling\n"
