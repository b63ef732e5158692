"""Whom a registry may send for a token."""

import io
from typing import Any, cast

import pytest
from urllib3 import HTTPResponse

from seacan.images.remote.authorization import Authorization
from seacan.images.remote.credentials import Credentials
from seacan.images.remote.failures import Refused
from seacan.images.remote.http import Http, is_of_this_machine
from seacan.images.remote.settings import RegistrySettings


class _Asked(Exception):
    pass


class _Http:
    def send(self, method: str, url: str, **_: Any) -> Any:
        raise _Asked(url)


def ask(registry: str, realm: str) -> None:
    authorization = Authorization(cast(Http, _Http()), Credentials(), ["repository:a:pull"])
    authorization.challenge(f'Bearer realm="{realm}",service="s"')
    authorization.header(registry)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:80", "localhost", "a.localhost:1", "[::1]", "0.0.0.0:2375", "127.1", "2130706433",
     "0x7f.1", "169.254.169.254", "[fe80::1]", "[::ffff:127.0.0.1]", "LOCALHOST.", "[::]"],
)  # fmt: skip
def test_a_registry_elsewhere_sends_nobody_to_this_machine(host: str) -> None:
    """What answers there with a `token` may be a secret, and would be shown to the registry."""
    assert is_of_this_machine(f"http://{host}/")
    with pytest.raises(Refused, match="a token server on this machine"):
        ask("http://registry.example:5000/v2/a", f"http://{host}/token")
    with pytest.raises(_Asked):
        ask("http://127.0.0.1:5000/v2/a", f"http://{host}/token")


@pytest.mark.parametrize("host", ["auth.example", "10.0.0.1:80", "localhost.example", "[2001::1]"])
def test_others_are_asked(host: str) -> None:
    with pytest.raises(_Asked):
        ask("http://registry.example:5000/v2/a", f"http://{host}/token")


@pytest.mark.parametrize(
    ("registry", "is_shown"),
    [("https://registry.example/v2/a", False), ("http://127.0.0.1:5000/v2/a", True)],
)
def test_a_token_server_does_not_redirect_to_this_machine(
    monkeypatch: pytest.MonkeyPatch, registry: str, is_shown: bool
) -> None:
    """Its place was looked at, and not where it redirected to."""

    def answer(self: Http, method: str, url: str, *_: object) -> HTTPResponse:
        if "127.0.0.1" in url:
            body = io.BytesIO(b'{"token": "a service\'s secret"}')
            return HTTPResponse(body, preload_content=False, request_url=url)
        return HTTPResponse(status=302, headers={"Location": "http://127.0.0.1:8080/"})

    monkeypatch.setattr(Http, "_once", answer)
    authorization = Authorization(Http(RegistrySettings()), Credentials(), ["repository:a:pull"])
    authorization.challenge('Bearer realm="https://auth.example/token"')
    if is_shown:
        assert authorization.header(registry) == {"Authorization": "Bearer a service's secret"}
    else:
        with pytest.raises(Refused, match="a token server on this machine"):
            authorization.header(registry)
