"""Whom to ask for an image: Docker Hub, mirrors, hosts.toml, insecure registries, certs.d."""

from pathlib import Path

import pytest

from seacan.errors import InvalidArgument
from seacan.images.remote.endpoints import Endpoint, endpoints
from seacan.images.remote.settings import RegistrySettings, check_insecure, check_mirror, host_of

HUB = "https://registry-1.docker.io/v2"


def settings(
    directory: Path, *, insecure: tuple[str, ...] = (), **mirrors: str
) -> RegistrySettings:
    return RegistrySettings(
        insecure=insecure, mirrors=tuple(mirrors.values()), directories=(directory,)
    )


def urls(found: list[Endpoint]) -> list[str]:
    return [endpoint.url for endpoint in found]


def write(directory: Path, name: str, text: str) -> None:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_docker_hub_and_others(tmp_path: Path) -> None:
    plain = settings(tmp_path)
    for name in ("docker.io", "index.docker.io"):
        assert urls(endpoints(plain, name, "pull")) == [HUB]
    (endpoint,) = endpoints(plain, "192.0.2.1:5000", "push")
    assert (endpoint.url, endpoint.tls.verify) == ("https://192.0.2.1:5000/v2", True)


@pytest.mark.parametrize(
    ("insecure", "host", "is_insecure"),
    [
        ((), "127.0.0.1:5000", True),
        ((), "127.9.9.9", True),
        ((), "[::1]:5000", True),
        ((), "10.0.0.1:5000", False),
        (("10.0.0.0/8",), "10.0.0.1:5000", True),
        (("192.0.2.1:5000",), "192.0.2.1:5000", True),
        (("192.0.2.1:5000",), "192.0.2.1", False),
        (("192.0.2.1",), "192.0.2.1:5000", False),
    ],
)
def test_insecure(tmp_path: Path, insecure: tuple[str, ...], host: str, is_insecure: bool) -> None:
    found = endpoints(settings(tmp_path, insecure=insecure), host, "pull")

    secure = [f"https://{host}/v2"]
    plain = [f"http://{host}/v2"] if is_insecure else []
    assert urls(found) == [*secure, *plain]
    assert {endpoint.tls.verify for endpoint in found} == {not is_insecure}


def test_mirrors_are_of_docker_hub_and_for_pull(tmp_path: Path) -> None:
    mirrored = settings(tmp_path, one="http://192.0.2.2:5/", two="https://192.0.2.3/hub/")

    found = endpoints(mirrored, "docker.io", "pull")

    assert urls(found) == ["http://192.0.2.2:5/v2", "https://192.0.2.3/hub/v2", HUB]
    assert [endpoint.is_mirror for endpoint in found] == [True, True, False]
    assert urls(endpoints(mirrored, "docker.io", "push")) == [HUB]
    assert urls(endpoints(mirrored, "192.0.2.1", "pull")) == ["https://192.0.2.1/v2"]


HOSTS = """
server = "https://192.0.2.1"
[host."http://192.0.2.2:5"]
  capabilities = ["pull", "resolve"]
  [host."http://192.0.2.2:5".header]
    x-one = "1"
    x-two = ["a", "b"]
[host."https://192.0.2.3/v2/proxy"]
  override_path = true
  skip_verify = true
  ca = "n.crt"
  client = [["n.cert", "n.key"]]
"""


@pytest.mark.parametrize("name", ["192.0.2.1", "_default"])
def test_hosts_toml(tmp_path: Path, name: str) -> None:
    write(tmp_path, f"{name}/hosts.toml", HOSTS)

    first, second, last = endpoints(settings(tmp_path), "192.0.2.1", "pull")

    assert (first.url, first.is_mirror, first.namespace) == (
        "http://192.0.2.2:5/v2",
        True,
        "192.0.2.1",
    )
    assert first.headers == {"x-one": "1", "x-two": "a, b"}
    assert second.url == "https://192.0.2.3/v2/proxy"
    assert second.tls.verify is False
    assert second.tls.authorities == (tmp_path / name / "n.crt",)
    assert second.tls.shown == ((tmp_path / name / "n.cert", tmp_path / name / "n.key"),)
    assert (last.url, last.is_mirror, last.namespace) == ("https://192.0.2.1/v2", False, "")
    assert urls(endpoints(settings(tmp_path), "192.0.2.1", "push")) == [
        "https://192.0.2.3/v2/proxy",
        "https://192.0.2.1/v2",
    ]


