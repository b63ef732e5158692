"""Pull: an image of a registry, its layers fetched and unpacked side by side.

    tag ─▸ digest ─▸ [index ─▸ choice] ─▸ manifest ─▸ config
                                             └─▸ layers: fetch ═▸ verify ─▸ unpack ─▸ image

Nothing is an image before all of it is there; until then its blobs are downloads, which stay when
the network breaks off (see downloads.py).
"""

import functools
from typing import Final

import msgspec
from msgspec.structs import replace

from seacan.errors import InvalidArgument, NotFound, Unsupported
from seacan.ids import short
from seacan.images import documents, platforms
from seacan.images.blobs import Staged
from seacan.images.choice import acceptable_platforms, choose, normal
from seacan.images.image import ImageId
from seacan.images.indexes import DEEPEST, platform_of
from seacan.images.layers import Layer, chain_ids, check_diff_id
from seacan.images.platforms import Platform
from seacan.images.progress import Meter, Progress, message
from seacan.images.references import Reference
from seacan.images.remote.downloads import Downloads, Wanted, is_worth_keeping
from seacan.images.remote.repository import Fetched, Repository
from seacan.images.remote.tasks import Cancellation, Slots, Task, wait_all
from seacan.images.store import ImageGone, Store
from seacan.images.streams import Watched, buffered
from seacan.spec.image import (
    CONFIG_TYPES,
    FOREIGN_LAYER_TYPES,
    LAYER_TYPES,
    Descriptor,
    ImageConfig,
    Manifest,
)

_MOST_LAYERS: Final = 125  # as Docker
_LOOK_S: Final = 0.2  # between looks at whether a layer is still wanted


class Pulled(msgspec.Struct, frozen=True):
    image_id: ImageId
    digest: str  # of the manifest or index that the reference means
    is_new: bool  # whether anything changed here
    platform: Platform


