"""TLS towards one host: which certificates are believed, which are shown.

DIRECTORY/HOST[:PORT]/NAME.crt        a CA to believe, beside the system's
DIRECTORY/HOST[:PORT]/NAME.cert .key  a certificate to show, and its key
Source: Docker's documentation of certs.d.
"""

import ssl
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from seacan.certificate_chains import check_as_go
from seacan.errors import InvalidArgument


class Tls(msgspec.Struct, frozen=True):
    verify: bool = True
    authorities: tuple[Path, ...] = ()
    shown: tuple[tuple[Path, Path], ...] = ()  # certificates and their keys

    def context(self) -> ssl.SSLContext:
        """Make what urllib3 wants. Raises InvalidArgument for files that are no certificates."""
        context = check_as_go(ssl.create_default_context())
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        path = Path()
        try:
            for path in self.authorities:
                context.load_verify_locations(path)
            for path, key in self.shown:
                context.load_cert_chain(path, key)
        except (OSError, ssl.SSLError) as err:
            raise InvalidArgument(f"read certificate {path}: {err}") from err
        return context


def find(directories: Sequence[Path], host: str, *, verify: bool) -> Tls:
    """Return what the directories have for `host`. Raises InvalidArgument."""
    tls = Tls(verify=verify)
    for directory in directories:
        tls = _with_files(tls, directory / host)
    return tls


def _with_files(tls: Tls, directory: Path) -> Tls:
    try:
        names = sorted(path.name for path in directory.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return tls
    except OSError as err:
        raise InvalidArgument(f"read {directory}: {err.strerror}") from err
    shown = []
    for name in names:
        stem, _, kind = name.rpartition(".")
        if kind == "cert":
            if f"{stem}.key" not in names:
                raise InvalidArgument(
                    f"missing key {stem}.key for client certificate {name}. "
                    "CA certificates must use the extension .crt"
                )
            shown.append((directory / name, directory / f"{stem}.key"))
        elif kind == "key" and f"{stem}.cert" not in names:
            raise InvalidArgument(f"missing client certificate {stem}.cert for key {name}")
    authorities = [directory / name for name in names if name.endswith(".crt")]
    return replace(tls, authorities=(*tls.authorities, *authorities), shown=(*tls.shown, *shown))
