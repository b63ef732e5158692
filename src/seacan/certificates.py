"""Certificates for a daemon on tcp and its clients: `python -m seacan.certificates`.

    DIRECTORY/              0700, complete or not there at all
      ca.pem ca-key.pem     what both sides trust, and what makes more certificates
      cert.pem key.pem      the daemon's, with the names that clients call it
      client/               ca.pem cert.pem key.pem: a DOCKER_CERT_PATH, to be copied to clients

Certificates have mode 0600, keys 0400. A process of its own, as `cryptography` is no part of the
standard library, which is all that the command line may import.
"""

import argparse
import datetime
import ipaddress
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from seacan import paths
from seacan.errors import Conflict, InvalidArgument, SeacanError

# Clocks differ.
_EARLIER: Final = datetime.timedelta(minutes=5)
_PORT: Final = 2376


class _Signed(msgspec.Struct, frozen=True):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def write(self, certificate: Path, key: Path) -> None:
        write_file(certificate, self.certificate.public_bytes(serialization.Encoding.PEM), 0o600)
        write_file(
            key,
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
            0o400,
        )


def make_certificates(directory: Path, hosts: Sequence[str], days: int) -> None:
    """Make all files of `directory`, at once. Raises Conflict if something is there already."""
    names = [_general_name(host) for host in hosts]
    directory.parent.mkdir(parents=True, exist_ok=True)
    # mkdtemp makes it 0700, as it stays.
    made = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        authority = _make_authority(days)
        authority.write(made / "ca.pem", made / "ca-key.pem")
        server = _sign(authority, hosts[0], ExtendedKeyUsageOID.SERVER_AUTH, days, names)
        server.write(made / "cert.pem", made / "key.pem")
        (made / "client").mkdir(mode=0o700)
        write_file(made / "client" / "ca.pem", (made / "ca.pem").read_bytes(), 0o600)
        client = _sign(authority, "client", ExtendedKeyUsageOID.CLIENT_AUTH, days, [])
        client.write(made / "client" / "cert.pem", made / "client" / "key.pem")
        try:
            made.rename(directory)
        except (FileExistsError, OSError) as err:
            raise Conflict(f"make certificates in {directory}: {err.strerror}") from err
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _make_authority(days: int) -> _Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("seacan CA")
    builder = (
        _builder(name, name, key, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
    )
    return _Signed(builder.sign(key, hashes.SHA256()), key)


def _sign(
    authority: _Signed,
    common_name: str,
    usage: x509.ObjectIdentifier,
    days: int,
    names: Sequence[x509.GeneralName],
) -> _Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    builder = (
        _builder(_name(common_name), issuer.subject, key, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return _Signed(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        pass
    is_name = host.isascii() and all(
        part and part.replace("-", "").replace("_", "").isalnum() for part in host.split(".")
    )
    if not is_name or len(host) > 64:
        raise InvalidArgument(f"{host!r} is neither the name nor the address of a host")
    return x509.DNSName(host)


def write_file(path: Path, data: bytes, mode: int) -> None:
    """Make the file, which must not exist, with `mode` whatever the umask."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(fd)


def _usage(directory: Path, host: str) -> str:
    """Return the two lines that put the certificates to use."""
    files = {"ca": "ca.pem", "cert": "cert.pem", "key": "key.pem"}
    daemon = f"seacand -H unix://{paths.DEFAULT_SOCKET} -H tcp://0.0.0.0:{_PORT} --tlsverify"
    if directory != paths.DEFAULT_TLS:
        for flag, file in zip(("tlscacert", "tlscert", "tlskey"), files.values(), strict=True):
            daemon += f" --{flag}={directory / file}"
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    pairs = [f"host=tcp://{shown}:{_PORT}"]
    pairs += [f"{key}={directory / 'client' / file}" for key, file in files.items()]
    return (
        f"The daemon:  {daemon}\n"
        f"A client, which needs {directory / 'client'}:  "
        f"seacan context create NAME --docker {','.join(pairs)}\n"
    )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="seacan tls init")
    parser.add_argument("--host", action="append", required=True)
    parser.add_argument("--days", type=int, required=True)
    parser.add_argument("--directory", type=Path, default=paths.DEFAULT_TLS)
    given = parser.parse_args(argv)
    directory = Path.cwd() / given.directory
    try:
        make_certificates(directory, given.host, given.days)
    except (SeacanError, OSError) as err:
        print(f"seacan tls init: {err}", file=sys.stderr)
        return 1
    print(_usage(directory, given.host[0]), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
