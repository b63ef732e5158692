"""A blob on its way to a registry; where the connection breaks, it is gone on with.

    begin ─▸ PUT all of it ──broken──▸ GET: how far? ─▸ PATCH the rest ─▸ PUT the digest
                                          └▸ not known any more ─▸ from the beginning

Source: distribution-spec 1.1, "Pushing blobs". docker-registry 2.8 forgets what broke off.
"""

import contextlib
from collections.abc import Callable, Iterable
from typing import Final

from seacan.images.remote.failures import Broken, Refused
from seacan.images.remote.repository import Repository
from seacan.spec.image import Descriptor

_WANTS_CREDENTIALS: Final = (401, 403)


class Upload:
    """`pieces` returns the bytes of the blob from an offset on."""

    def __init__(
        self, repository: Repository, blob: Descriptor, pieces: Callable[[int], Iterable[bytes]]
    ) -> None:
        self._repository = repository
        self._digest = blob["digest"]
        self._size_bytes = blob["size"]
        self._pieces = pieces
        self._location = ""
        self._was_tried = False
        self.reached_bytes = 0  # that the registry was found to have

    def mount(self, sources: Iterable[str]) -> str:
        """Return the repository, of `sources`, that the blob was mounted from; "" if of none.

        Nobody is asked while an upload is under way.
        """
        if self._location:
            return ""
        for source in sources:
            try:
                self._location = self._repository.begin_upload(self._digest, source)
            except Refused:  # who may push here need not be one who may pull there
                continue
            return "" if self._location else source
        return ""

    def send(self) -> None:
        """Send what the registry lacks. Raises Refused, Broken; then it may be called again."""
        if self._was_tried and self._go_on():
            return
        self._location = self._location or self._repository.begin_upload(self._digest)
        self._was_tried = True
        self._repository.upload(
            self._location, self._digest, self._size_bytes, lambda: self._pieces(0)
        )

    def _go_on(self) -> bool:
        """Send the rest of what broke off; return False if it has to be sent from the beginning."""
        if not self._location:
            return False
        try:
            return self._send_rest()
        except Refused as err:
            if err.is_passing or err.status in _WANTS_CREDENTIALS:
                raise
            self._location = ""
            return self._repository.has_blob(self._digest)  # all came, but the answer got lost

    def _send_rest(self) -> bool:
        offset, self._location = self._repository.upload_progress(self._location)
        if not 0 < offset <= self._size_bytes:
            with contextlib.suppress(Refused, Broken):
                self._repository.cancel_upload(self._location)
            self._location = ""
            return False
        self.reached_bytes = offset
        if offset < self._size_bytes:
            self._location = self._repository.append(
                self._location, offset, self._size_bytes, lambda: self._pieces(offset)
            )
        self._repository.upload(self._location, self._digest, 0, tuple)
        return True
