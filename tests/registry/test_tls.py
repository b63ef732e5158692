"""HTTPS, with a certificate of the test's own."""

import http.client
import os
import signal
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from tests.registry.conftest import sha256
from tests.registry.process import Process, running_process

from seacan.errors import InvalidArgument
from seacan.http.tls import server_context

DATA = os.urandom(3 << 20)
RANGE = {"Range": "bytes=0-9"}


def make_certificate(directory: Path, name: str) -> tuple[Path, Path]:
    certificate, key = directory / f"{name}.crt", directory / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", f"/CN={name}",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def connect(process: Process, certificate: Path, version: ssl.TLSVersion) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=certificate)
    context.maximum_version = version
    plain = socket.create_connection(("127.0.0.1", process.port), timeout=60)
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_requests_one_after_the_other(tmp_path: Path, version: ssl.TLSVersion) -> None:
    certificate, key = make_certificate(tmp_path, "one")
    with running_process(tmp_path, "--tls-cert", certificate, "--tls-key", key) as process:
        connection = http.client.HTTPSConnection("127.0.0.1", process.port, timeout=60)
        connection.sock = connect(process, certificate, version)
        for number in range(5):
            data = b"%d" % number + DATA
            connection.request("POST", f"/v2/a/blobs/uploads/?digest={sha256(data)}", data)
            reply = connection.getresponse()
            assert (reply.status, reply.read()) == (201, b"")
            for _ in range(20):  # each request may come while the end of the client is looked for
                connection.request("GET", f"/v2/a/blobs/{sha256(data)}", headers=RANGE)
                assert connection.getresponse().read() == data[:10]
            connection.request("GET", f"/v2/a/blobs/{sha256(data)}")
            assert connection.getresponse().read() == data
        connection.close()


def test_a_certificate_is_read_again(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "one")
    second, second_key = make_certificate(tmp_path, "two")
    with running_process(tmp_path, "--tls-cert", certificate, "--tls-key", key) as process:
        connect(process, certificate, ssl.TLSVersion.TLSv1_3).close()
        key.write_bytes(second_key.read_bytes())
        certificate.write_bytes(second.read_bytes())
        process.signal(signal.SIGHUP)
        process.wait_for_log("certificate read again")
        connect(process, second, ssl.TLSVersion.TLSv1_3).close()


def test_who_does_not_speak_tls_is_told(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "one")
    with running_process(tmp_path, "--tls-cert", certificate, "--tls-key", key) as process:
        with socket.create_connection(("127.0.0.1", process.port), timeout=60) as plain:
            plain.sendall(b"GET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n")
            assert plain.recv(100).startswith(b"HTTP/1.0 400 Bad Request\r\n")
        connect(process, certificate, ssl.TLSVersion.TLSv1_3).close()


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    certificate, _ = make_certificate(tmp_path, "one")
    _, other = make_certificate(tmp_path, "two")

    with pytest.raises(InvalidArgument, match="load certificate"):
        server_context(certificate, other)


def test_requests_sent_ahead_are_not_lost(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "one")
    with running_process(tmp_path, "--tls-cert", certificate, "--tls-key", key) as process:
        context = ssl.create_default_context(cafile=certificate)
        digest = sha256(b"blob")
        upload = http.client.HTTPSConnection("127.0.0.1", process.port, context=context)
        upload.request("POST", f"/v2/a/blobs/uploads/?digest={digest}", b"blob")
        assert upload.getresponse().status == 201
        upload.close()
        request = f"GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: r\r\n\r\n".encode()
        with connect(process, certificate, ssl.TLSVersion.TLSv1_3) as client:
            # A stream answers each, and its end cancels who looks for the end of the client.
            for _ in range(300):
                client.sendall(request)
            received = b""
            while received.count(b"\r\n\r\nblob") < 300:
                piece = client.recv(65536)
                assert piece
                received += piece
