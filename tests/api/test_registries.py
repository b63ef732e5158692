"""Registries over the API: login, pull, push, distribution, search."""

import base64
import json
import socket

import pytest
from tests.api.conftest import Api, chunks_of, read_until

from seacan.errors import InvalidArgument, NotFound


def auth(**fields: str) -> dict[str, str]:
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(fields).encode()).decode()}


@pytest.mark.parametrize(
    ("query", "pulled"),
    [
        ("fromImage=busybox&tag=1", ("docker.io/library/busybox:1", "")),
        ("fromImage=busybox:2", ("docker.io/library/busybox:2", "")),
        ("fromImage=busybox:2&tag=3", ("docker.io/library/busybox:3", "")),
        ("fromImage=busybox:", ("docker.io/library/busybox", "")),
        ("fromImage=h:5/a&tag=sha256:" + "a" * 64, ("h:5/a@sha256:" + "a" * 64, "")),
        ("fromImage=h:5/a&tag=1&platform=linux/arm/v7", ("h:5/a:1", "linux/arm/v7")),
    ],
)
def test_what_is_pulled(api: Api, query: str, pulled: tuple[str, str]) -> None:
    api.engine.remote.messages = [{"status": "Pulling", "id": "1"}]

    answer = api.ask("POST", f"/images/create?{query}", headers=auth(username="bob"))

    assert (answer.status, answer.body) == (200, b'{"status":"Pulling","id":"1"}\r\n')
    assert api.engine.remote.calls == [("pull", *pulled, "bob")]


def test_the_platform_of_an_old_client_means_nothing(api: Api) -> None:
    api.ask("POST", "/v1.31/images/create?fromImage=a&tag=1&platform=x/y/z/w")

    assert api.engine.remote.calls == [("pull", "docker.io/library/a:1", "", "")]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/images/create?fromImage=scratch&tag=1", 403, "'scratch' is a reserved name"),
        ("/images/create?fromImage=a&tag=1:", 400, "invalid tag format"),
        ("/images/create?fromImage=A", 400, "must be lowercase"),
        ("/images/create?fromImage=a&platform=x/y/z/w", 400, "cannot parse platform specifier"),
        ("/images/A/push?tag=1", 400, "must be lowercase"),
        ("/images/a/push?tag=1&platform=x", 400, "failed to parse platform"),
        ("/images/a/push?tag=1&platform=%7B%22os%22:%22x%22%7D", 400, "both OS and Architecture"),
    ],
)
def test_refused(api: Api, path: str, status: int, words: str) -> None:
    answer = api.ask("POST", path)

    assert (answer.status, words in answer.message) == (status, True), answer
    assert not api.engine.remote.calls


def test_a_failure_is_the_answer_or_the_last_line_of_it(api: Api) -> None:
    api.engine.remote.failure = NotFound("manifest for a:1 not found")
    answer = api.ask("POST", "/images/create?fromImage=a&tag=1")
    assert (answer.status, answer.message) == (404, "manifest for a:1 not found")

    api.engine.remote.messages = [{"status": "Pulling", "id": "1"}]
    answer = api.ask("POST", "/images/create?fromImage=a&tag=1")
    assert answer.status == 200
    assert answer.body.splitlines()[1] == (
        b'{"errorDetail":{"message":"manifest for a:1 not found"},'
        b'"error":"manifest for a:1 not found"}'
    )


def test_each_message_is_a_chunk(api: Api) -> None:
    """As docker-py hands chunks on to who does not have it decode them."""
    api.engine.remote.messages = [{"status": "Pulling", "id": str(i)} for i in range(50)]
    request = (
        b"POST /images/create?fromImage=a&tag=1 HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n"
    )
    chunks = chunks_of(api.exchange(request))
    assert [json.loads(chunk) for chunk in chunks] == api.engine.remote.messages


def test_a_client_that_goes_away_ends_a_pull(api: Api) -> None:
    api.engine.remote.messages = [{"status": "Pulling", "id": "1"}]
    api.engine.remote.hangs = True
    with api.connect() as client:
        client.sendall(b"POST /images/create?fromImage=a&tag=1 HTTP/1.1\r\nHost: d\r\n\r\n")
        assert b"200 OK" in read_until(client, b"Pulling")
        client.shutdown(socket.SHUT_WR)

    assert api.engine.remote.is_cancelled.wait(60)


def test_malformed_credentials_count_as_none(api: Api) -> None:
    for header in ("!", "e30", base64.b64encode(b"[1]").decode(), "x" * 100_00):
        api.ask("POST", "/images/a/push?tag=1", headers={"X-Registry-Auth": header})

    assert {call[3] for call in api.engine.remote.calls} == {""}


def test_push_of_a_tag_and_of_all(api: Api) -> None:
    api.ask("POST", "/images/h:5/a/push?tag=1", headers=auth(username="bob"))
    api.ask("POST", "/images/h:5/a/push")
    api.ask("POST", '/images/a/push?tag=1&platform={"os":"linux","architecture":"arm"}'
            .replace('"', "%22").replace("{", "%7B").replace("}", "%7D"))  # fmt: skip

    assert api.engine.remote.calls == [
        ("push", "h:5/a:1", "", "bob"),
        ("push", "h:5/a", "", ""),
        ("push", "docker.io/library/a:1", "linux/arm", ""),
    ]


