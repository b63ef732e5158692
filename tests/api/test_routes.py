"""Method, path and body; status, words and fields; and what the engine was asked."""

import io
import json
import tarfile
from typing import Any

import pytest
from tests.api.conftest import Api
from tests.fakes.containers import make_container
from tests.fakes.images import IMAGE_ID
from tests.images import archives

from seacan.engine.containers.container import Exit, Status
from seacan.errors import (
    Conflict,
    Forbidden,
    Internal,
    InvalidArgument,
    NotFound,
    NotModified,
    SeacanError,
    Unauthorized,
    Unavailable,
    Unsupported,
)

JSON = {"Content-Type": "application/json"}
EMPTY = "invalid JSON: got EOF while reading request body"

REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("GET", "/nope", None, 404, "page not found"),
    ("GET", "/v1.51/nope", None, 404, "page not found"),
    ("GET", "/vx/_ping", None, 404, "page not found"),
    ("PUT", "/version", None, 404, "page not found"),
    ("GET", "/_ping/", None, 404, "page not found"),
    ("GET", "//_ping", None, 404, "page not found"),
    ("GET", "/containers//json", None, 404, "page not found"),
    ("GET", "/v1.99/version", None, 400,
     "client version 1.99 is too new. Maximum supported API version is 1.51"),
    ("GET", "/v2.0/version", None, 400,
     "client version 2.0 is too new. Maximum supported API version is 1.51"),
    ("GET", "/containers/x/json", None, 404, "No such container: x"),
    ("GET", "/containers/a%20b/json", None, 404, "No such container: a b"),
    ("GET", "/containers/json?limit=abc", None, 400,
     'strconv.Atoi: parsing "abc": invalid syntax'),
    ("GET", "/containers/json?limit=9" + "9" * 30, None, 400, "out of range"),
    ("GET", "/containers/json?filters=abc", None, 400, "invalid filter"),
    ("GET", "/containers/json?filters=%7B%22a%22%3A1%7D", None, 400, "invalid filter"),
    ("POST", "/containers/create", None, 400, EMPTY),
    ("POST", "/containers/create", b"{", 400,
     "unsupported Content-Type header (text/plain): must be 'application/json'"),
    ("POST", "/containers/create", {}, 400,
     "config cannot be empty in order to create a container"),
    ("POST", "/containers/create", {"HostConfig": {}}, 400, "config cannot be empty"),
    ("POST", "/containers/create", [], 400, "invalid JSON: Expected object, got array"),
    ("POST", "/containers/create", {"Image": 5}, 400, "$.Image"),
    ("POST", "/containers/create", {"Image": "nope"}, 404, "No such image: nope:latest"),
    ("POST", "/containers/nope/wait", None, 404, "No such container: nope"),
    ("POST", "/containers/first/wait?condition=x", None, 400, 'invalid condition: "x"'),
    ("POST", "/containers/first/start?checkpoint=x", None, 501, "checkpoint"),
    ("POST", "/containers/first/stop?t=x", None, 400,
     'strconv.Atoi: parsing "x": invalid syntax'),
    ("POST", "/containers/first/resize?h=a&w=1", None, 400,
     'invalid resize height "a": invalid syntax'),
    ("POST", "/containers/first/resize?h=1", None, 400, 'invalid resize width "": invalid syntax'),
    ("POST", "/containers/first/resize?h=1&w=-1", None, 400,
     'invalid resize width "-1": value out of range'),
    ("POST", "/containers/first/resize?h=65536&w=1", None, 400, "value out of range"),
    ("POST", "/exec/x/resize?h=1&w=99999", None, 400, "value out of range"),
    ("GET", "/containers/first/logs", None, 400,
     "Bad parameters: you must choose at least one stream"),
    ("GET", "/containers/first/logs?stdout=0&stderr=false", None, 400, "Bad parameters"),
    ("GET", "/containers/nope/logs?stdout=1", None, 404, "No such container: nope"),
    ("GET", "/containers/first/attach/ws", None, 400, "not websocket protocol"),
    ("GET", "/containers/nope/attach/ws", None, 404, "No such container: nope"),
    ("POST", "/containers/first/exec", {}, 400, "No exec command specified"),
    ("POST", "/containers/first/exec", {"Cmd": []}, 400, "No exec command specified"),
    ("POST", "/exec/nope/start", {}, 404, "No such exec instance: nope"),
    ("GET", "/exec/nope/json", None, 404, "No such exec instance: nope"),
    ("GET", "/images/nope/json", None, 404, "No such image: nope:latest"),
    ("DELETE", "/images/busybox", None, 409, "conflict: unable to remove"),
    ("POST", "/images/busybox/tag", None, 400, "tag: no repository was named"),
    ("POST", "/images/busybox/tag?repo=A", None, 400, "must be lowercase"),
    ("GET", "/images/json?filters=%7B%22nope%22%3A%5B%5D%7D", None, 400, "invalid filter 'nope'"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "words"), REFUSED)
