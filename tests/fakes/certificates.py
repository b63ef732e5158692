"""Certificates for tests of TLS: right ones, and each kind of wrong one, made with openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_NOBODY_KNOWS = ("-subj", "/CN=test", "-days", "2")
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Pair:
    certificate: Path
    key: Path


class Authority:
    """A CA in a directory, and what it signs."""

    def __init__(self, directory: Path, name: str = "ca") -> None:
        self._directory = directory
        self._own = self._pair(name)
        _openssl(
            "req", "-x509", *_KEY, *_NOBODY_KNOWS,
            "-keyout", self._own.key, "-out", self._own.certificate,
        )  # fmt: skip

    @property
    def certificate(self) -> Path:
        return self._own.certificate

    def _pair(self, name: str) -> Pair:
        return Pair(self._directory / f"{name}.pem", self._directory / f"{name}-key.pem")

    def sign(
        self, name: str, usage: str, *, names: str = "IP:127.0.0.1", is_expired: bool = False
    ) -> Pair:
        """Return a certificate for `usage`, clientAuth or serverAuth."""
        pair = self._pair(name)
        request = self._directory / f"{name}.csr"
        extensions = self._directory / f"{name}.ext"
        extensions.write_text(f"extendedKeyUsage={usage}\nsubjectAltName={names}\n")
        _openssl("req", "-new", *_KEY, "-subj", f"/CN={name}", "-keyout", pair.key, "-out", request)
        _openssl(
            "x509", "-req", "-in", request, "-out", pair.certificate, "-extfile", extensions,
            "-CA", self._own.certificate, "-CAkey", self._own.key, "-CAcreateserial",
            "-days", "-1" if is_expired else "2",
        )  # fmt: skip
        return pair


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
