"""Unit tests reach nothing of this host but the loopback: no daemon, no network, no settings."""

import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from seacan import paths

_NOWHERE = Path("/nonexistent/seacan-tests")
_OF_THE_USER = (
    *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"),
    *("DOCKER_API_VERSION", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "no_proxy"),
)
_DAEMON = "seacan.daemon.main"


class _Guard:
    """An audit hook, which cannot be taken away again: it is looked through between the tests."""

    is_up = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_up:
            return
        if event == "socket.connect":
            self._check_address(arguments[1])
        elif event in ("os.exec", "os.posix_spawn", "subprocess.Popen") and _DAEMON in str(
            arguments[1]
        ):
            pytest.fail("a unit test starts a daemon")

    def _check_address(self, address: Any) -> None:
        if isinstance(address, tuple):
            if not _is_loopback(address[0]):
                pytest.fail(f"a unit test connects to {address[0]}")
        elif str(address).startswith(("/run/", "/var/run/")):
            pytest.fail(f"a unit test connects to {address}")


def _is_loopback(host: Any) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in ("", "localhost")


_GUARD = _Guard()
sys.addaudithook(_GUARD)


@pytest.fixture(autouse=True)
def _nothing_of_this_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in _OF_THE_USER:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(_NOWHERE))
    monkeypatch.setattr(paths, "DEFAULT_CONFIG_FILE", _NOWHERE / "daemon.json")
    _GUARD.is_up = True
    yield
    _GUARD.is_up = False