def test_refused(api: Api, method: str, path: str, body: Any, status: int, words: str) -> None:
    headers = {"Content-Type": "text/plain"} if isinstance(body, bytes) else {}

    answer = api.ask(method, path, body, headers)

    assert (answer.status, answer.headers["content-type"]) == (status, "application/json")
    assert words in answer.message


def test_a_client_too_old_for_json_gets_text(api: Api) -> None:
    answer = api.ask("GET", "/v1.10/version")

    assert (answer.status, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert answer.body.decode() == (
        "client version 1.10 is too old. Minimum supported API version is 1.24, "
        "please upgrade your client to a newer version\n"
    )


BAD_JSON: dict[str, bytes] = {
    "cut": b'{"Image"',
    "blank": b"  ",
    "two values": b'{"Image":"busybox"} {}',
    "deep": b'{"Volumes":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep unknown": b'{"x":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    "many digits": b'{"HostConfig":{"Memory":' + b"9" * 10_000 + b"}}",
    "not a number": b'{"HostConfig":{"Memory":NaN}}',
    "fraction": b'{"HostConfig":{"Memory":1.5}}',
    "lone surrogate": b'{"Image":"\\ud800"}',
    "bad UTF-8": b'{"Image":"\xff"}',
    "comment": b'{"Image":"busybox"} // no',
    "too long": b'{"Image":"' + b"x" * (4 << 20) + b'"}',
}


@pytest.mark.parametrize("body", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_bad_json_is_the_clients_fault(api: Api, body: bytes) -> None:
    answer = api.ask("POST", "/containers/create", body, JSON)

    assert answer.status == 400
    assert answer.message.startswith("invalid JSON: ")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("Application/JSON; charset=utf-8", 201),
        ("application/jsonx", 400),
        ("text/plain", 400),
        ("application/x-www-form-urlencoded", 400),
        ("json", 400),
        ("", 400),
    ],
)
def test_only_json_is_taken_for_json(api: Api, content_type: str, status: int) -> None:
    body = b'{"Image":"busybox"}'

    answer = api.ask("POST", "/containers/create", body, {"Content-Type": content_type})

    assert answer.status == status


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (InvalidArgument, 400),
        (Unauthorized, 401),
        (Forbidden, 403),
        (NotFound, 404),
        (Conflict, 409),
        (Internal, 500),
        (Unsupported, 501),
        (Unavailable, 503),
    ],
)
def test_an_error_has_its_status(api: Api, failure: type[SeacanError], status: int) -> None:
    api.engine.containers.fails["stop"] = failure("it is so")

    answer = api.ask("POST", "/containers/first/stop", described=False)

    assert (answer.status, answer.json) == (status, {"message": "it is so"})


def test_not_modified_has_no_body(api: Api) -> None:
    api.engine.containers.fails["stop"] = NotModified("stopped already")

    answer = api.ask("POST", "/containers/first/stop")

    assert (answer.status, answer.body) == (304, b"")


def test_a_bug_is_told_without_ending_the_server(
    api: Api, capfd: pytest.CaptureFixture[str]
) -> None:
    api.engine.containers.fails["stop"] = TypeError("oops")  # type: ignore[assignment]

    answer = api.ask("POST", "/containers/first/stop")

    assert (answer.status, answer.message) == (500, "internal error: oops")
    assert "TypeError" in capfd.readouterr().err
    assert api.ask("GET", "/_ping").status == 200


