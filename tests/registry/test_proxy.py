"""A cache of another registry: fetched once, asked again in time, served when that is down."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest
from msgspec.structs import replace
from tests.registry.conftest import (
    INDEX_TYPE,
    MANIFEST_TYPE,
    Answer,
    RegistryWith,
    Running,
    descriptor,
    manifest,
    running_registry,
    sha256,
)
from tests.registry.upstreams import PATIENCE_S, Upstream, running_upstream

from seacan.images.remote.credentials import Credentials
from seacan.registry.settings import Address, Passwords, Proxy, Settings

DATA = bytes(range(256)) * 20_000  # 5 MB
BLOB = f"/v2/team/app/blobs/{sha256(DATA)}"
TAG = "/v2/team/app/manifests/v1"
FOREVER = 1e9


@pytest.fixture
def origin_settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "origin", Address("127.0.0.1", 0))


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with running_upstream() as upstream:
        yield upstream


def proxy_of(url: str, tag_lifetime_s: float = 0.0) -> Proxy:
    return Proxy(url, tag_lifetime_s)


def url_of(registry: Running) -> str:
    return f"http://127.0.0.1:{registry.port}"


def test_what_was_fetched_is_served_when_the_other_is_down(
    registry_with: RegistryWith, origin_settings: Settings
) -> None:
    with running_registry(origin_settings) as origin:
        digest = origin.push_image("team/app", "v1", DATA)
        proxy = proxy_of(url_of(origin))
        with registry_with(proxy=proxy) as cache:
            first = [cache.ask("GET", path) for path in (TAG, BLOB)]
            assert first[0].headers["docker-content-digest"] == digest
            assert first[1].body == DATA
    with registry_with(proxy=proxy) as cache:
        assert [cache.ask("GET", path).body for path in (TAG, BLOB)] == [a.body for a in first]
        assert cache.ask("GET", TAG.replace("v1", digest)).body == first[0].body
        assert cache.ask("HEAD", TAG).headers["docker-content-digest"] == digest
        assert cache.ask("GET", "/v2/team/app/tags/list").json["tags"] == ["v1"]
        assert cache.ask("GET", f"/v2/team/app/referrers/{digest}").json["manifests"] == []
        absent = cache.ask("GET", TAG.replace("v1", "v2"))
        assert (absent.status, absent.code) == (503, "UNAVAILABLE")


@pytest.mark.parametrize(("lifetime_s", "sees"), [(0.0, "second"), (FOREVER, "first")])
def test_a_tag_is_believed_for_a_time(
    registry_with: RegistryWith, origin_settings: Settings, lifetime_s: float, sees: str
) -> None:
    with running_registry(origin_settings) as origin:
        digests = {"first": origin.push_image("team/app", "v1", b"one")}
        with registry_with(proxy=proxy_of(url_of(origin), lifetime_s)) as cache:
            assert cache.ask("GET", TAG).headers["docker-content-digest"] == digests["first"]
            digests["second"] = origin.push_image("team/app", "v1", b"two")

            answer = cache.ask("GET", TAG)

            assert answer.headers["docker-content-digest"] == digests[sees]


def test_a_tag_that_is_removed_there(
    registry_with: RegistryWith, origin_settings: Settings
) -> None:
    with running_registry(origin_settings) as origin:
        digest = origin.push_image("team/app", "v1", b"one")
        with registry_with(proxy=proxy_of(url_of(origin))) as cache:
            cache.ask("GET", TAG)
            origin.ask("DELETE", TAG)

            assert cache.ask("GET", TAG).code == "MANIFEST_UNKNOWN"
            assert cache.ask("GET", TAG.replace("v1", digest)).status == 200


def test_what_is_not_there(registry_with: RegistryWith, origin_settings: Settings) -> None:
    with (
        running_registry(origin_settings) as origin,
        registry_with(proxy=proxy_of(url_of(origin))) as cache,
    ):
        assert cache.ask("GET", TAG).code == "MANIFEST_UNKNOWN"
        for method in ("GET", "HEAD"):
            assert cache.ask(method, BLOB).status == 404
        assert cache.ask("GET", "/v2/team/app/tags/list").code == "NAME_UNKNOWN"


def test_head_fetches_nothing(registry_with: RegistryWith, upstream: Upstream) -> None:
    upstream.add_blob("team/app", DATA)
    with registry_with(proxy=proxy_of(upstream.url)) as cache:
        answer = cache.ask("HEAD", BLOB)

        assert answer.headers["content-length"] == str(len(DATA))
        assert list(upstream.asked) == [f"HEAD {BLOB.removeprefix('/v2/')}"]


def test_many_who_want_the_same_cost_one_fetch(
    registry_with: RegistryWith, upstream: Upstream
) -> None:
    upstream.add_blob("team/app", DATA)
    upstream.hold = threading.Event()
    with registry_with(proxy=proxy_of(upstream.url)) as cache:
        answers: list[Answer] = []
        threads = [
            threading.Thread(target=lambda: answers.append(cache.ask("GET", BLOB)))
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        assert upstream.half_sent.wait(PATIENCE_S)
        upstream.hold.set()
        for thread in threads:
            thread.join()

        assert [answer.body == DATA for answer in answers] == [True] * 5
        assert cache.ask("GET", BLOB).body == DATA
        assert upstream.asked[f"GET {BLOB.removeprefix('/v2/')}"] == 1


def test_a_blob_is_served_while_it_comes(registry_with: RegistryWith, upstream: Upstream) -> None:
    upstream.add_blob("team/app", DATA)
    upstream.hold = threading.Event()
    with registry_with(proxy=proxy_of(upstream.url)) as cache:
        connection = http.client.HTTPConnection("127.0.0.1", cache.port, timeout=PATIENCE_S)
        connection.request("GET", BLOB, headers={"Range": "bytes=100-"})
        reply = connection.getresponse()
        assert reply.status == 206
        first = reply.read(1 << 20)  # the other half is held back
        assert first == DATA[100 : 100 + (1 << 20)]
        upstream.hold.set()
        assert first + reply.read() == DATA[100:]
        connection.close()


def test_a_download_goes_on_without_who_asked(
    registry_with: RegistryWith, upstream: Upstream
) -> None:
    upstream.add_blob("team/app", DATA)
    upstream.hold = threading.Event()
    with registry_with(proxy=proxy_of(upstream.url)) as cache:
        connection = http.client.HTTPConnection("127.0.0.1", cache.port, timeout=PATIENCE_S)
        connection.request("GET", BLOB)
        connection.getresponse().close()
        connection.close()
        upstream.hold.set()

        assert cache.ask("GET", BLOB).body == DATA
        assert upstream.asked[f"GET {BLOB.removeprefix('/v2/')}"] == 1


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-1] + b"!", lambda data: data[:-1]], ids=["changed", "cut"]
)
def test_a_blob_that_is_not_right_is_not_given_away(
    registry_with: RegistryWith, upstream: Upstream, spoil: type[bytes]
) -> None:
    upstream.add_blob("team/app", DATA)
    upstream.spoil = spoil
    with registry_with(proxy=proxy_of(upstream.url)) as cache:
        with pytest.raises(http.client.IncompleteRead):
            cache.ask("GET", BLOB)
        upstream.spoil = bytes

        assert cache.ask("GET", BLOB).body == DATA


def test_a_manifest_that_is_not_right_is_not_given_away(
    registry_with: RegistryWith, upstream: Upstream
) -> None:
    data = json.dumps(manifest(b"layer")).encode()
    upstream.files["team/app/manifests/v1"] = data
    upstream.files[f"team/app/manifests/{sha256(data)}"] = data
    upstream.spoil = lambda right: right.replace(b"{", b"{ ", 1)[: len(right)]
    with registry_with(proxy=proxy_of(upstream.url)) as cache:
        for reference in ("v1", sha256(data)):
            assert cache.ask("GET", TAG.replace("v1", reference)).status == 503
        upstream.spoil = bytes
        assert cache.ask("GET", TAG).body == data


def test_a_registry_that_has_enough_is_not_asked_again_at_once(
    registry_with: RegistryWith, upstream: Upstream
) -> None:
    data = json.dumps(manifest(b"layer")).encode()
    upstream.files["team/app/manifests/v1"] = data
    with registry_with(proxy=proxy_of(upstream.url)) as cache:
        cache.ask("GET", TAG)
        upstream.status = 429
        upstream.asked.clear()

        for _ in range(3):
            assert cache.ask("GET", TAG).body == data

        assert upstream.asked == {"HEAD team/app/manifests/v1": 1}


def test_a_registry_that_hangs_holds_up_only_who_needs_it(
    registry_with: RegistryWith, upstream: Upstream
) -> None:
    kept = upstream.add_blob("team/app", b"kept")
    wanted = [upstream.add_blob("team/app", b"hangs %d" % number) for number in range(50)]
    with registry_with(proxy=proxy_of(upstream.url)) as cache:
        cache.ask("GET", f"/v2/team/app/blobs/{kept}")
        upstream.hold = threading.Event()
        paths = [f"/v2/team/app/blobs/{digest}" for digest in wanted]
        waiting = [threading.Thread(target=cache.ask, args=("GET", path)) for path in paths]
        for thread in waiting:
            thread.start()
        while sum(upstream.asked.values()) < 20:
            threading.Event().wait(0.01)

        assert cache.ask("GET", f"/v2/team/app/blobs/{kept}").body == b"kept"

        upstream.hold.set()
        for thread in waiting:
            thread.join()
        assert cache.ask("GET", paths[-1]).body == b"hangs 49"


def test_one_blob_of_two_repositories_comes_once(
    registry_with: RegistryWith, upstream: Upstream
) -> None:
    upstream.add_blob("team/app", DATA)
    upstream.add_blob("other", DATA)
    with registry_with(proxy=proxy_of(upstream.url)) as cache:
        for repository in ("team/app", "other"):
            assert cache.ask("GET", BLOB.replace("team/app", repository)).body == DATA
        assert cache.ask("GET", BLOB.replace("team/app", "third")).code == "BLOB_UNKNOWN"

        digest = sha256(DATA)
        assert upstream.asked[f"GET other/blobs/{digest}"] == 0
        assert upstream.asked[f"HEAD other/blobs/{digest}"] == 1


def test_nothing_is_pushed_to_a_cache(registry_with: RegistryWith, upstream: Upstream) -> None:
    with registry_with(proxy=proxy_of(upstream.url)) as cache:
        for method, path in (("POST", "/v2/a/blobs/uploads/"), ("PUT", TAG)):
            answer = cache.ask(method, path, b"")
            assert (answer.status, answer.code) == (405, "UNSUPPORTED")


def test_tags_and_referrers_of_the_other(
    registry_with: RegistryWith, origin_settings: Settings
) -> None:
    with running_registry(origin_settings) as origin:
        for tag in "abc":
            digest = origin.push_image("team/app", tag, b"layer")
        subject = {**descriptor(b"", MANIFEST_TYPE), "digest": digest}
        referrer = origin.push_image("team/app", "r", b"one", subject=subject, artifactType="t/x")
        with registry_with(proxy=proxy_of(url_of(origin))) as cache:
            answer = cache.ask("GET", "/v2/team/app/tags/list?n=2&last=a")
            assert answer.json["tags"] == ["b", "c"]
            assert answer.headers["link"] == '</v2/team/app/tags/list?n=2&last=c>; rel="next"'
            path = f"/v2/team/app/referrers/{digest}"
            found = cache.ask("GET", path).json["manifests"]
            assert [one["digest"] for one in found] == [referrer]
            assert cache.ask("GET", f"{path}?artifactType=t/y").json["manifests"] == []


def test_referrers_of_a_registry_without_the_api(
    registry_with: RegistryWith, upstream: Upstream
) -> None:
    subject = sha256(b"subject")
    referrer = {**descriptor(b"referrer", MANIFEST_TYPE), "artifactType": "t/x"}
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [referrer]}
    upstream.files[f"team/app/manifests/{subject.replace(':', '-')}"] = json.dumps(index).encode()
    with registry_with(proxy=proxy_of(upstream.url)) as cache:
        answer = cache.ask("GET", f"/v2/team/app/referrers/{subject}")

        assert answer.json["manifests"] == [referrer]


def test_a_token_is_got_where_the_other_says(
    registry_with: RegistryWith, origin_settings: Settings, tmp_path: Path
) -> None:
    with running_registry(origin_settings) as origin:
        for name in ("public/app", "secret/app"):
            origin.push_image(name, "v1", b"layer")
    htpasswd = tmp_path / "htpasswd"
    htpasswd.write_bytes(b"ci:" + bcrypt.hashpw(b"secret", bcrypt.gensalt(4)))
    auth = Passwords(htpasswd, ("anonymous:pull:public/*", "ci:*:*"))
    with (
        running_registry(replace(origin_settings, auth=auth)) as origin,
        registry_with(proxy=proxy_of(url_of(origin))) as cache,
    ):
        assert cache.ask("GET", "/v2/public/app/manifests/v1").status == 200
        assert cache.ask("GET", f"/v2/public/app/blobs/{sha256(b'layer')}").body == b"layer"
        assert cache.ask("GET", "/v2/secret/app/manifests/v1").code == "MANIFEST_UNKNOWN"
        assert cache.ask("GET", f"/v2/secret/app/blobs/{sha256(b'layer')}").status == 404


@pytest.mark.parametrize("rules", [(), ("anonymous:pull:public/*", "ci:*:*")])
def test_a_password_for_the_other(
    registry_with: RegistryWith,
    origin_settings: Settings,
    tmp_path: Path,
    rules: tuple[str, ...],
) -> None:
    """Without a rule for anonymous it is asked for at once, with one a token is got by it."""
    with running_registry(origin_settings) as origin:
        origin.push_image("secret/app", "v1", b"layer")
    htpasswd = tmp_path / "htpasswd"
    htpasswd.write_bytes(b"ci:" + bcrypt.hashpw(b"secret", bcrypt.gensalt(4)))
    with running_registry(replace(origin_settings, auth=Passwords(htpasswd, rules))) as origin:
        for password, status in (("wrong", 404), ("secret", 200)):
            proxy = Proxy(url_of(origin), 0.0, Credentials("ci", password))
            with registry_with(proxy=proxy) as cache:
                assert cache.ask("GET", "/v2/secret/app/manifests/v1").status == status
                blob = f"/v2/secret/app/blobs/{sha256(b'layer')}"
                assert cache.ask("GET", blob).status == status
