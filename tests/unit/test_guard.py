"""What conftest.py keeps unit tests from, kept from."""

import os
import socket
import subprocess
import sys

import pytest

from seacan.cli import main
from seacan.client.endpoint import parse_host
from seacan.daemon import flags


def test_no_daemon_is_reached() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"connects to /run/seacan.sock"):
        main.run(["ps"])
    with pytest.raises(pytest.fail.Exception, match=r"connects to /var/run/docker.sock"):
        parse_host("unix:///var/run/docker.sock").connect()


def test_no_daemon_is_started() -> None:
    command = [sys.executable, "-m", "seacan.daemon.main", "--version"]
    with pytest.raises(pytest.fail.Exception, match="starts a daemon"):
        subprocess.run(command, check=False)
    with pytest.raises(pytest.fail.Exception, match="starts a daemon"):
        os.posix_spawn(sys.executable, command, {})


def test_nothing_is_reached_but_the_loopback() -> None:
    with socket.socket() as connection:
        with pytest.raises(pytest.fail.Exception, match=r"connects to 192.0.2.1"):
            connection.connect(("192.0.2.1", 80))
        with pytest.raises(ConnectionRefusedError):
            connection.connect(("127.0.0.1", 1))


def test_the_hosts_daemon_json_is_not_read() -> None:
    assert flags.read([]).said == {}
    assert not os.path.exists(os.environ["DOCKER_CONFIG"])
