"""Proxies, and the words for what goes wrong below HTTP."""

import io

import pytest
from urllib3 import HTTPResponse

from seacan.images.remote import http
from seacan.images.remote.failures import Broken
from seacan.images.remote.http import Proxies, origin, proxies, without_password
from seacan.images.remote.settings import RegistrySettings

BOTH = Proxies("http://p:1", "http://p:2", "direct.example,.sub.example,10.0.0.0/8,h:5")


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://a.example/x", "http://p:1"),
        ("https://a.example/x", "http://p:2"),
        ("https://direct.example:5000/", ""),
        ("https://x.direct.example/", ""),
        ("https://notdirect.example/", "http://p:2"),
        ("https://a.sub.example/", ""),
        ("https://10.1.2.3:5000/", ""),
        ("https://11.1.2.3/", "http://p:2"),
        ("http://127.0.0.1:5000/", ""),
        ("http://[::1]/", ""),
        ("http://localhost/", ""),
        ("http://h/", ""),
    ],
)
def test_the_proxy_of_a_url(url: str, proxy: str) -> None:
    assert BOTH.of(url) == proxy


def test_no_proxy_for_anybody() -> None:
    assert Proxies("http://p:1", "", "*").of("http://a.example") == ""
    assert Proxies("http://p:1", "", "").of("https://a.example") == ""


def test_flags_come_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://e:1")
    monkeypatch.setenv("no_proxy", "x")

    assert proxies(RegistrySettings()) == Proxies("http://e:1", "", "x")
    assert proxies(RegistrySettings(http_proxy="http://f:1")).http == "http://f:1"


def test_a_proxys_password_is_not_shown() -> None:
    assert without_password("http://bob:secret@p:1/") == "http://xxxxx:xxxxx@p:1/"
    assert without_password("http://p:1") == "http://p:1"


def test_origin() -> None:
    assert origin("https://A:443/x") == origin("https://a/y")
    assert origin("http://a") != origin("https://a")
    assert origin("http://a:5") != origin("http://a:6")


class Dripping(io.BytesIO):
    """A body that comes byte by byte, a second for each."""

    seconds = 0

    def read1(self, _size: int | None = -1, /) -> bytes:
        self.seconds += 1
        return super().read1(1)


def test_a_document_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    body = Dripping(b"x" * 1000)
    monkeypatch.setattr("time.monotonic", lambda: body.seconds)

    with pytest.raises(Broken, match="read manifest: more than 300 s"):
        http.read(HTTPResponse(body, preload_content=False), 1000, "manifest")
    assert body.seconds == 301


@pytest.mark.parametrize(
    "location", ["file:///x", "http+unix://x/y", "http://h:0/", "http://h\0/x"]
)
def test_where_a_registry_cannot_send_to(location: str) -> None:
    with pytest.raises(Broken, match="to no HTTP URL"):
        http.joined("http://registry.example/v2/", location)
