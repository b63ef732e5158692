"""Push: an image to a registry: the layers that it lacks, the config, and at last the manifest.

A layer goes in one of four ways, the cheapest that works: it is there already; it is mounted from
another repository of the same registry, of which a pull or push has shown that it has it; or it is
sent. The manifest goes as it is kept here, so that its digest stays the same wherever it is pushed.
"""

import contextlib
import functools
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from seacan.ids import short
from seacan.images import documents, indexes
from seacan.images.compaction import compact
from seacan.images.image import Image
from seacan.images.manifests import index_descriptor, manifest_descriptor
from seacan.images.progress import Meter, Progress, message
from seacan.images.references import Reference
from seacan.images.remote.failures import Broken, Refused, delay_s
from seacan.images.remote.outgoing import Outgoing
from seacan.images.remote.repository import Repository
from seacan.images.remote.settings import RegistrySettings
from seacan.images.remote.tasks import Cancellation, Slots, Task, wait_all
from seacan.images.remote.upload import Upload
from seacan.images.store import ImageGone, Store
from seacan.images.streams import chunks
from seacan.spec.image import INDEX_TYPES, Descriptor

_MOST_MOUNTS: Final = 3  # that are tried for a layer
_ENOUGH_BYTES: Final = 1 << 20  # whoever got so much further may try as often as at first


