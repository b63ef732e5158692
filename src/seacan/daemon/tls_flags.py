"""The flags of TLS, by dockerd's names; without it, TCP is served only if that is said outright.

--tls alone asks clients for certificates, too; --tlsverify=false does not.
"""

import argparse
import ssl
from pathlib import Path

import msgspec

from seacan import paths
from seacan.daemon.booleans import boolean
from seacan.http.tls import server_context


class Tls(msgspec.Struct, frozen=True):
    """How TCP is served. `is_plain`: without TLS, since the user said so."""

    ca: Path
    certificate: Path
    key: Path
    is_on: bool
    verifies_clients: bool
    is_plain: bool

    def context(self) -> ssl.SSLContext:
        """Return what connections are made with. Raises InvalidArgument if the files are wrong."""
        ca = self.ca if self.verifies_clients else None
        return server_context(self.certificate, self.key, clients_ca=ca)


def add_to(parser: argparse.ArgumentParser) -> None:
    add, directory = parser.add_argument, paths.DEFAULT_TLS
    add("--tls", type=boolean, nargs="?", const=True, metavar="BOOL",
        help="TLS on tcp://; false: serve it without, to whoever connects")  # fmt: skip
    add("--tlsverify", type=boolean, nargs="?", const=True, metavar="BOOL",
        help="TLS, and clients show a certificate of the CA; false: they need none")  # fmt: skip
    for name, what in (("ca", "CA of clients"), ("", "certificate"), ("key", "its private key")):
        file = {"ca": "ca.pem", "": "cert.pem", "key": "key.pem"}[name]
        flag = "--tlskey" if name == "key" else f"--tls{name}cert"
        add(flag, type=Path, default=directory / file, metavar="FILE",
            help=f"{what} (default %(default)s)")  # fmt: skip


def settings_of(given: argparse.Namespace) -> Tls:
    is_on = bool(given.tls) or given.tlsverify is not None
    return Tls(
        ca=given.tlscacert,
        certificate=given.tlscert,
        key=given.tlskey,
        is_on=is_on,
        verifies_clients=is_on and given.tlsverify is not False,
        is_plain=given.tls is False and not is_on,
    )