class Pull:
    """One reference with a tag or a digest. `progress` may be called from several threads."""

    def __init__(
        self,
        store: Store,
        downloads: Downloads,
        unpackers: Slots,
        repository: Repository,
        *,
        platform: Platform | None,
        progress: Progress,
        cancellation: Cancellation,
    ) -> None:
        self._store = store
        self._downloads = downloads
        self._unpackers = unpackers
        self._repository = repository
        self._platform = platform
        self._progress = progress
        self._cancellation = cancellation

    def run(self, reference: Reference) -> Pulled:
        """Pull one. Raises the errors of errors.py, Refused, Broken, Cancelled."""
        while True:
            self._cancellation.check()
            try:
                return self._run_once(reference)
            except ImageGone:  # removed as soon as it was there: so it is fetched for this one
                continue

    def _run_once(self, reference: Reference) -> Pulled:
        name = reference.digest or reference.tag or ""
        digest = reference.digest or self._repository.manifest_digest(name)
        by_digest = replace(reference, tag=None, digest=digest)
        before = {image_id for _, image_id in self._meanings(reference)}
        image_id = self._known(by_digest) if digest else None
        with self._store.adding():
            if image_id is None:
                fetched = self._repository.manifest(name)
                by_digest = replace(by_digest, digest=fetched.digest)
                self._tell_beginning(name)
                image_id = self._bring(self._chosen(fetched, DEEPEST))
                index = fetched.digest if fetched.is_index else ""
            else:
                self._tell_beginning(name)
                index = self._store.index_of(by_digest)
            self._progress({"status": f"Digest: {by_digest.digest}"})
            self._store.set_reference(by_digest, image_id, index)
            if reference.tag and not reference.digest:
                self._store.set_reference(reference, image_id, index)
        return Pulled(
            image_id, by_digest.digest or "", image_id not in before, self._platform_of(image_id)
        )

    def _tell_beginning(self, name: str) -> None:
        self._progress({"status": f"Pulling from {self._repository.path}", "id": name})

    def _known(self, by_digest: Reference) -> ImageId | None:
        """Return the image that was pulled by this digest, if it is for the wanted platform.

        So an image that has not changed costs but a question for its digest, which registries do
        not count as a pull.
        """
        wanted, *_ = acceptable_platforms(self._platform or platforms.host())
        known = self._meanings(by_digest)
        return next((one for platform, one in known if normal(platform) == wanted), None)

    def _meanings(self, reference: Reference) -> list[tuple[Platform, ImageId]]:
        try:
            return self._store.meanings(reference)
        except NotFound:  # removed meanwhile
            return []

    def _platform_of(self, image_id: ImageId) -> Platform:
        try:
            return platform_of(self._store.blobs, image_id)
        except NotFound as err:
            raise ImageGone(str(err)) from err

    def _chosen(self, fetched: Fetched, depth: int) -> Fetched:
        """Return the manifest, out of an index that for the platform."""
        if not fetched.is_index:
            return fetched
        if not depth:
            raise InvalidArgument(f"invalid image index {fetched.digest}: nested too deeply")
        self._store.blobs.write(fetched.data)
        descriptor = choose(documents.index(fetched.data), self._platform)
        inner = self._repository.manifest(descriptor["digest"])
        if len(inner.data) != descriptor["size"] or inner.media_type != descriptor["mediaType"]:
            raise InvalidArgument(
                f"invalid image index {fetched.digest}: {descriptor['digest']} is not as it says"
            )
        return self._chosen(inner, depth - 1)

    def _bring(self, fetched: Fetched) -> ImageId:
        manifest = documents.manifest(fetched.data)
        _check_types(manifest)
        if self._store.manifest_digest(manifest["config"]["digest"]) == fetched.digest:
            return ImageId(manifest["config"]["digest"])
        data = self._repository.small_blob(manifest["config"], "image configuration")
        config = documents.image_config(data)
        if len(documents.diff_ids(config)) != len(manifest["layers"]):
            raise InvalidArgument("layers from manifest don't match image configuration")
        with self._store.adding():
            wanted: dict[str, Wanted] = {}
            try:
                self._start(manifest, config, wanted)
                layers = self._layers(manifest, config, wanted)
                self._store.sync()
                self._keep(wanted, manifest)
                # What is pushed after a pull is what was pulled, also if the image was here.
                image_id = self._store.add_image(
                    data, manifest["layers"], layers, fetched.data, renew=True
                )
            except BaseException as err:
                self._release(wanted, keep=is_worth_keeping(err))
                raise
            self._release(wanted, keep=False)
            return image_id

    def _start(self, manifest: Manifest, config: ImageConfig, wanted: dict[str, Wanted]) -> None:
        """Begin to fetch what is not there; add that to `wanted`, by its digest."""
        self._downloads.blobs.drop_old_partials()
        chain = chain_ids(documents.diff_ids(config))
        for descriptor, chain_id in zip(manifest["layers"], chain, strict=True):
            digest = descriptor["digest"]
            has_blob = self._store.blobs.has(digest)
            if has_blob and self._store.layers.find(chain_id):
                self._progress(message("Already exists", short(digest)))
                continue
            self._progress(message("Pulling fs layer", short(digest)))
            if has_blob:
                self._progress(message("Download complete", short(digest)))
            elif digest not in wanted:
                wanted[digest] = Wanted(
                    self._downloads, self._repository, descriptor, self._progress
                )

    def _layers(
        self, manifest: Manifest, config: ImageConfig, wanted: dict[str, Wanted]
    ) -> list[Layer]:
        """Return all layers, each unpacked as soon as it is there."""
        diff_ids = documents.diff_ids(config)
        layers: dict[str, Layer] = {}  # by chain id

        def bring(descriptor: Descriptor, chain_id: str, diff_id: str) -> None:
            layers[chain_id] = self._layer(
                descriptor, chain_id, diff_id, wanted.get(descriptor["digest"]), stop
            )

        stop = Cancellation()
        parts = zip(manifest["layers"], chain_ids(diff_ids), diff_ids, strict=True)
        tasks = [Task(functools.partial(bring, *part)) for part in parts]
        try:
            wait_all(tasks, self._cancellation)
        finally:
            stop.cancel()
            for task in tasks:  # what they have begun is undone before anything else is
                task.join()
        return [layers[chain_id] for chain_id in chain_ids(diff_ids)]

    def _layer(
        self,
        descriptor: Descriptor,
        chain_id: str,
        diff_id: str,
        wanted: Wanted | None,
        stop: Cancellation,
    ) -> Layer:
        while wanted and not wanted.is_there(_LOOK_S):
            stop.check()
        self._unpackers.take(stop, lambda: None)
        try:
            layer = self._store.layers.find(chain_id)
            if layer is None:
                layer = self._unpack(descriptor, chain_id, diff_id, wanted, stop)
            elif wanted:  # unpacked from another blob than this one
                with wanted.open() as file:
                    check_diff_id(file, diff_id)
            else:
                return layer
        finally:
            self._unpackers.give_back()
        self._progress(message("Pull complete", short(descriptor["digest"])))
        return layer

    def _unpack(
        self,
        descriptor: Descriptor,
        chain_id: str,
        diff_id: str,
        wanted: Wanted | None,
        stop: Cancellation,
    ) -> Layer:
        digest = descriptor["digest"]
        meter = Meter("Extracting", short(digest), descriptor["size"], self._progress)

        def watch(data: memoryview) -> None:
            stop.check()
            meter(data)

        with wanted.open() if wanted else self._store.blobs.open_blob(digest) as file:
            return self._store.layers.add(chain_id, diff_id, buffered(Watched(file, watch)))

    def _keep(self, wanted: dict[str, Wanted], manifest: Manifest) -> None:
        sizes = {layer["digest"]: layer["size"] for layer in manifest["layers"]}
        for digest, one in wanted.items():
            try:
                self._store.blobs.commit(Staged(one.path, digest, sizes[digest]))
            except FileNotFoundError:
                if not self._store.blobs.has(digest):  # else another pull was faster
                    raise

    def _release(self, wanted: dict[str, Wanted], *, keep: bool) -> None:
        for one in wanted.values():
            one.release(keep=keep)


def _check_types(manifest: Manifest) -> None:
    """Raise Unsupported for what is no image, or not all in the registry."""
    config_type = manifest["config"]["mediaType"]
    if config_type not in CONFIG_TYPES:
        raise Unsupported(f"unsupported media type {config_type}")
    if len(manifest["layers"]) > _MOST_LAYERS:
        raise InvalidArgument(f"max depth exceeded: more than {_MOST_LAYERS} layers")
    for layer in manifest["layers"]:
        media_type = layer["mediaType"]
        if media_type in FOREIGN_LAYER_TYPES:
            raise Unsupported(
                f"layer {layer['digest']} is foreign ({media_type}): "
                "layers that are not in the registry are not supported"
            )
        if media_type not in LAYER_TYPES:
            raise Unsupported(f"unsupported media type {media_type}")