class Push:
    """Images into one repository. `progress` may be called from several threads."""

    def __init__(
        self,
        store: Store,
        slots: Slots,
        settings: RegistrySettings,
        repository: Repository,
        *,
        progress: Progress,
        cancellation: Cancellation,
    ) -> None:
        self._store = store
        self._slots = slots
        self._settings = settings
        self._repository = repository
        self._progress = progress
        self._cancellation = cancellation
        self._stop = Cancellation()  # of the threads, also when one of them has failed
        self._pushed: set[str] = set()  # documents, which indexes may name thousands of times

    def run(self, outgoing: Outgoing) -> None:
        """Push what goes as a tag. Raises Refused, Broken, Cancelled."""
        reference, index = outgoing.reference, outgoing.index
        digests = compact(self._store, outgoing.images, index, self._progress)
        for image, digest in zip(outgoing.images, digests.images, strict=True):
            name = digest if index else reference.tag or ""
            self._push_image(reference, image, digest, name)
        if digests.index:
            for descriptor in indexes.walk(self._store.blobs, digests.index, depth=0):
                self._push_document(reference, descriptor)
            target = index_descriptor(self._store.blobs, digests.index)
            self._put(reference.tag or "", target)
        else:
            target = manifest_descriptor(self._store.blobs, *digests.images)
        self._finish(outgoing, target, digests.index)

    def run_blobs(
        self, reference: Reference, blobs: list[Descriptor], manifest: Descriptor
    ) -> None:
        """Push blobs, and what names them as the tag; all are in the store. Raises as run()."""
        self._push_layers(reference, blobs, [blob["digest"] for blob in blobs])
        self._put(reference.tag or "", manifest)

    def _push_image(self, reference: Reference, image: Image, digest: str, name: str) -> None:
        """Send an image, and its manifest as `name`."""
        data = self._store.blobs.read(digest, documents.LIMIT_BYTES)
        manifest = documents.manifest(data)
        self._push_layers(reference, manifest["layers"], image.diff_ids)
        self._push_unnamed(reference, manifest["config"])
        self._put(name, manifest_descriptor(self._store.blobs, digest))

    def _push_document(self, reference: Reference, descriptor: Descriptor) -> None:
        """Send what an index names that is no image, once: an index, an attestation."""
        if descriptor["digest"] in self._pushed:
            return
        self._pushed.add(descriptor["digest"])
        if descriptor["mediaType"] in INDEX_TYPES:
            for inner in indexes.walk(self._store.blobs, descriptor["digest"], depth=0):
                self._push_document(reference, inner)
        elif indexes.attested_by(descriptor) is not None:
            data = self._store.blobs.read(descriptor["digest"], documents.LIMIT_BYTES)
            manifest = documents.manifest(data)
            for blob in (manifest["config"], *manifest["layers"]):
                self._push_unnamed(reference, blob)
        else:
            return
        self._put(descriptor["digest"], descriptor)

    def _push_unnamed(self, reference: Reference, blob: Descriptor) -> None:
        if not self._repository.has_blob(blob["digest"]):
            self._send_patiently(reference, blob, None)

    def _put(self, name: str, descriptor: Descriptor) -> None:
        data = self._store.blobs.read(descriptor["digest"], documents.LIMIT_BYTES)
        self._repository.put_manifest(name, descriptor["mediaType"], data)

    def _finish(self, outgoing: Outgoing, target: Descriptor, index: str) -> None:
        """Keep the name by digest, and tell what was pushed."""
        reference, digest = outgoing.reference, target["digest"]
        by_digest = replace(reference, tag=None, digest=digest)
        with contextlib.suppress(ImageGone):  # it was pushed all the same
            self._store.set_reference(by_digest, outgoing.images[0].id, index)
        size_bytes = target["size"]
        aux = {"Tag": reference.tag, "Digest": digest, "Size": size_bytes}
        self._progress({"status": f"{reference.tag}: digest: {digest} size: {size_bytes}"})
        self._progress({"progressDetail": {}, "aux": aux})
        if outgoing.left_out:
            told = {
                "manifestPushedInsteadOfIndex": True,
                "originalIndex": index_descriptor(self._store.blobs, outgoing.left_out),
                "selectedManifest": target,
            }
            self._progress({"progressDetail": {}, "aux": told})

    def _push_layers(
        self, reference: Reference, layers: list[Descriptor], diff_ids: list[str]
    ) -> None:
        names = {
            layer["digest"]: (layer, short(diff_id))
            for layer, diff_id in zip(layers, diff_ids, strict=True)
        }
        for _, name in reversed(names.values()):
            self._progress(message("Preparing", name))
        tasks = [
            Task(functools.partial(self._push_layer, reference, layer, name))
            for layer, name in names.values()
        ]
        try:
            wait_all(tasks, self._cancellation)
        finally:
            self._stop.cancel()
        self._stop = Cancellation()

    def _push_layer(self, reference: Reference, layer: Descriptor, name: str) -> None:
        self._slots.take(self._stop, lambda: self._progress(message("Waiting", name)))
        try:
            if self._repository.has_blob(layer["digest"]):
                self._progress(message("Layer already exists", name))
            elif source := self._send_patiently(reference, layer, name):
                self._progress(message(f"Mounted from {source}", name))
            else:
                self._progress(message("Pushed", name))
        finally:
            self._slots.give_back()

    def _send_patiently(self, reference: Reference, blob: Descriptor, name: str | None) -> str:
        """Send a blob, again if the registry breaks off; return where it was mounted from."""
        upload = Upload(self._repository, blob, lambda offset: self._pieces(blob, name, offset))
        attempt, furthest = 1, 0
        while True:
            try:
                if source := upload.mount(self._mountable(reference, blob["digest"])):
                    return source
                upload.send()
                return ""
            except (Broken, Refused) as err:
                if isinstance(err, Refused) and not err.is_passing:
                    raise
                if upload.reached_bytes >= furthest + _ENOUGH_BYTES:
                    attempt, furthest = 1, upload.reached_bytes
                if attempt >= self._settings.max_attempts:
                    raise
                if name:
                    self._progress(message("Retrying", name))
                self._stop.sleep(delay_s(err, attempt, self._settings.retry_delay_s))
                attempt += 1

    def _mountable(self, reference: Reference, digest: str) -> list[str]:
        """Return repositories of the registry that are known to have a blob, the likest first."""
        paths = {
            other.path
            for other in self._store.repositories_with(digest)
            if other.domain == reference.domain and other.path != reference.path
        }
        own = reference.path.split("/")

        def unlikeness(path: str) -> tuple[int, str]:
            parts = path.split("/")
            return -sum(a == b for a, b in zip(own, parts, strict=False)), path

        return sorted(paths, key=unlikeness)[:_MOST_MOUNTS]

    def _pieces(self, blob: Descriptor, name: str | None, offset: int) -> Iterator[bytes]:
        meter = Meter("Pushing", name or "", blob["size"], self._progress)
        meter.current_bytes = offset
        with self._store.blobs.open_blob(blob["digest"]) as file:
            file.seek(offset)
            for chunk in chunks(file):
                self._stop.check()
                yield chunk
                if name:
                    meter(chunk)