@pytest.mark.parametrize("path", ["/_ping", "/v1.24/_ping", "/v1.51/_ping"])
def test_ping(api: Api, path: str) -> None:
    for method in ("GET", "HEAD"):
        answer = api.ask(method, path)
        assert answer.status == 200
        assert answer.headers["api-version"] == "1.51"
        assert answer.headers["builder-version"] == "2"
        assert answer.headers["swarm"] == "inactive"
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert "no-cache" in answer.headers["cache-control"]
        assert answer.body == (b"OK" if method == "GET" else b"")


ASKED: list[tuple[str, str, Any, int, tuple[Any, ...]]] = [
    ("POST", "/containers/first/stop", None, 204, ("stop", "first", None, None)),
    ("POST", "/containers/first/stop?t=5&signal=INT", None, 204, ("stop", "first", 5, "INT")),
    ("POST", "/containers/first/stop?t=-1", None, 204, ("stop", "first", -1, None)),
    ("POST", "/v1.41/containers/first/stop?signal=INT", None, 204, ("stop", "first", None, None)),
    ("POST", "/containers/first/restart?t=0", None, 204, ("restart", "first", 0, None)),
    ("POST", "/containers/first/kill", None, 204, ("kill", "first", None)),
    ("POST", "/containers/first/kill?signal=9", None, 204, ("kill", "first", "9")),
    ("POST", "/containers/first/start", {}, 304, ("start", "first")),
    ("DELETE", "/containers/first", None, 204, ("remove", "first", False, False)),
    ("DELETE", "/containers/first?force=1&v=true", None, 204, ("remove", "first", True, True)),
    ("DELETE", "/containers/a/b?force=no", None, 204, ("remove", "a/b", False, False)),
    ("POST", "/containers/first/resize?h=24&w=80", None, 200, ("resize", "first", 24, 80)),
    ("GET", "/containers/json", None, 200, ("list", False, None, {}, False)),
    ("GET", "/containers/json?all=1&limit=3", None, 200, ("list", True, 3, {}, False)),
    ("GET", "/containers/json?limit=-1", None, 200, ("list", False, None, {}, False)),
    ("GET", "/containers/json?all=True", None, 200, ("list", True, None, {}, False)),
    ("GET", '/containers/json?filters={"name":["a","b"]}', None, 200,
     ("list", False, None, {"name": ["a", "b"]}, False)),
    ("GET", '/containers/json?filters={"name":{"a":true}}', None, 200,
     ("list", False, None, {"name": ["a"]}, False)),
    ("GET", "/containers/json?before=x&size=1", None, 200,
     ("list", False, None, {"before": ["x"]}, True)),
    ("POST", "/containers/first/wait?condition=removed", None, 200, ("wait", "first", "removed")),
    ("POST", "/v1.29/containers/first/wait?condition=removed", None, 200,
     ("wait", "first", "not-running")),
    ("GET", "/containers/first/logs?stdout=1&stderr=1&timestamps=1&tail=all&since=1.5", None, 200,
     ("logs", "first", True, True, False, "1.5", None, True, False, None)),
    ("GET", "/containers/first/logs?stderr=1&tail=10&until=9&details=1", None, 200,
     ("logs", "first", False, True, False, None, "9", False, True, 10)),
    ("GET", "/containers/first/logs?stdout=1&tail=-1", None, 200,
     ("logs", "first", True, False, False, None, None, False, False, None)),
    ("DELETE", "/containers/first/logs", None, 204, ("clear_logs", "first")),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "asked"), ASKED)
def test_the_engine_is_asked(
    api: Api, method: str, path: str, body: Any, status: int, asked: tuple[Any, ...]
) -> None:
    answer = api.ask(method, path.replace('"', "%22"), body)

    assert (answer.status, api.engine.containers.calls) == (status, [asked])


