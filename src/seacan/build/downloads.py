"""What ADD fetches by HTTP: bounded by the disk, its checksum compared."""

import email.utils
import hashlib
import os
import re
import tempfile
import urllib.parse
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import urllib3

from seacan.errors import Internal, InvalidArgument
from seacan.files import write_all
from seacan.images.remote import failures
from seacan.images.remote.pace import set_pace
from seacan.images.remote.tasks import Cancellation

_CHUNK_BYTES: Final = 1 << 20
_TIMEOUT: Final = urllib3.Timeout(connect=30, read=120)
_LEAST_FREE_BYTES: Final = 256 << 20
_MOST_REDIRECTS: Final = 10
_SCHEMES: Final = ("http://", "https://")
_CHECKSUM: Final = re.compile(
    r"(sha256(?=:.{64}$)|sha384(?=:.{96}$)|sha512(?=:.{128}$)):([0-9a-f]+)"
)


class Downloaded(msgspec.Struct, frozen=True):
    name: str  # the last part of the URL's path; may be empty
    digest: str
    size_bytes: int
    modified_ns: int  # 0 if the server does not say it
    file: BinaryIO  # without a name: gone with its last descriptor

    def __enter__(self) -> "Downloaded":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def open(self) -> BinaryIO:
        """Return it from its start, for one reader at a time."""
        return Path(f"/proc/self/fd/{self.file.fileno()}").open("rb")


def is_url(path: str) -> bool:
    return path.lower().startswith(_SCHEMES)


def download(url: str, directory: Path, checksum: str, cancellation: Cancellation) -> Downloaded:
    """Fetch a URL into a file of `directory` that has no name.

    `checksum` is ALGORITHM:HEX, or empty. Raises InvalidArgument, Internal;
    Cancelled.
    """
    expected = _CHECKSUM.fullmatch(checksum) if checksum else None
    if checksum and expected is None:
        raise InvalidArgument(f"invalid checksum: {checksum}")
    checked = hashlib.new(expected[1]) if expected else None
    with ExitStack() as undo:
        file = undo.enter_context(tempfile.TemporaryFile(dir=directory, buffering=0))
        digest, modified_ns = _fetch(url, file.fileno(), checked, cancellation)
        if checked and expected and checked.hexdigest() != expected[2]:
            raise InvalidArgument(
                f"digest mismatch {expected[1]}:{checked.hexdigest()}: {checksum}"
            )
        name = urllib.parse.unquote(urllib.parse.urlsplit(url).path.rpartition("/")[2])
        if name in (".", "..") or "/" in name or "\0" in name:
            raise InvalidArgument(f"cannot determine filename from url: {url}")
        undo.pop_all()
    return Downloaded(name, digest, os.fstat(file.fileno()).st_size, modified_ns, file)


def _fetch(
    url: str, out_fd: int, checked: "hashlib._Hash | None", cancellation: Cancellation
) -> tuple[str, int]:
    """Write what is at a URL; return its digest, and when it was changed last."""
    found = hashlib.sha256()
    try:
        with set_pace(urllib3.PoolManager(timeout=_TIMEOUT, retries=_retries())) as pool:
            response = pool.request("GET", url, preload_content=False)
            if response.status >= 400:
                raise Internal(f"{url}: status {response.status}")
            for data in response.stream(_CHUNK_BYTES):
                found.update(data)
                if checked:
                    checked.update(data)
                check_space(out_fd)
                cancellation.check()
                write_all(out_fd, data)
            return found.hexdigest(), _modified_ns(response.headers.get("Last-Modified"))
    except urllib3.exceptions.HTTPError as err:
        reason = getattr(err, "reason", None) or err  # of the last try
        raise Internal(f'Get "{url}": {failures.cause(reason, url)}') from err
    except ValueError as err:
        raise InvalidArgument(f'Get "{url}": {err}') from err


def _retries() -> urllib3.Retry:
    return urllib3.Retry(total=_MOST_REDIRECTS, redirect=_MOST_REDIRECTS, connect=2, read=0)


def check_space(fd: int) -> None:
    """Raise InvalidArgument if what is fetched to a file or directory fills its disk."""
    space = os.fstatvfs(fd)
    if space.f_bavail * space.f_frsize < _LEAST_FREE_BYTES:
        raise InvalidArgument("it does not fit on the disk")


def _modified_ns(header: str | None) -> int:
    try:
        return int(email.utils.parsedate_to_datetime(header or "").timestamp()) * 10**9
    except (ValueError, TypeError, OverflowError):
        return 0
