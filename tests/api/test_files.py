"""archive, changes, export and commit: what the engine is asked, and what the client gets."""

import base64
import json
from typing import Any

import pytest
from tests.api.conftest import Api
from tests.fakes.images import IMAGE_ID

STAT = {
    "name": "here",
    "size": 5,
    "mode": 8389101,
    "mtime": "2026-11-24T00:41:19.5Z",
    "linkTarget": "",
}


@pytest.mark.parametrize(("method", "body"), [("HEAD", b""), ("GET", b"a tar archive")])
def test_what_a_path_is_stands_in_a_header(api: Api, method: str, body: bytes) -> None:
    answer = api.ask(method, "/containers/first/archive?path=/here")
    assert (answer.status, answer.body) == (200, body)
    header = answer.headers["x-docker-container-path-stat"]
    assert json.loads(base64.b64decode(header)) == STAT
    if method == "GET":
        assert answer.headers["content-type"] == "application/x-tar"


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/containers/c/archive", 400, "bad parameter: pathcannot be empty"),
        ("PUT", "/containers/c/archive?path=", 400, "bad parameter: pathcannot be empty"),
        ("GET", "/containers/c/archive?path=/x", 404,
         "Could not find the file /x in container c"),
        ("GET", "/containers/c/export", 404, "No such container: c"),
        ("POST", "/commit", 400, 'invalid name or ID supplied: ""'),
        ("POST", "/commit?container=c&repo=UP", 400,
         "invalid reference format: repository name (library/UP) must be lowercase"),
        ("POST", "/commit?container=c&repo=a&tag=%24", 400, "invalid tag format"),
    ],
)  # fmt: skip
def test_refusals(api: Api, method: str, path: str, status: int, message: str) -> None:
    answer = api.ask(method, path)
    assert (answer.status, answer.message) == (status, message)


@pytest.mark.parametrize(
    ("query", "flags"),
    [
        ("", (False, False)),
        ("&copyUIDGID=1", (True, False)),
        ("&noOverwriteDirNonDir=true", (False, True)),
        ("&copyUIDGID=0&noOverwriteDirNonDir=false", (False, False)),
    ],
)
def test_an_archive_is_written(api: Api, query: str, flags: tuple[bool, bool]) -> None:
    answer = api.ask("PUT", f"/containers/first/archive?path=/d{query}", b"x" * 3_000_000)
    assert (answer.status, answer.body) == (200, b"")
    assert api.engine.files.calls == [("write", "first", "/d", 3_000_000, *flags)]


def test_changes(api: Api) -> None:
    answer = api.ask("GET", "/containers/first/changes")
    assert answer.json == [
        {"Path": "/etc", "Kind": 0},
        {"Path": "/etc/\ufffd", "Kind": 1},
        {"Path": "/var", "Kind": 2},
    ]
    api.engine.files.changed = []
    assert api.ask("GET", "/containers/first/changes").json is None


def test_export(api: Api) -> None:
    answer = api.ask("GET", "/containers/first/export")
    assert (answer.status, answer.body) == (200, b"a tar archive")
    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("query", "body", "asked"),
    [
        ("", None, (None, [], "", "", "None", True)),
        ("&pause=0&author=me&comment=why", None, (None, [], "me", "why", "None", False)),
        ("&repo=r&changes=USER%201&changes=CMD%20x", {"User": "2", "More": 1},
         ({"User": "2"}, ["USER 1", "CMD x"], "", "", "docker.io/library/r:latest", True)),
    ],
)  # fmt: skip
def test_commit(api: Api, query: str, body: Any, asked: tuple[Any, ...]) -> None:
    headers = {"Content-Type": "application/json"}
    answer = api.ask("POST", f"/commit?container=first{query}", body, headers)
    assert (answer.status, answer.json) == (201, {"Id": IMAGE_ID})
    assert api.engine.commits.calls == [("first", *asked)]
