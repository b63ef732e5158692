"""Blobs on their way from registries, each fetched once however many pulls want it.

    pull ──start──▸ Wanted ──┐
                             ├──▸ Download, a thread: waits for a slot, fetches, verifies
    pull ──start──▸ Wanted ──┘         └──▸ images/partial/DIGEST

What breaks off stays, and is gone on with by the next try, the next pull or the next daemon; see
download.py.
"""

import threading
from pathlib import Path
from typing import BinaryIO, Final

from seacan.images.blobs import Blobs
from seacan.images.progress import Progress
from seacan.images.remote.download import Download
from seacan.images.remote.failures import Broken, Refused
from seacan.images.remote.repository import Repository
from seacan.images.remote.settings import RegistrySettings
from seacan.images.remote.tasks import Cancelled, Slots
from seacan.spec.image import Descriptor

_END_S: Final = 10.0  # that a cancelled download is waited for


class Downloads:
    def __init__(self, blobs: Blobs, settings: RegistrySettings) -> None:
        self.blobs = blobs
        self.settings = settings
        self._slots = Slots(settings.max_downloads)
        self._lock = threading.Lock()
        self._running: dict[str, Download] = {}

    def join(self, repository: Repository, descriptor: Descriptor, progress: Progress) -> Download:
        """Return the download of a blob, used once more; a new one if there is none that works."""
        digest = descriptor["digest"]
        with self._lock:
            running = self._running.get(digest)
            if running is None or running.cancellation.is_cancelled or running.has_failed:
                running = Download(
                    repository,
                    descriptor,
                    blobs=self.blobs,
                    settings=self.settings,
                    slots=self._slots,
                    ended=self.forget,
                    after=running,
                )
                self._running[digest] = running
                running.begin()
            running.users += 1
        running.listen(progress)
        return running

    def leave(self, download: Download, progress: Progress, *, keep: bool) -> None:
        """Undo join(); the last to leave ends it. `keep`: what was fetched may be of use."""
        download.unlisten(progress)
        with self._lock:
            download.users -= 1
            if download.users:
                return
            download.cancellation.cancel()
            download.is_kept = keep
        download.break_off()
        if not keep:
            download.done.wait(_END_S)
        self.forget(download)

    def forget(self, download: Download) -> None:
        """Drop a download that has ended and that nobody uses, with its file unless it is kept."""
        with self._lock:
            if download.users or not download.done.is_set():
                return
            if self._running.get(download.digest) is download:
                del self._running[download.digest]
                if not download.is_kept or not _has_content(download.path):
                    download.path.unlink(missing_ok=True)


class Wanted:
    """A blob as one pull wants it: being fetched from the start, to be released."""

    def __init__(
        self,
        downloads: Downloads,
        repository: Repository,
        descriptor: Descriptor,
        progress: Progress,
    ) -> None:
        self._downloads = downloads
        self._repository = repository
        self._descriptor = descriptor
        self._progress = progress
        self._lock = threading.Lock()  # an image may have a layer twice
        self._download = downloads.join(repository, descriptor, progress)

    def is_there(self, wait_s: float) -> bool:
        """Return whether the blob is there, whole, within `wait_s`. Raises what went wrong."""
        download = self._download
        if not download.done.wait(wait_s):
            return False
        if download.error is None:
            return True
        if download.repository is self._repository:
            raise download.error
        # Somebody else's way to it failed: this pull has its own.
        with self._lock:
            if self._download is download:
                self._downloads.leave(download, self._progress, keep=True)
                self._download = self._downloads.join(
                    self._repository, self._descriptor, self._progress
                )
        return False

    def open(self) -> BinaryIO:
        """Open it for reading; another pull may have made a blob of it meanwhile."""
        try:
            return open(self.path, "rb")
        except FileNotFoundError:
            return self._downloads.blobs.open_blob(self._download.digest)

    @property
    def path(self) -> Path:
        return self._download.path

    def release(self, *, keep: bool) -> None:
        self._downloads.leave(self._download, self._progress, keep=keep)


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def is_worth_keeping(error: BaseException) -> bool:
    """Return whether what a pull fetched until `error` may be of use to the next one."""
    return isinstance(error, Broken | Refused | Cancelled)
