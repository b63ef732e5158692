"""Which registry is asked, how it is reached, and what else it is asked than for images."""

import base64
import shutil
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.fakes.registry import FakeRegistry, Status
from tests.images.docker_registry import certificate
from tests.images.place import BASE, Place

from seacan.errors import Internal, NotFound, SeacanError, Unauthorized, Unsupported
from seacan.images import references
from seacan.images.remote.credentials import NOBODY, Credentials
from seacan.images.remote.settings import RegistrySettings

pytestmark = pytest.mark.root

BOB = Credentials("bob", "secret")


@pytest.fixture
def certs(tmp_path: Path) -> Path:
    directory = tmp_path / "certs.d"
    directory.mkdir()
    return directory


@pytest.fixture
def settings(certs: Path) -> RegistrySettings:
    return RegistrySettings(retry_delay_s=0.01, directories=(certs,))


@pytest.fixture
def make_place(tmp_path: Path) -> Iterator[Any]:
    places: list[Place] = []

    def make(settings: RegistrySettings) -> Place:
        directory = tmp_path / f"place{len(places)}"
        directory.mkdir()
        places.append(Place(directory, settings))
        return places[-1]

    yield make
    for place in places:
        place.images.close()


# -- TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate, and a file with its key as well."""
    directory = tmp_path_factory.mktemp("tls")
    cert, key = certificate(directory)
    both = directory / "both.pem"
    both.write_bytes(cert.read_bytes() + key.read_bytes())
    return cert, both


def test_tls_of_an_unknown_authority(
    make_place: Any, settings: RegistrySettings, server: tuple[Path, Path]
) -> None:
    place = make_place(settings)
    with FakeRegistry().serving(server[1]) as registry:
        registry.add_image("a", "1", [BASE])
        # On this machine, certificates need not be known: as dockerd has it.
        place.pull(f"{registry.host}/a:1")
        assert registry.asked_for("GET", "/v2/")


def test_a_registry_that_must_be_known(
    make_place: Any, settings: RegistrySettings, certs: Path, server: tuple[Path, Path]
) -> None:
    """By hosts.toml, also an address of this machine is asked with TLS alone, and verified."""
    place = make_place(settings)
    with FakeRegistry().serving(server[1]) as registry:
        registry.add_image("a", "1", [BASE])
        directory = certs / "r.invalid"
        directory.mkdir()
        hosts = directory / "hosts.toml"
        hosts.write_text(f'server = "{registry.url}"\nskip_verify = false\n')
        with pytest.raises(Internal, match=r"x509: certificate signed by unknown authority"):
            place.pull("r.invalid/a:1")
        assert not registry.asked

        shutil.copy(server[0], directory / "my.pem")
        hosts.write_text(f'server = "{registry.url}"\nca = "my.pem"\n')
        place.pull("r.invalid/a:1")

        hosts.write_text(f'server = "{registry.url}"\nskip_verify = true\n')
        place.pull("r.invalid/a:1")


def test_a_client_certificate_is_shown(
    make_place: Any, settings: RegistrySettings, certs: Path, server: tuple[Path, Path]
) -> None:
    place = make_place(settings)
    with FakeRegistry().serving(server[1], client_authority=server[0]) as registry:
        registry.add_image("a", "1", [BASE])
        with pytest.raises(Internal):
            place.pull(f"{registry.host}/a:1")
        directory = certs / registry.host
        directory.mkdir()
        shutil.copy(server[0], directory / "ca.crt")
        shutil.copy(server[1], directory / "me.cert")
        shutil.copy(server[1], directory / "me.key")

        place.pull(f"{registry.host}/a:1")


def test_http_is_not_fallen_back_to_once_tls_was_spoken(
    make_place: Any, settings: RegistrySettings, server: tuple[Path, Path]
) -> None:
    place = make_place(settings)
    with FakeRegistry().serving(server[1]) as registry:
        with pytest.raises(NotFound):
            place.pull(f"{registry.host}/a:1")
        registry.faults["/manifests/"] = [Status(503)] * 10
        with pytest.raises(SeacanError) as raised:
            place.pull(f"{registry.host}/a:1")
    assert "http:" not in str(raised.value)


