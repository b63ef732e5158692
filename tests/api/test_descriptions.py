"""That an answer which is not as described is found out, and what a description comes to."""

import json
from typing import Any

import pytest
from tests.descriptions.derive import derive
from tests.descriptions.validation import complaints

TEXT = {"type": "string"}
DOCUMENT: dict[str, Any] = {
    "info": {"version": "1.0"},
    "produces": ["application/json"],
    "definitions": {
        "Both": {"allOf": [{"$ref": "#/definitions/One"}, {"properties": {"B": TEXT}}]},
        "One": {
            "type": "object",
            "description": "prose",
            "properties": {"A": {"type": "integer", "x-nullable": True, "example": 5}},
        },
        "Unused": {"type": "string"},
    },
    "paths": {
        "/x": {
            "get": {
                "summary": "prose",
                "responses": {
                    200: {"description": "prose", "schema": {"$ref": "#/definitions/Both"}},
                    204: {"description": "prose"},
                },
            }
        }
    },
}  # fmt: skip


def test_what_is_derived() -> None:
    derived = derive(DOCUMENT)
    assert derived["operations"] == {
        "GET /x": {
            "produces": ["application/json"],
            "responses": {"200": {"$ref": "#/definitions/Both"}, "204": None},
        }
    }
    assert derived["definitions"] == {
        "Both": {
            "type": "object",
            "properties": {
                "A": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                "B": {"type": "string"},
            },
            "additionalProperties": False,
        }
    }
    assert "prose" not in json.dumps(derived)


@pytest.mark.parametrize(
    ("version", "operation", "status", "answer", "words"),
    [
        ("1.51", "GET /volumes", 200, {"Volumes": None, "Warnings": []}, ""),
        ("1.51", "GET /volumes", 200, {"Volumes": {}, "Warnings": []}, ".Volumes must be"),
        ("1.51", "GET /volumes", 200, {"Volumen": []}, "must not contain {'Volumen'}"),
        ("1.51", "GET /volumes", 404, {"message": "x"}, "no such status"),
        ("1.51", "GET /volumes", 500, {"message": "x"}, ""),
        ("1.51", "GET /volumes", 501, {"message": "x"}, ""),
        ("1.51", "GET /volumes", 500, {"error": "x"}, "must contain ['message']"),
        ("1.51", "GET /containers/a/json", 200, {"HostConfig": None}, ".HostConfig must be object"),
        ("1.51", "GET /containers/a/json", 200, {"State": {"Status": "x"}}, ".State cannot be"),
        ("1.51", "GET /containers/a/json", 200, {"State": {"Health": None}}, ""),
        ("1.51", "GET /containers/json", 200, [{"Created": "x"}], "must be integer"),
        ("1.41", "GET /info", 200, {"Containerd": {}}, "must not contain {'Containerd'}"),
        ("1.41", "GET /info", 200, {"CDISpecDirs": []}, ""),
        ("1.51", "GET /info", 200, {"Containerd": {}}, ""),
        ("1.42", "GET /info", 200, {"Nonsense": {}}, ""),
        ("1.51", "GET /nosuch", 200, {"Nonsense": {}}, ""),
        ("1.51", "GET /exec/a/json", 200, {"ExitCode": None}, ""),
        ("1.51", "GET /exec/a/json", 200, {"Pid": None}, ".Pid must be integer"),
    ],
)
def test_complaints(version: str, operation: str, status: int, answer: Any, words: str) -> None:
    method, path = operation.split()
    body = json.dumps(answer).encode()
    found = complaints(version, method, path, status, "application/json", body)
    assert words in "\n".join(found)
    assert bool(found) == bool(words)


def test_of_a_stream_each_line_counts() -> None:
    body = b'{"Action":"x"}\r\n{"Action":5}\n'
    found = complaints("1.51", "GET", "/events", 200, "application/json", body)
    assert found == ["1.51 GET /events 200: .Action must be string: 5"]


def test_types_of_bodies() -> None:
    logs = ("1.51", "GET", "/containers/a/logs", 200)
    assert complaints(*logs, "application/vnd.docker.raw-stream", b"x") == []
    assert "type text/html" in complaints(*logs, "text/html", b"x")[0]
    refused = complaints("1.51", "GET", "/containers/a/logs", 404, "text/plain", b"no")
    assert refused == ["1.51 GET /containers/{id}/logs 404: an error of type text/plain"]