def test_create(api: Api) -> None:
    request = {"Image": "busybox", "Cmd": ["true"], "HostConfig": {"NetworkMode": "none"}}

    answer = api.ask("POST", "/v1.51/containers/create?name=x&platform=linux%2Famd64", request)

    assert answer.status == 201
    assert answer.json == {"Id": "b" * 64, "Warnings": ["a warning"]}
    ((verb, asked, name, platform),) = api.engine.containers.calls
    assert (verb, name, platform) == ("create", "x", "linux/amd64")
    assert asked["Cmd"] == ["true"]
    assert asked["HostConfig"]["NetworkMode"] == "none"


def test_start(api: Api) -> None:
    api.engine.containers.records["first"].state.status = Status.CREATED

    assert api.ask("POST", "/containers/first/start").status == 204
    refused = api.ask("POST", "/containers/first/start", {"HostConfig": {}})
    assert refused.status == 400
    assert "deprecated since API v1.22" in refused.message


def test_wait_tells_an_error(api: Api) -> None:
    api.engine.containers.exit = Exit(1, "removal failed")

    answer = api.ask("POST", "/containers/first/wait")

    assert answer.json == {"StatusCode": 1, "Error": {"Message": "removal failed"}}
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("path", "tty", "kind"),
    [
        ("/v1.51/containers/first/logs?stdout=1", False, "multiplexed"),
        ("/v1.41/containers/first/logs?stdout=1", False, "raw"),
        ("/v1.51/containers/first/logs?stdout=1", True, "raw"),
    ],
)
def test_logs(api: Api, path: str, tty: bool, kind: str) -> None:
    api.engine.containers.records["first"] = make_container(tty=tty)

    answer = api.ask("GET", path)

    assert answer.body == b"\x01\0\0\0\0\0\0\x03hi\n"
    assert answer.headers["content-type"] == f"application/vnd.docker.{kind}-stream"


def test_exec_life(api: Api) -> None:
    config = {"Cmd": ["sh", "-c", "true"], "AttachStdout": True, "User": "nobody"}
    created = api.ask("POST", "/containers/first/exec", config)
    assert created.status == 201
    exec_id = created.json["Id"]

    started = api.ask("POST", f"/exec/{exec_id}/start", {"Detach": True})
    assert (started.status, started.body) == (200, b"")
    assert api.engine.execs.calls[-1] == ("start", exec_id, True, False, None)

    seen = api.ask("GET", f"/exec/{exec_id}/json").json
    assert seen == {
        "ID": exec_id,
        "Running": False,
        "ExitCode": None,
        "ProcessConfig": {"tty": False, "entrypoint": "sh", "arguments": ["-c", "true"],
                          "privileged": False, "user": "nobody"},
        "OpenStdin": False,
        "OpenStderr": False,
        "OpenStdout": True,
        "CanRemove": False,
        "ContainerID": "a" * 64,
        "DetachKeys": "",
        "Pid": 0,
    }  # fmt: skip
    assert api.ask("POST", f"/exec/{exec_id}/resize?h=1&w=2").status == 200
    api.engine.execs.fails = True
    assert api.ask("POST", f"/exec/{exec_id}/start", {"Detach": True}).status == 409


def test_images_that_are_there(api: Api) -> None:
    assert [image["RepoTags"] for image in api.ask("GET", "/images/json").json] == [
        ["busybox:latest"],
        [],
    ]
    assert [image["Containers"] for image in api.ask("GET", "/images/json").json] == [1, 0]
    named = api.ask("GET", '/images/json?filters={"reference":["busy*"]}'.replace('"', "%22"))
    assert [image["Id"] for image in named.json] == [IMAGE_ID]
    assert len(api.ask("GET", "/v1.40/images/json?filter=busybox").json) == 1
    assert api.ask("GET", "/images/busybox/json").json["Id"] == IMAGE_ID
    assert api.ask("POST", "/images/busybox/tag?repo=x&tag=y").status == 201
    assert api.ask("DELETE", "/images/busybox?force=1&noprune=1").json == [
        {"Untagged": "busybox:latest"},
        {"Deleted": IMAGE_ID},
    ]
    assert api.engine.images.calls == [
        ("tag", "busybox", "docker.io/library/x:y"),
        ("remove", "busybox", False, []),
    ]


