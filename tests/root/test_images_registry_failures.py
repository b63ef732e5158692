"""Registries that break off, lie, refuse and redirect: what is kept, and what is told."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.registry import Cut, Drip, FakeRegistry, Hold, Status
from tests.images.archives import digest, directory, member, tar
from tests.images.place import BASE, TOP, Place
from tests.ports import free_port

from seacan.errors import Internal, NotFound, SeacanError, Unauthorized
from seacan.images import references
from seacan.images.remote import pace
from seacan.images.remote.credentials import NOBODY, Credentials
from seacan.images.remote.settings import RegistrySettings
from seacan.images.remote.tasks import Cancellation, Cancelled

pytestmark = pytest.mark.root

BIG = tar([directory("d"), *(member(f"d/{n}", bytes([n]) * 100_000) for n in range(30))])
SETTINGS = RegistrySettings(retry_delay_s=0.01, directories=(), max_attempts=3)
PART = b"HTTP/1.1 206 Part\r\nContent-Range: bytes 300000-2999999/3000000\r\n"
BOB = Credentials("bob", "secret")


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry().serving() as registry:
        yield registry


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path, SETTINGS)
    yield place
    place.images.close()


def ranges(registry: FakeRegistry, data: bytes) -> list[str]:
    return [one.headers.get("range", "") for one in registry.asked_for("GET", digest(data))]


def test_a_layer_that_breaks_off_is_gone_on_with(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("a", "1", [BIG])
    registry.faults[digest(BIG)] = [Cut(1_000_000), Cut(500_000)]

    lines = place.pull(f"{registry.host}/a:1")

    assert ranges(registry, BIG) == ["", "bytes=1000000-", "bytes=1500000-"]
    assert f"{digest(BIG)[7:19]}: Retrying in 1 second" in lines


def test_a_registry_without_ranges_begins_anew(place: Place, registry: FakeRegistry) -> None:
    registry.ranges = False
    registry.add_image("a", "1", [BIG])
    registry.faults[digest(BIG)] = [Cut(1_000_000)]

    place.pull(f"{registry.host}/a:1")

    assert ranges(registry, BIG) == ["", "bytes=1000000-"]


def test_what_is_fetched_outlasts_a_failed_pull_and_a_restart(
    place: Place, registry: FakeRegistry
) -> None:
    registry.add_image("a", "1", [BASE, BIG])
    registry.faults[digest(BIG)] = [Cut(300_000), Status(503), Status(503)]
    with pytest.raises(Internal, match="503 Service Unavailable"):
        place.pull(f"{registry.host}/a:1")
    assert place.partials() == {digest(BASE): len(BASE), digest(BIG): 300_000}
    registry.asked.clear()
    place.reopen()

    place.pull(f"{registry.host}/a:1")

    assert ranges(registry, BIG) == ["bytes=300000-"]
    assert ranges(registry, BASE) == []  # all of it was there
    assert place.partials() == {}


def test_what_is_kept_is_not_trusted(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("a", "1", [BIG])
    partial = place.root.images / "partial" / digest(BIG)
    partial.write_bytes(b"x" * 1000)

    place.pull(f"{registry.host}/a:1")

    assert ranges(registry, BIG) == ["bytes=1000-", ""]


def test_more_is_kept_than_there_is(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("a", "1", [BASE])
    (place.root.images / "partial" / digest(BASE)).write_bytes(BASE + b"x")

    place.pull(f"{registry.host}/a:1")

    assert ranges(registry, BASE) == [""]


def test_a_registry_that_gets_further_each_time_is_asked_on(
    place: Place, registry: FakeRegistry
) -> None:
    registry.add_image("a", "1", [BIG])
    # More often than there are attempts, but each brought something.
    registry.faults[digest(BIG)] = [Cut(1_100_000), Status(500), Cut(1_100_000), Status(500)]

    place.pull(f"{registry.host}/a:1")


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "TURN_S", 0.2)


@pytest.mark.parametrize(
    "begin",
    [
        b"HTTP/1.1 200 OK\r\nX-Long: ",
        PART + b"Content-Length: 2700000\r\n\r\n",
        PART + b"Transfer-Encoding: chunked\r\n\r\n10000\r\n",
        b"HTTP/1.1 503 Later\r\nContent-Length: 60000\r\n\r\n",
    ],
)
def test_a_registry_that_drips_is_given_up_and_gone_on_with(
    place: Place, registry: FakeRegistry, begin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would hold its slot of the daemon's downloads for ever."""
    registry.add_image("a", "1", [BASE, BIG])
    registry.faults[digest(BIG)] = [Cut(300_000), *[Status(500)] * 9]
    with pytest.raises(Internal):
        place.pull(f"{registry.host}/a:1")
    registry.faults[digest(BIG)] = [Drip(begin)] * 9
    monkeypatch.setattr(pace, "TURN_S", 0.2)
    with pytest.raises(Internal, match=r"sends less than 61440 bytes in|503"):
        place.pull(f"{registry.host}/a:1")
    registry.faults[digest(BIG)] = []
    kept = place.partials()[digest(BIG)]
    assert kept >= 300_000
    registry.asked.clear()
    monkeypatch.undo()  # a machine that is busy is no registry that drips

    place.pull(f"{registry.host}/a:1")

    assert ranges(registry, BIG)[0] == f"bytes={kept}-"


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("what", ["/v2/", "/token", "/manifests/"])
def test_nor_are_documents_waited_for_byte_by_byte(
    place: Place, registry: FakeRegistry, what: str
) -> None:
    registry.auth = "token"
    registry.add_image("a", "1", [BASE])
    registry.faults[what] = [Drip(b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n")] * 9
    if what == "/v2/":
        registry.faults[what] = [Drip(b"HTTP/1.1 200 OK\r\nX-Long: ")] * 9

    with pytest.raises(Internal, match="sends less than 61440 bytes in"):
        place.pull(f"{registry.host}/a:1")


def test_errors_that_pass(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("a", "1", [BASE])
    registry.faults["/manifests/"] = [Status(500), Status(502), Cut(10)]
    registry.faults[digest(BASE)] = [Status(503), Status(429, {"Retry-After": "0"})]

    place.pull(f"{registry.host}/a:1")


def test_a_rate_limit_is_explained(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("a", "1", [BASE])
    headers = {
        "RateLimit-Limit": "100;w=21600",
        "RateLimit-Remaining": "0;w=21600",
        "Docker-RateLimit-Source": "192.0.2.7",
        "Retry-After": "3600",
    }
    body = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your limit."}]}'
    registry.faults["/manifests/"] = [Status(429, headers, body)] * 2

    with pytest.raises(Internal) as raised:
        place.pull(f"{registry.host}/a:1")

    assert str(raised.value) == (
        "toomanyrequests: You have reached your limit. (limit 100 in 21600 s, 0 left, counted for"
        " 192.0.2.7); the registry says to try again in 3600 s"
    )


def test_a_cancelled_pull_ends_at_once_and_keeps_what_it_has(
    place: Place, registry: FakeRegistry
) -> None:
    registry.add_image("a", "1", [BASE, BIG])
    hold = Hold(threading.Event())
    registry.faults[digest(BIG)] = [hold]
    cancellation = Cancellation()
    ends: list[BaseException] = []

    def pull() -> None:
        try:
            place.images.remote.pull(
                references.parse(f"{registry.host}/a:1"),
                platform=None,
                credentials=NOBODY,
                progress=place.messages.append,
                cancellation=cancellation,
            )
        except Cancelled as err:
            ends.append(err)

    thread = threading.Thread(target=pull)
    thread.start()
    assert hold.began.wait(60)
    cancellation.cancel()
    thread.join(50)
    assert len(ends) == 1
    hold.event.set()

    place.pull(f"{registry.host}/a:1")


def test_another_pull_of_the_layer_outlasts_the_one_that_began_it(
    place: Place, registry: FakeRegistry
) -> None:
    """One began it with credentials that the registry does not take for the blob."""
    registry.add_image("a", "1", [BIG])
    registry.add_image("b", "1", [BIG], comment="other")
    hold = Hold(threading.Event())
    registry.faults[f"/a/blobs/{digest(BIG)}"] = [hold]
    del registry.blobs["a", digest(BIG)]
    failures: list[Exception] = []

    def pull(name: str) -> None:
        try:
            place.pull(f"{registry.host}/{name}:1")
        except SeacanError as err:
            failures.append(err)

    threads = [threading.Thread(target=pull, args=("a",))]
    threads[0].start()
    assert hold.began.wait(60)
    threads.append(threading.Thread(target=pull, args=("b",)))
    threads[1].start()
    deadline = time.monotonic() + 60
    while not registry.asked_for("GET", "/v2/b/blobs/") and time.monotonic() < deadline:
        time.sleep(0.01)
    hold.event.set()
    for thread in threads:
        thread.join()

    assert [type(failure) for failure in failures] == [NotFound]
    assert place.images.get(f"{registry.host}/b:1")


# -- who one is -----------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", ["basic", "token"])
def test_credentials(tmp_path: Path, auth: str) -> None:
    place = Place(tmp_path, SETTINGS)
    with FakeRegistry(auth=auth).serving() as registry:  # type: ignore[arg-type]
        registry.add_image("a", "1", [BASE, TOP])
        name = f"{registry.host}/a:1"
        place.pull(name, credentials=BOB)
        place.images.tag(name, references.parse(f"{registry.host}/b:1"))
        place.push(f"{registry.host}/b:1", credentials=BOB)
        with pytest.raises(Unauthorized, match="unauthorized: "):
            place.pull(f"{registry.host}/a:2", credentials=Credentials("bob", "wrong"))
    place.images.close()


def test_nobody_at_a_registry_that_wants_a_name(tmp_path: Path) -> None:
    place = Place(tmp_path, SETTINGS)
    with FakeRegistry(auth="basic").serving() as registry:
        name = f"{registry.host}/a:1"
        with pytest.raises(Internal) as raised:
            place.pull(name)
        url = f"http://{registry.host}/v2/a/manifests/1"
        assert str(raised.value) == f'Head "{url}": no basic auth credentials'
    place.images.close()


def test_what_a_token_is_asked_for(tmp_path: Path) -> None:
    place = Place(tmp_path, SETTINGS)
    with FakeRegistry(auth="token").serving() as registry:
        registry.add_image("a/b", "1", [BASE])
        place.pull(f"{registry.host}/a/b:1")
        (asked,) = registry.asked_for("GET", "/token")
        assert asked.query == {"service": ["fake"], "scope": ["repository:a/b:pull"]}
        assert "authorization" not in asked.headers
        registry.asked.clear()

        place.images.tag(f"{registry.host}/a/b:1", references.parse(f"{registry.host}/c:1"))
        place.push(f"{registry.host}/c:1", credentials=BOB)
        scopes = [one.query["scope"] for one in registry.asked_for("GET", "/token")]
        assert scopes == [
            ["repository:c:pull,push"],
            ["repository:c:pull,push", "repository:a/b:pull"],
        ]
    place.images.close()


def test_an_identity_token(tmp_path: Path) -> None:
    place = Place(tmp_path, SETTINGS)
    with FakeRegistry(auth="token").serving() as registry:
        registry.add_image("a", "1", [BASE])
        place.pull(f"{registry.host}/a:1", credentials=Credentials(identity_token="token"))
        assert registry.asked_for("POST", "/token")
        assert not registry.asked_for("GET", "/token")
    place.images.close()


def test_a_token_that_ends_early_is_renewed(tmp_path: Path) -> None:
    place = Place(tmp_path, SETTINGS)
    with FakeRegistry(auth="token").serving() as registry:
        registry.add_image("a", "1", [BASE])
        registry.token_answer = {"token": "stale"}
        registry.faults["/blobs/"] = [None]
        with pytest.raises(Unauthorized):
            place.pull(f"{registry.host}/a:1")
        registry.token_answer = {"access_token": "good"}
        place.pull(f"{registry.host}/a:1")
    place.images.close()


def test_a_registry_token_goes_to_the_registry(tmp_path: Path) -> None:
    place = Place(tmp_path, SETTINGS)
    with FakeRegistry(auth="token").serving() as registry:
        registry.add_image("a", "1", [BASE])
        place.pull(f"{registry.host}/a:1", credentials=Credentials(registry_token="good"))
        assert not registry.asked_for("GET", "/token")
    place.images.close()


def test_no_access_is_told_as_docker_does(place: Place, registry: FakeRegistry) -> None:
    challenge = 'Bearer realm="x",error="insufficient_scope"'
    registry.faults["/manifests/"] = [Status(401, {"WWW-Authenticate": challenge})] * 4

    with pytest.raises(SeacanError) as raised:
        place.pull(f"{registry.host}/a:1", credentials=Credentials(registry_token="x"))

    assert str(raised.value) == (
        f"pull access denied for {registry.host}/a, repository does not exist or may require"
        " 'docker login': denied: requested access to the resource is denied"
    )


# -- where one is sent ----------------------------------------------------------------------------


def test_a_redirect_carries_no_credentials(tmp_path: Path) -> None:
    place = Place(tmp_path, SETTINGS)
    with FakeRegistry(auth="basic").serving() as registry, FakeRegistry().serving() as storage:
        registry.add_image("a", "1", [BASE])
        storage.add_blob("store", BASE)
        location = f"{storage.url}/v2/store/blobs/{digest(BASE)}"
        registry.faults[digest(BASE)] = [Status(307, {"Location": location})]

        place.pull(f"{registry.host}/a:1", credentials=BOB)

        (asked,) = storage.asked
        assert "authorization" not in asked.headers
    place.images.close()


def test_a_redirect_within_a_registry_keeps_them(tmp_path: Path) -> None:
    place = Place(tmp_path, SETTINGS)
    with FakeRegistry(auth="basic").serving() as registry:
        registry.add_image("a", "1", [BASE])
        registry.add_blob("b", BASE)
        location = f"/v2/b/blobs/{digest(BASE)}"
        registry.faults[f"/a/blobs/{digest(BASE)}"] = [Status(302, {"Location": location})]

        place.pull(f"{registry.host}/a:1", credentials=BOB)
    place.images.close()


def test_where_one_is_redirected_to_cannot_ask_for_credentials(tmp_path: Path) -> None:
    place = Place(tmp_path, SETTINGS)
    with FakeRegistry(auth="basic").serving() as registry, FakeRegistry().serving() as evil:
        registry.add_image("a", "1", [BASE])
        registry.faults[digest(BASE)] = [Status(307, {"Location": f"{evil.url}/blob"})] * 9
        challenge = f'Bearer realm="{evil.url}/token",service="evil"'
        evil.faults["/blob"] = [Status(401, {"WWW-Authenticate": challenge})] * 9

        with pytest.raises(SeacanError):
            place.pull(f"{registry.host}/a:1", credentials=BOB)

        assert all("authorization" not in one.headers for one in evil.asked)
        assert not evil.asked_for("GET", "/token")
    place.images.close()


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://[", "http://h:x/"]
)
def test_redirects_out_of_http(place: Place, registry: FakeRegistry, location: str) -> None:
    registry.add_image("a", "1", [BASE])
    registry.faults[digest(BASE)] = [Status(307, {"Location": location})] * 3

    with pytest.raises(SeacanError, match="to no HTTP URL"):
        place.pull(f"{registry.host}/a:1")


def test_redirects_without_end(place: Place, registry: FakeRegistry) -> None:
    registry.add_image("a", "1", [BASE])
    registry.faults["/manifests/"] = [Status(307, {"Location": "/v2/a/manifests/1"})] * 100

    with pytest.raises(SeacanError, match="too many redirects"):
        place.pull(f"{registry.host}/a:1")


def test_an_upload_elsewhere_carries_no_credentials(tmp_path: Path) -> None:
    place = Place(tmp_path, SETTINGS)
    with FakeRegistry(auth="basic").serving() as registry, FakeRegistry().serving() as storage:
        registry.add_image("a", "1", [BASE])
        place.pull(f"{registry.host}/a:1", credentials=BOB)
        registry.blobs.clear()
        location = f"{storage.url}/v2/a/blobs/upload1?state=x"
        registry.faults["/blobs/uploads/"] = [Status(202, {"Location": location})] * 2

        place.push(f"{registry.host}/a:1", credentials=BOB)

        assert {one.path for one in storage.asked} == {"/v2/a/blobs/upload1"}
        assert all("authorization" not in one.headers for one in storage.asked)
        assert ("a", digest(BASE)) in storage.blobs
    place.images.close()


def test_the_failure_of_one_layer_does_not_wait_for_the_others(
    place: Place, registry: FakeRegistry
) -> None:
    registry.add_image("a", "1", [BIG, TOP])
    hold = Hold(threading.Event())
    registry.faults[digest(BIG)] = [hold]
    registry.faults[digest(TOP)] = [Status(404)]

    with pytest.raises(NotFound):
        place.pull(f"{registry.host}/a:1")

    hold.event.set()


def test_nobody_listens(place: Place) -> None:
    host = f"127.0.0.1:{free_port()}"

    with pytest.raises(Internal) as raised:
        place.pull(f"{host}/a:1")

    assert str(raised.value) == (
        f'Get "http://{host}/v2/": dial tcp {host}: connect: connection refused'
    )