# -- mirrors --------------------------------------------------------------------------------------


def test_a_mirror_of_docker_hub(make_place: Any, settings: RegistrySettings) -> None:
    with FakeRegistry().serving() as mirror:
        place = make_place(replace(settings, mirrors=(f"{mirror.url}/",)))
        digest = mirror.add_image("library/app", "1", [BASE])

        assert place.pull("app:1", credentials=BOB)[0] == "1: Pulling from library/app"

        assert [str(one) for one in place.images.get("app:1").digests] == [
            f"docker.io/library/app@{digest}"
        ]
        assert all("authorization" not in one.headers for one in mirror.asked)


def test_mirrors_of_any_registry(make_place: Any, settings: RegistrySettings, certs: Path) -> None:
    place = make_place(settings)
    with (
        FakeRegistry().serving() as registry,
        FakeRegistry(auth="basic").serving() as closed,
        FakeRegistry().serving() as broken,
        FakeRegistry().serving() as mirror,
    ):
        broken.add_manifest("a", "1", b"junk")
        directory = certs / registry.host
        directory.mkdir()
        (directory / "hosts.toml").write_text(f"""
server = "{registry.url}"
[host."http://127.0.0.1:1"]
[host."{closed.url}"]
  capabilities = ["pull"]
[host."{broken.url}"]
  capabilities = ["pull"]
[host."{mirror.url}"]
  capabilities = ["pull"]
  [host."{mirror.url}".header]
    x-place = "here"
""")
        registry.add_image("a", "1", [BASE])
        name = f"{registry.host}/a:1"
        mirror.add_image("a", "1", [BASE])
        registry.add_image("a", "2", [BASE], comment="of the registry alone")

        place.pull(name, credentials=BOB)
        assert not registry.asked
        asked = mirror.asked_for("GET", "/blobs/")[0]
        assert asked.query == {"ns": [registry.host]}
        assert asked.headers["x-place"] == "here"
        assert all("authorization" not in one.headers for one in (*closed.asked, *mirror.asked))

        place.pull(f"{registry.host}/a:2")
        assert registry.asked_for("GET", "/manifests/2")

        mirror.asked.clear()
        place.push(name)  # mirrors that are not for push are not pushed to
        assert not mirror.asked


# -- proxies --------------------------------------------------------------------------------------


class _Proxy(ThreadingHTTPServer):
    """Sends every request to one registry, whatever host it is for."""

    daemon_threads = True

    def __init__(self, registry: FakeRegistry) -> None:
        self.registry = registry
        self.asked: list[tuple[str, str]] = []
        super().__init__(("127.0.0.1", 0), _ProxyHandler)


class _ProxyHandler(BaseHTTPRequestHandler):
    server: _Proxy

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Proxy-Authorization", "")))
        path = "/" + self.path.split("/", 3)[3]
        with socket.create_connection(("127.0.0.1", self.server.registry.port)) as upstream:
            head = [f"{self.command} {path} HTTP/1.1", "Connection: close"]
            head += [f"{k}: {v}" for k, v in self.headers.items() if k.lower() != "connection"]
            upstream.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
            while data := upstream.recv(65536):
                self.wfile.write(data)

    do_HEAD = do_GET


def test_a_proxy(make_place: Any, settings: RegistrySettings) -> None:
    with FakeRegistry().serving() as registry:
        proxy = _Proxy(registry)
        thread = threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        port = proxy.server_address[1]
        place = make_place(
            replace(
                settings,
                insecure=("192.0.2.1:80",),
                http_proxy=f"http://user:pw@127.0.0.1:{port}",
            )
        )
        registry.add_image("a", "1", [BASE])
        hosts = settings.directories[0] / "192.0.2.1:80"
        hosts.mkdir()
        (hosts / "hosts.toml").write_text('server = "http://192.0.2.1:80"')

        place.pull("192.0.2.1:80/a:1")

        assert proxy.asked[0][0] == "http://192.0.2.1:80/v2/"
        assert proxy.asked[0][1] == "Basic " + base64.b64encode(b"user:pw").decode()
        proxy.shutdown()
        proxy.server_close()
        thread.join()