def test_login(api: Api) -> None:
    answer = api.ask("POST", "/auth", {"username": "bob", "password": "secret"})
    assert answer.json == {"IdentityToken": "identity", "Status": "Login Succeeded"}

    answer = api.ask("POST", "/auth", {"username": "bob", "password": "wrong"})
    assert (answer.status, answer.message) == (
        401,
        "unauthorized: incorrect username or password",
    )

    assert api.ask("POST", "/auth").status == 400


def test_distribution(api: Api) -> None:
    assert api.ask("GET", "/distribution/h:5/a/b:1/json").json == {
        "Descriptor": {"mediaType": "a/b", "digest": "sha256:" + "a" * 64, "size": 5},
        "Platforms": [{"architecture": "arm", "os": "x"}],
    }
    api.engine.remote.failure = InvalidArgument("no")
    assert api.ask("GET", "/distribution/a/json").status == 400


def test_search(api: Api) -> None:
    answer = api.ask("GET", "/images/search?term=x")
    assert api.engine.remote.calls == [("search", "x", 25)]
    assert answer.json == [
        {
            "star_count": 7,
            "is_official": True,
            "name": "one",
            "is_automated": False,
            "description": "first",
        },
        {
            "star_count": 3,
            "is_official": False,
            "name": "two",
            "is_automated": False,
            "description": "",
        },
    ]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"stars": ["4"]}, ["one"]),
        ({"stars": ["1", "8"]}, []),
        ({"is-official": ["false"]}, ["two"]),
        ({"is-automated": ["true"]}, []),
        ({"is-automated": ["0"]}, ["one", "two"]),
    ],
)
def test_search_filters(api: Api, filters: dict[str, list[str]], found: list[str]) -> None:
    text = json.dumps(filters, separators=(",", ":"))
    for plain, quoted in (('"', "%22"), ("{", "%7B"), ("}", "%7D")):
        text = text.replace(plain, quoted)

    answer = api.ask("GET", f"/images/search?term=x&limit=5&filters={text}")

    assert [one["name"] for one in answer.json] == found


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=101", "limit 101 is outside the range of [1, 100]"),
        ("limit=-1", "limit -1 is outside the range of [1, 100]"),
        ("filters=%7B%22a%22:[%22b%22]%7D", "invalid filter 'a'"),
        ("filters=%7B%22stars%22:[%22b%22]%7D", "invalid filter 'stars=b'"),
        ("filters=%7B%22is-official%22:[%22b%22]%7D", "invalid filter 'is-official="),
    ],
)
def test_wrong_searches(api: Api, query: str, words: str) -> None:
    answer = api.ask("GET", f"/images/search?term=x&{query}")

    assert (answer.status, words in answer.message) == (400, True), answer


def test_a_manifest_as_it_is(api: Api) -> None:
    answer = api.ask("GET", "/manifests/h:5/a:1/json")

    assert (answer.status, answer.body) == (200, b'{ "as": "is" }')
    assert answer.headers["content-type"] == "application/x-manifest"
    assert answer.headers["docker-content-digest"] == "sha256:" + "a" * 64


def test_a_list_is_pushed(api: Api) -> None:
    source, platform = "h:5/b@sha256:" + "c" * 64, {"os": "linux", "architecture": "arm"}

    answer = api.ask(
        "POST",
        "/manifests/h:5/a:1/push",
        [{"Source": source, "Platform": platform}],
        auth(username="bob"),
    )

    assert (answer.status, answer.json) == (201, {"Digest": "sha256:" + "b" * 64})
    assert api.engine.remote.calls == [("push_list", "h:5/a:1", [(source, platform)], "bob")]


@pytest.mark.parametrize("body", [None, [], [{}], [{"Source": "A", "Platform": {}}], {}])
def test_a_list_of_nothing(api: Api, body: object) -> None:
    assert api.ask("POST", "/manifests/h:5/a:1/push", body).status == 400
    assert not api.engine.remote.calls


def test_a_blob_by_its_digest(api: Api) -> None:
    name = "h:5/a@sha256:" + "d" * 64

    answer = api.ask("GET", f"/manifests/{name}/blob?size=3", headers=auth(username="bob"))

    assert (answer.status, answer.body) == (200, b"xxx")
    assert api.engine.remote.calls == [("blob", name, 3, "bob")]


@pytest.mark.parametrize("path", ["h:5/a:1/blob?size=3", f"h:5/a@sha256:{'d' * 64}/blob"])
def test_a_blob_of_no_digest_or_size(api: Api, path: str) -> None:
    assert api.ask("GET", f"/manifests/{path}").status == 400


def test_an_artifact_is_pushed(api: Api) -> None:
    body = {"Manifest": "{}", "Blobs": ["eA==", ""]}

    answer = api.ask("POST", "/manifests/h:5/a:1/artifact", body)

    assert (answer.status, answer.json) == (201, {"Digest": "sha256:" + "c" * 64})
    assert api.engine.remote.calls == [("push_artifact", "h:5/a:1", b"{}", [b"x", b""])]


@pytest.mark.parametrize("body", [None, {}, {"Manifest": "{}"}, {"Manifest": "", "Blobs": ["?"]}])
def test_an_artifact_of_nothing(api: Api, body: object) -> None:
    assert api.ask("POST", "/manifests/h:5/a:1/artifact", body).status == 400
    assert not api.engine.remote.calls