def test_manifests_of_images(api: Api) -> None:
    wanted = {
        "ID": "sha256:" + "f" * 64,
        "Descriptor": {
            "mediaType": "m",
            "digest": "sha256:" + "f" * 64,
            "size": 7,
            "platform": {"architecture": "amd64", "os": "linux"},
        },
        "Available": True,
        "Size": {"Content": 100, "Total": 1984448},
        "Kind": "image",
        "ImageData": {
            "Platform": {"architecture": "amd64", "os": "linux"},
            "Containers": ["a" * 64],
            "Size": {"Unpacked": 1984348},
        },
    }

    listed = api.ask("GET", "/images/json?manifests=1").json
    inspected = api.ask("GET", "/images/busybox/json?manifests=1").json

    # Of the other image the list knows, and its manifest is gone already.
    assert [image["Manifests"] for image in listed] == [[wanted]]
    assert inspected["Manifests"] == [wanted]
    for shape in (*listed, inspected):
        assert shape["Descriptor"] == {"mediaType": "m", "digest": wanted["ID"], "size": 7}
    assert "Descriptor" not in api.ask("GET", "/v1.47/images/json?manifests=1").json[0]
    for path in ("/v1.46/images/json?manifests=1", "/images/json"):
        assert not any("Manifests" in image for image in api.ask("GET", path).json)
    for path in ("/v1.47/images/busybox/json?manifests=1", "/images/busybox/json"):
        assert "Manifests" not in api.ask("GET", path).json


def test_sizes_that_images_share(api: Api) -> None:
    path = "/images/json?shared-size=1"
    assert [image["SharedSize"] for image in api.ask("GET", path).json] == [5, 5]
    assert [image["SharedSize"] for image in api.ask("GET", f"/v1.41{path}").json] == [-1, -1]


def test_save(api: Api) -> None:
    for path in ("/images/get?names=busybox&names=busybox", "/images/busybox/get"):
        answer = api.ask("GET", path)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/x-tar")
        assert answer.body == b"archive of " + b"busybox" * path.count("busybox")
    assert api.ask("GET", "/images/get?names=nope").status == 404


def test_history(api: Api) -> None:
    assert api.ask("GET", "/images/busybox/history").json == [
        {
            "Comment": "why", "Created": 1, "CreatedBy": "sh", "Id": IMAGE_ID, "Size": 5,
            "Tags": ["busybox:latest"],
        }
    ]  # fmt: skip


def test_check(api: Api) -> None:
    checked = {"blobs": 3, "layers": 0, "images": 0, "references": 0}
    assert _lines(api.ask("GET", "/system/check").body) == [
        {"problem": "blob x: is damaged"},
        {"checked": checked},
    ]


def test_prune_of_images(api: Api) -> None:
    answer = api.ask("POST", "/images/prune?filters=%7B%22label%22%3A%5B%22x%22%5D%7D")
    assert answer.json == {"ImagesDeleted": [{"Deleted": IMAGE_ID}], "SpaceReclaimed": 7}
    assert api.engine.image_prune.wanted == {"label": ["x"]}


ARM = "%7B%22os%22%3A%22linux%22%2C%22architecture%22%3A%22arm64%22%7D"
S390X = ARM.replace("arm64", "s390x")


@pytest.mark.parametrize(
    ("method", "path", "since"),
    [
        ("GET", "/images/busybox/history?platform=", 48),
        ("GET", "/images/busybox/json?platform=", 49),
    ],
)
def test_platforms(api: Api, method: str, path: str, since: int) -> None:
    assert api.ask(method, f"/v1.{since}{path}{ARM}").status == 200
    assert str(api.engine.images.platform) == "linux/arm64"
    assert api.ask(method, f"/v1.{since - 1}{path}junk").status == 200
    assert api.engine.images.platform is None
    refused = api.ask(method, f"/v1.{since}{path}junk")
    assert (refused.status, "failed to parse platform" in refused.message) == (400, True)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/images/load"), ("GET", "/images/busybox/get")]
)
def test_several_platforms(api: Api, method: str, path: str) -> None:
    assert api.ask(method, f"/v1.48{path}?platform={ARM}&platform={S390X}").status == 200
    assert [str(one) for one in api.engine.images.platforms] == ["linux/arm64", "linux/s390x"]
    assert api.ask(method, f"/v1.47{path}?platform=junk").status == 200
    assert api.engine.images.platforms == []
    refused = api.ask(method, f"/v1.48{path}?platform=junk")
    assert (refused.status, "failed to parse platform" in refused.message) == (400, True)


