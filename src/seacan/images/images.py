"""Images: all that the engine asks about images, and does with them.

Every method may be called from any thread, and blocks.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import RawIOBase
from typing import Any, BinaryIO, Protocol

from seacan.errors import NotFound
from seacan.images import commit, hello, importer, loading, manifests, removal, saving
from seacan.images.building import Building
from seacan.images.catalog import Catalog
from seacan.images.check import Checked, check
from seacan.images.commit import Commit
from seacan.images.history import Step, history
from seacan.images.image import (
    Image,
    ImageId,
    ImageManifests,
    Loaded,
    Removed,
    Use,
)
from seacan.images.platforms import Platform
from seacan.images.references import Reference
from seacan.images.remote.remote import Remote
from seacan.images.remote.settings import RegistrySettings
from seacan.images.snapshots import Snapshots
from seacan.images.store import Store
from seacan.paths import DataRoot
from seacan.spec.image import ExecutionConfig

_DEFAULT_REGISTRIES = RegistrySettings()


class Told(Protocol):
    def __call__(
        self, action: str, image_id: str, name: str, labels: Mapping[str, str] | None, /
    ) -> None:
        """Be told what was done: load, import, pull, push, tag, untag, delete.

        In the thread that did it.
        """


class Images:
    def __init__(
        self,
        root: DataRoot,
        told: Told = lambda *what: None,
        registries: RegistrySettings = _DEFAULT_REGISTRIES,
    ) -> None:
        """Open the images under `root`, removing what a crash left; a new store gets its first."""
        self._store = Store(root)
        self._catalog = Catalog(self._store)
        self._told = told
        self.snapshots = Snapshots(self._store.layers)
        self.building = Building(self._store, self._tell_built)
        self.remote = Remote(self._store, registries, self)
        self.collect_leftovers()
        if self._store.blobs.is_new:
            hello.add_to(self._store)
            self._store.blobs.mark_complete()

    def close(self) -> None:
        self.building.flush()
        self._store.close()

    def load(
        self,
        stream: BinaryIO,
        progress: Callable[[dict[str, Any]], None],
        platforms: Sequence[Platform] = (),
    ) -> list[Loaded]:
        """Bring in the images of an archive, as `docker save` or an OCI layout has them.

        `stream` need not be seekable. `progress` gets the messages of the API's answer, one by one,
        from the thread that called. Of several platforms all are taken, or these `platforms` alone.
        Raises InvalidArgument if the archive is malformed, NotFound if it has no such platform.
        """
        loaded = loading.load(self._store, stream, progress, platforms)
        for one in loaded:
            self._tell("load", one.id)
        return loaded

    @contextlib.contextmanager
    def saving(
        self, names: Sequence[str], platforms: Sequence[Platform] = ()
    ) -> Iterator[Iterator[bytes]]:
        """Yield the pieces of an archive of images, which are kept meanwhile; see saving.py.

        Raises NotFound if an image is not here, or not for one of the `platforms`.
        """
        with self._store.adding():
            wanted = [
                saving.narrowed(one, platforms, self._catalog.for_platform, self._store.is_whole)
                for one in saving.select(names, self.list(), self._get_to_save)
            ]
            yield saving.Archive(self._store.blobs, wanted).pieces()
        for one in wanted:
            self._tell("save", one.images[0].id)

    @contextlib.contextmanager
    def saving_built(
        self, images: Mapping[Platform, ImageId], names: Sequence[Reference]
    ) -> Iterator[Iterator[bytes]]:
        """Yield the pieces of an archive of an image, or one for each platform; as `names`.

        It need not be called so here. Raises NotFound.
        """
        with self._store.adding():
            image_ids = dict.fromkeys(images.values())
            index = self.building.index(images) if len(image_ids) > 1 else ""
            found = [self.get(image_id) for image_id in image_ids]
            built = saving.Saved(found, index, [*names])
            yield saving.Archive(self._store.blobs, [built]).pieces()

    def _get_to_save(self, name: str) -> Image:
        try:
            return self.get(name)
        except NotFound:
            raise NotFound(f"No such image: {name}") from None

    def history(self, name: str, platform: Platform | None = None) -> list[Step]:
        """Return the steps that an image was made in, the last one first. Raises NotFound."""
        image = self.get_for(name, platform)
        return history(image, self._store.layers.sizes(), self.get)

    def import_rootfs(
        self,
        stream: BinaryIO,
        *,
        reference: Reference | None,
        config: ExecutionConfig,
        message: str,
        platform: Platform | None = None,
    ) -> ImageId:
        """Make an image of one layer out of a tar archive of a root file system.

        Raises InvalidArgument.
        """
        image_id = importer.import_rootfs(
            self._store,
            stream,
            reference=reference,
            config=config,
            message=message,
            platform=platform,
        )
        if reference:
            self._tell("tag", image_id, reference.familiar)
        self._tell("import", image_id)
        return image_id

    def commit(self, parent: Image, archive: BinaryIO | RawIOBase, wanted: Commit) -> ImageId:
        """Make an image of `parent` and of one layer more, a tar archive, not compressed.

        Nothing is made if reading the archive raises.
        """
        image_id = commit.commit(self._store, parent, archive, wanted)
        self._tell("create", image_id)
        if wanted.reference:
            self._tell("tag", image_id, wanted.reference.familiar)
        return image_id

    def get(self, name: str) -> Image:
        """Return the image of a reference, of an id or of the start of one; see catalog.py."""
        return self._catalog.get(name)

    def get_for(self, name: str, platform: Platform | None) -> Image:
        """Return the image as get() does, or of those that the name means the one for `platform`.

        Raises NotFound.
        """
        return self._catalog.get_for(name, platform)

    def manifests(self, image: Image) -> ImageManifests:
        """Return all that the names of an image lead to. Raises NotFound if it was removed."""
        return manifests.of_image(self._store, image)

    def tag(self, source: str, reference: Reference) -> ImageId:
        """Let `reference`, of references.parse_tagged(), mean what `source` does.

        That is one image for an id, all platforms for a name.
        """
        image = self.get(source)
        index = "" if removal.is_id(image, source) else next(iter(image.indexes), "")
        with self._store.adding():
            self._store.set_reference(reference, image.id, index)
        self._tell("tag", image.id, reference.familiar)
        return image.id

    def remove(
        self,
        name: str,
        *,
        force: bool,
        used_by: Callable[[ImageId], Sequence[Use]],
        prune_parents: bool = True,
        platforms: Sequence[Platform] = (),
    ) -> list[Removed]:
        """Remove a reference or an image, by the rules of removal.py; return what is gone.

        With `prune_parents` go the images too that it was made from and that nobody else needs.
        Of several platforms, `platforms` go alone, if there are any. Raises NotFound, or Conflict
        if `used_by` tells of containers that stand against it.
        """
        removed: list[Removed] = []
        for platform in platforms or (None,):
            removed += self._remove(name, platform, force, used_by, prune_parents)
        return removed

    def _remove(
        self,
        name: str,
        platform: Platform | None,
        force: bool,
        used_by: Callable[[ImageId], Sequence[Use]],
        prune_parents: bool,
    ) -> list[Removed]:
        image = self.get_for(name, platform)
        is_alone = image.is_secondary or (platform and self.get(name).others)
        with self._store.database.transaction() as sql:
            uses = {one.id: used_by(one.id) for one in image.of_all_platforms}
            parents = removal.parents_among(sql, image.of_all_platforms)
            if is_alone:
                kept_as = removal.own_name(sql, image)
                plan = removal.plan_one_platform(
                    image, force=force, uses=uses, parents=parents, kept_as=kept_as
                )
            else:
                plan = removal.plan(image, name, force=force, uses=uses, parents=parents)
            done = removal.carry_out(sql, plan, lambda one: prune_parents and not used_by(one))
        for _ in plan.untag:
            self._told("untag", image.id, image.id, image.execution.get("Labels"))
        for image_id in done.images:
            self._told("delete", image_id, image_id, None)
        if done.images:
            self._store.collect()
        return done.removed

    def check(self, checked: Checked) -> Iterator[str]:
        """Yield what is wrong with the store, a line each; see check.py."""
        return check(self._store, checked)

    def collect(self) -> None:
        """Remove what no image and no container uses any more."""
        self._store.collect()

    def collect_leftovers(self) -> None:
        """Remove what a crash left half done; for the start, while nobody else works here."""
        self._store.collect_leftovers()

    def layers_size_bytes(self, *, with_cache: bool = False) -> int:
        """Return the size of all layers, each once; those of the build cache alone if asked for."""
        return self._store.layers.total_bytes(with_cache=with_cache)

    def layer_bytes(self) -> dict[int, int]:
        """Return the size of each layer, by its number."""
        return self._store.layers.sizes()

    def layer_bytes_by_chain_id(self) -> dict[str, int]:
        """Return the size of each layer, by its chain id."""
        return self._store.layers.sizes_by_chain_id()

    def list(self) -> list[Image]:
        """Return all images, the newest first, those that are secondary with their first one."""
        return self._catalog.all()

    def created_at_ns(self) -> int:
        """Return when the store was made."""
        return self._store.blobs.created_at_ns()

    def tell(self, action: str, reference: Reference) -> None:
        """Tell everyone that `reference`, which may be a whole repository, was pulled or pushed."""
        labels = None
        with contextlib.suppress(NotFound):
            labels = self.get(reference.familiar).execution.get("Labels")
        self._told(action, reference.familiar, reference.familiar_name, labels)

    def _tell(self, action: str, image_id: ImageId, name: str = "") -> None:
        labels = None
        with contextlib.suppress(NotFound):  # somebody may have removed it already
            labels = self.get(image_id).execution.get("Labels")
        self._told(action, image_id, name or image_id, labels)

    def _tell_built(self, image_id: ImageId, reference: Reference | None) -> None:
        if reference is None:
            self._tell("create", image_id)
        else:
            self._tell("tag", image_id, reference.familiar)
