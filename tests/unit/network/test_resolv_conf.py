import os
from pathlib import Path

import pytest

from seacan.network import resolv_conf
from seacan.network.resolv_conf import HostServers


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The host's resolv.conf, for the test; returns it."""
    path, stub = tmp_path / "resolv.conf", tmp_path / "stub.conf"
    monkeypatch.setattr(resolv_conf, "_HOST_CONF", str(path))
    monkeypatch.setattr(resolv_conf, "_BEHIND_STUB", str(stub))
    stub.write_text("nameserver 10.9.9.9\n")
    return path


def test_changes_of_the_host_are_followed(conf: Path) -> None:
    servers = HostServers()
    assert servers.now() == resolv_conf.DEFAULT_SERVERS
    conf.write_text("nameserver 10.0.0.1\nnameserver 127.0.0.1\n")
    assert servers.now() == ["10.0.0.1", "127.0.0.1"]
    replaced = conf.with_suffix(".new")
    replaced.write_text("nameserver 10.0.0.2\n")
    os.replace(replaced, conf)
    assert servers.now() == ["10.0.0.2"]
    conf.unlink()
    assert servers.now() == resolv_conf.DEFAULT_SERVERS


def test_the_stub_is_seen_through(conf: Path) -> None:
    servers = HostServers()
    conf.write_text("nameserver 127.0.0.53\n")
    assert servers.now() == ["10.9.9.9"]
    Path(resolv_conf._BEHIND_STUB).write_text("nameserver 10.8.8.8\n")
    assert servers.now() == ["10.8.8.8"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [(["ndots:2"], True), (["ndots"], True), (["xndots:2", "edns0"], False), ([], False)],
)
def test_options_have_names(options: list[str], *, expected: bool) -> None:
    assert resolv_conf.ResolvConf(options=options).has_option("ndots") is expected