def test_hosts_toml_of_docker_hub_and_of_a_port(tmp_path: Path) -> None:
    write(tmp_path, "docker.io/hosts.toml", '[host."https://192.0.2.2"]')
    write(tmp_path, "192.0.2.1_5000_/hosts.toml", 'server = "http://192.0.2.4"')

    found = endpoints(settings(tmp_path), "docker.io", "pull")
    assert urls(found) == ["https://192.0.2.2/v2", HUB]
    assert [endpoint.is_mirror for endpoint in found] == [True, False]
    assert urls(endpoints(settings(tmp_path), "192.0.2.1:5000", "pull")) == ["http://192.0.2.4/v2"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "hosts.toml: "),
        ("host = 1", "host is no table"),
        ("host = { x = 1 }", "is no table"),
        ('[host."ftp://x"]', "no URL of a registry"),
        ('[host."https://x"]\ncapabilities = ["fly"]', "unknown capability 'fly'"),
        ('[host."https://x"]\ndial_timeout = "1s"', "not supported: dial_timeout"),
    ],
)
def test_hosts_toml_that_is_refused(tmp_path: Path, text: str, words: str) -> None:
    write(tmp_path, "192.0.2.1/hosts.toml", text)

    with pytest.raises(InvalidArgument, match=words):
        endpoints(settings(tmp_path), "192.0.2.1", "pull")


def test_certificates(tmp_path: Path) -> None:
    for name in ("ca.crt", "b.crt", "me.cert", "me.key", "README"):
        write(tmp_path, f"192.0.2.1/{name}", "")

    (endpoint,) = endpoints(settings(tmp_path), "192.0.2.1", "pull")

    directory = tmp_path / "192.0.2.1"
    assert endpoint.tls.authorities == (directory / "b.crt", directory / "ca.crt")
    assert endpoint.tls.shown == ((directory / "me.cert", directory / "me.key"),)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.cert", "missing key a.key for client certificate a.cert"),
        ("a.key", "missing client certificate a.cert for key a.key"),
    ],
)
def test_half_a_pair(tmp_path: Path, name: str, words: str) -> None:
    write(tmp_path, f"192.0.2.1/{name}", "")

    with pytest.raises(InvalidArgument, match=words):
        endpoints(settings(tmp_path), "192.0.2.1", "pull")


def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    write(tmp_path, "192.0.2.1/ca.crt", "x")
    (endpoint,) = endpoints(settings(tmp_path), "192.0.2.1", "pull")

    with pytest.raises(InvalidArgument, match=r"read certificate .*ca.crt"):
        endpoint.tls.context()


@pytest.mark.parametrize(
    ("given", "taken"),
    [("h:5", "h:5"), ("10.0.0.0/8", "10.0.0.0/8"), ("http://h", "h"), ("::1/128", "::1/128")],
)
def test_check_insecure(given: str, taken: str) -> None:
    assert check_insecure(given) == taken


@pytest.mark.parametrize("given", ["", "-h", "h-", "ftp://h", "h/path", "10.0.0.0/99"])
def test_check_insecure_refuses(given: str) -> None:
    with pytest.raises(InvalidArgument):
        check_insecure(given)


def test_check_mirror() -> None:
    assert check_mirror("https://192.0.2.2/x") == "https://192.0.2.2/x/"
    for bad in ("192.0.2.2", "ftp://m", "https://", "https://m?x=1", "https://m#x"):
        with pytest.raises(InvalidArgument):
            check_mirror(bad)
    with pytest.raises(InvalidArgument) as raised:
        check_mirror("https://bob:secret@192.0.2.2")
    assert "secret" not in str(raised.value)


def test_host_of() -> None:
    names = ["h:5", "https://h:5/v1/", "http://h:5"]
    assert [host_of(name) for name in names] == ["h:5"] * 3
