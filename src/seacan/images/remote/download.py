"""One blob on its way from a registry: in a thread, with patience, verified.

What breaks off stays, and is gone on with; the digest is taken over all of it, so it does not
matter what a crash made of it.
"""

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable
from typing import BinaryIO, Final

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from seacan.errors import InvalidArgument
from seacan.ids import short
from seacan.images.blobs import Blobs
from seacan.images.progress import Message, Progress, bytes_message, message
from seacan.images.remote import failures
from seacan.images.remote.failures import Broken, Refused
from seacan.images.remote.repository import Repository
from seacan.images.remote.settings import RegistrySettings
from seacan.images.remote.tasks import Cancellation, Slots
from seacan.images.streams import chunks
from seacan.spec.image import Descriptor

_PIECE_BYTES: Final = 256 << 10
_TELL_S: Final = 0.1  # between messages about bytes
_ENOUGH_BYTES: Final = 1 << 20  # whoever got so much further may try as often as at first


class Download:
    """`users` and `is_kept` are the collection's, under its lock."""

    def __init__(
        self,
        repository: Repository,
        descriptor: Descriptor,
        *,
        blobs: Blobs,
        settings: RegistrySettings,
        slots: Slots,
        ended: Callable[["Download"], None],
        after: "Download | None",
    ) -> None:
        """Prepare it; `ended` is called at its end, `after` is one that may be writing still."""
        self.repository = repository
        self.digest = descriptor["digest"]
        self.path = blobs.partial(self.digest)
        self.users = 0
        self.is_kept = True
        self.done = threading.Event()
        self.error: BaseException | None = None
        self.cancellation = Cancellation()
        self._size_bytes = descriptor["size"]
        self._blobs = blobs
        self._settings = settings
        self._slots = slots
        self._ended = ended
        self._after = after
        self._name = short(self.digest)
        self._lock = threading.Lock()
        self._listeners: list[Progress] = []
        self._last: Message | None = None
        self._told_at = 0.0
        self._response: BaseHTTPResponse | None = None

    @property
    def has_failed(self) -> bool:
        return self.error is not None

    def begin(self) -> None:
        threading.Thread(target=self._run, daemon=True, name="seacan-download").start()

    def break_off(self) -> None:
        """End a wait for the registry; to be called when it was cancelled."""
        response = self._response
        if response is not None:
            with contextlib.suppress(OSError, ValueError, RuntimeError):  # it has just ended
                response.shutdown()

    def listen(self, progress: Progress) -> None:
        """Tell `progress` what is going on, beginning with what it has missed."""
        with self._lock:
            self._listeners.append(progress)
            if self._last:
                progress(self._last)

    def unlisten(self, progress: Progress) -> None:
        with self._lock:
            self._listeners.remove(progress)

    def _tell(self, told: Message) -> None:
        with self._lock:
            self._last = told
            for progress in self._listeners:
                progress(told)

    def _run(self) -> None:
        try:
            if self._after is not None:
                self._after.done.wait()
                self._after = None
            self._slots.take(self.cancellation, lambda: self._tell(message("Waiting", self._name)))
            try:
                self._fetch_patiently()
            finally:
                self._slots.give_back()
        except BaseException as err:  # raised by whoever waits
            self.error = err
        self.done.set()
        self._ended(self)

    def _fetch_patiently(self) -> None:
        attempt, furthest = 1, 0
        while True:
            try:
                return self._fetch()
            except (Broken, Refused) as err:
                self.cancellation.check()
                reached = self.path.stat().st_size
                if reached >= furthest + _ENOUGH_BYTES:
                    attempt, furthest = 1, reached
                if isinstance(err, Refused) and not err.is_passing:
                    raise
                if attempt >= self._settings.max_attempts:
                    raise
                self._wait_before_retry(
                    failures.delay_s(err, attempt, self._settings.retry_delay_s)
                )
                attempt += 1

    def _wait_before_retry(self, delay_s: float) -> None:
        while delay_s > 0:
            left = max(1, round(delay_s))
            text = f"Retrying in {left} second{'s' if left != 1 else ''}"
            self._tell(message(text, self._name))
            self.cancellation.sleep(min(delay_s, 1.0))
            delay_s -= 1.0

    def _fetch(self) -> None:
        if self._blobs.has(self.digest):  # another pull was faster
            self._tell(message("Download complete", self._name))
            return
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with open(fd, "r+b", buffering=0) as file:
            digest, kept = self._digest_of_kept(file)
            offset = kept
            if offset < self._size_bytes:
                response, offset = self.repository.open_blob(self.digest, kept)
                if offset != kept:
                    digest = hashlib.sha256()
                    file.truncate(0)
                file.seek(offset)
                self._receive(response, file, offset, digest.update)
            self._tell(message("Verifying Checksum", self._name))
            if f"sha256:{digest.hexdigest()}" != self.digest:
                file.truncate(0)
                self._raise_corrupt(was_resumed=offset > 0)
        self._tell(message("Download complete", self._name))

    def _digest_of_kept(self, file: BinaryIO) -> tuple["hashlib._Hash", int]:
        if os.fstat(file.fileno()).st_size > self._size_bytes:
            file.truncate(0)
        digest, size_bytes = hashlib.sha256(), 0
        for chunk in chunks(file):
            self.cancellation.check()
            digest.update(chunk)
            size_bytes += len(chunk)
        return digest, size_bytes

    def _receive(
        self,
        response: BaseHTTPResponse,
        file: BinaryIO,
        offset: int,
        watch: Callable[[bytes], object],
    ) -> None:
        self._response = response
        try:
            with response:
                while data := self._read(response):
                    offset += len(data)
                    if offset > self._size_bytes:
                        raise InvalidArgument(
                            f"layer {self.digest} is longer than the {self._size_bytes} bytes"
                            " that the manifest says"
                        )
                    watch(data)
                    file.write(data)
                    self._tell_bytes(offset)
        finally:
            self._response = None
        if offset < self._size_bytes:
            raise failures.Broken(f"read layer {self.digest}: unexpected EOF")

    def _read(self, response: BaseHTTPResponse) -> bytes:
        try:
            self.cancellation.check()
            return response.read(_PIECE_BYTES)
        except (HTTPError, OSError, ValueError) as err:
            self.cancellation.check()
            raise failures.broken("GET", response.url or "", err) from err

    def _tell_bytes(self, offset: int) -> None:
        now = time.monotonic()
        if now >= self._told_at + _TELL_S or offset == self._size_bytes:
            self._told_at = now
            self._tell(bytes_message("Downloading", self._name, offset, self._size_bytes))

    def _raise_corrupt(self, *, was_resumed: bool) -> None:
        text = f"filesystem layer verification failed for digest {self.digest}"
        if was_resumed:  # what was kept may be to blame
            raise Broken(text)
        raise InvalidArgument(text)
