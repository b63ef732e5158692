"""What several tests of commands share."""

from pathlib import Path

import pytest


@pytest.fixture
def config_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give the command line a configuration directory of its own, and no other wish of the user."""
    for name in (
        *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"),
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_API_VERSION", "1.51")
    return tmp_path