# -- what else ------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", ["basic", "token"])
def test_login(make_place: Any, settings: RegistrySettings, auth: Any) -> None:
    place = make_place(settings)
    with FakeRegistry(auth=auth).serving() as registry:
        right = replace(BOB, server=registry.host)
        token = place.images.remote.login(right)
        assert token == ("token" if auth == "token" else "")
        with pytest.raises(SeacanError) as raised:
            place.images.remote.login(replace(right, password="wrong"))
        url = f"http://{registry.host}/v2/"
        if auth == "token":
            assert isinstance(raised.value, Unauthorized)
            assert str(raised.value) == (
                f'Get "{url}": unauthorized: incorrect username or password'
            )
            place.images.remote.login(Credentials(identity_token="token", server=registry.host))
        else:
            text = f"login attempt to {url} failed with status: 401 Unauthorized"
            assert str(raised.value) == text
        if auth == "basic":
            with pytest.raises(Internal, match="no basic auth credentials"):
                place.images.remote.login(Credentials("bob", server=registry.host))


def test_login_where_nobody_asks(make_place: Any, settings: RegistrySettings) -> None:
    with FakeRegistry().serving() as registry:
        assert make_place(settings).images.remote.login(replace(BOB, server=registry.url)) == ""


def test_login_does_not_ask_mirrors(make_place: Any, settings: RegistrySettings) -> None:
    with FakeRegistry().serving() as mirror:
        place = make_place(replace(settings, mirrors=(f"{mirror.url}/",)))
        hosts = settings.directories[0] / "docker.io"
        hosts.mkdir()
        (hosts / "hosts.toml").write_text(f"""
server = "http://127.0.0.1:1"
[host."{mirror.url}"]
""")
        with pytest.raises(Internal, match="connection refused"):
            place.images.remote.login(replace(BOB, server="https://index.docker.io/v1/"))
        assert not mirror.asked


def test_inspect(make_place: Any, settings: RegistrySettings) -> None:
    remote = make_place(settings).images.remote
    with FakeRegistry().serving() as registry:
        one = registry.add_image("a", "1", [BASE], architecture="arm", variant="v7")
        both = registry.add_index("a", "all", {"linux/arm/v7": one, "unknown/unknown": one})
        name = references.parse(f"{registry.host}/a:1")

        found = remote.inspect(name, NOBODY)
        assert (found.digest, found.size_bytes) == (one, len(registry.manifests["a", one][1]))
        assert found.platforms == [{"architecture": "arm", "os": "linux", "variant": "v7"}]

        found = remote.inspect(replace(name, tag="all"), NOBODY)
        assert found.digest == both
        assert [p["architecture"] for p in found.platforms] == ["arm", "unknown"]
        with pytest.raises(NotFound, match="manifest unknown: manifest unknown"):
            remote.inspect(replace(name, tag="none"), NOBODY)


def test_search(make_place: Any, settings: RegistrySettings) -> None:
    remote = make_place(settings).images.remote
    with FakeRegistry().serving() as registry:
        with pytest.raises(Unsupported, match=f"registry {registry.host} has no search"):
            remote.search(f"{registry.host}/x", 5, NOBODY)
        registry.found = [{"name": "a/b", "description": None, "star_count": 3, "more": 1}]

        (found,) = remote.search(f"{registry.host}/x y", 5, BOB)

        assert (found.name, found.star_count, found.is_official) == ("a/b", 3, False)
        (asked,) = registry.asked_for("GET", "/v1/search")[-1:]
        assert asked.query == {"q": ["x y"], "n": ["5"]}
        assert asked.headers["authorization"].startswith("Basic ")
        registry.found = [{"name": 5}]
        with pytest.raises(Internal, match="error decoding registry search results"):
            remote.search(f"{registry.host}/x", 5, NOBODY)