def test_platforms_of_an_image_are_removed(api: Api) -> None:
    api.ask("DELETE", f"/images/busybox?force=1&platforms={ARM}&platforms={S390X}")
    removed = api.engine.images.calls[-1]
    assert [str(one) for one in removed[3]] == ["linux/arm64", "linux/s390x"]


def _lines(body: bytes) -> list[Any]:
    return [json.loads(line) for line in body.splitlines()]


def test_load(api: Api) -> None:
    archive = b"x" * 3_000_000

    answer = api.ask("POST", "/images/load", archive, {"Content-Type": "application/x-tar"})

    assert answer.status == 200
    assert _lines(answer.body) == [{"stream": "Loaded image: busybox:latest\n"}]
    assert api.engine.images.received_bytes == len(archive)


def test_load_shows_progress_if_asked(api: Api) -> None:
    answer = api.ask("POST", "/images/load?quiet=0", b"x")

    assert _lines(answer.body)[0]["progressDetail"] == {"current": 1, "total": 2}


def test_load_that_fails(api: Api) -> None:
    refused = api.ask("POST", "/images/load", b"junk" * 100_000)
    # Clients look for it there, whenever it happens.
    assert (refused.status, _lines(refused.body)[-1]["error"]) == (200, "load: not an archive")

    api.engine.images.fails_late = True
    cut_short = api.ask("POST", "/images/load?quiet=0", b"x")
    assert cut_short.status == 200
    assert _lines(cut_short.body)[-1] == {
        "errorDetail": {"message": "load: layer is damaged"},
        "error": "load: layer is damaged",
    }


def test_a_load_whose_client_goes_away_ends(api: Api) -> None:
    head = b"POST /images/load HTTP/1.1\r\nHost: d\r\nContent-Length: 1000000\r\n\r\n"
    with api.connect() as client:
        client.sendall(head + b"x" * 10)
    assert api.ask("GET", "/_ping").status == 200


def test_import(api: Api) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("etc"))

    answer = api.ask(
        "POST",
        "/images/create?fromSrc=-&repo=x&tag=y&message=m&changes=CMD%20sh&changes=USER%201",
        packed.getvalue(),
    )

    assert _lines(answer.body) == [{"status": IMAGE_ID}]
    assert api.engine.images.calls == [
        (
            "import",
            ["etc"],
            "docker.io/library/x:y",
            {"Cmd": ["/bin/sh", "-c", "sh"], "User": "1"},
            "m",
            None,
        )
    ]


def test_import_from_a_url(api: Api) -> None:
    api.engine.remote.archive = archives.tar([archives.member("etc")])
    path = "/images/create?fromSrc=http://h/x.tar&repo=x"

    answer = api.ask("POST", path)

    # How far it is is told now and then, and at the end.
    first, *progress, last = _lines(answer.body)
    assert (first["status"], last["status"]) == ("Downloading from http://h/x.tar", IMAGE_ID)
    assert {line["status"] for line in progress} == {"Importing"}
    detail = {"current": len(api.engine.remote.archive), "total": len(api.engine.remote.archive)}
    assert progress[-1]["progressDetail"] == detail
    assert "id" not in progress[-1]
    assert api.engine.images.calls == [
        ("import", ["etc"], "docker.io/library/x:latest", {}, "Imported from http://h/x.tar", None)
    ]

    api.engine.remote.failure = NotFound("failed to GET http://h/x.tar with status 404 Not Found")
    assert api.ask("POST", path).status == 404


def test_version_and_info(api: Api) -> None:
    assert api.ask("GET", "/version").json["MinAPIVersion"] == "1.24"
    assert "Expected" not in api.ask("GET", "/v1.51/info").json["RuncCommit"]
    old = api.ask("GET", "/v1.24/info").json
    assert old["SecurityOptions"] == ["seccomp"]
    assert old["RuncCommit"] == {"ID": "abc", "Expected": "abc"}
    assert old["Runtimes"] == {"seacan": {"path": "x"}}
