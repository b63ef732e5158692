"""Images: all that the engine asks about images, and does with them.

Every method may be called from any thread, and blocks.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import RawIOBase
from typing import Any, BinaryIO, Protocol

from seacan.errors import NotFound
from seacan.images import commit, documents, hello, importer, loading, references, removal, saving
from seacan.images.building import Building
from seacan.images.check import Checked, check
from seacan.images.commit import Commit
from seacan.images.history import Step, history
from seacan.images.image import (
    Deleted,
    Image,
    ImageId,
    ImageManifest,
    Loaded,
    Removed,
    Untagged,
    Use,
)
from seacan.images.layers import unused_after
from seacan.images.platforms import Platform
from seacan.images.references import Reference
from seacan.images.remote.remote import Remote
from seacan.images.remote.settings import RegistrySettings
from seacan.images.snapshots import Snapshots
from seacan.images.store import Store
from seacan.paths import DataRoot
from seacan.spec.image import MEDIA_TYPE_MANIFEST, Descriptor, ExecutionConfig

_DEFAULT_REGISTRIES = RegistrySettings()
_IMAGE_COLUMNS = "SELECT id, manifest, size_bytes FROM images"


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
        platform: Platform | None = None,
    ) -> list[Loaded]:
        """Bring in the images of an archive, as `docker save` or an OCI layout has them.

        `stream` need not be seekable. `progress` gets the messages of the API's answer, one by one,
        from the thread that called. Of several platforms this machine's is taken, or `platform`.
        Raises InvalidArgument if the archive is malformed, NotFound if it has no such platform.
        """
        loaded = loading.load(self._store, stream, progress, platform)
        for one in loaded:
            self._tell("load", one.id)
        return loaded

    @contextlib.contextmanager
    def saving(
        self, names: Sequence[str], platform: Platform | None = None
    ) -> Iterator[Iterator[bytes]]:
        """Yield the pieces of an archive of images, which are kept meanwhile; see saving.py.

        Raises NotFound if an image is not here, or not of `platform`.
        """
        with self._store.adding():
            wanted = saving.select(names, self.list(), self._get_to_save)
            for one in wanted:
                if platform is not None and not platform.has(one.image.platform):
                    raise NotFound(f"no suitable export target found for platform {platform}")
            yield saving.Archive(self._store.blobs, wanted).pieces()
        for one in wanted:
            self._tell("save", one.image.id)

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
        """Return the image by its reference, its id or the start of it.

        Raises NotFound, or InvalidArgument for what can be no reference, in Docker's words.
        """
        if references.is_image_id(name):
            image_id = "sha256:" + name.removeprefix("sha256:")
            return self._one("id = ?", image_id, f"No such image: {image_id}")
        reference = references.parse(name).with_default_tag()
        if image := self._by_reference(reference):
            return image
        digits = name.removeprefix("sha256:")
        missing = f"No such image: {reference.familiar}"
        if not digits or digits.strip("0123456789abcdef"):
            raise NotFound(missing)
        return self._one("id GLOB ?", f"sha256:{digits}*", missing)

    def get_for(self, name: str, platform: Platform | None) -> Image:
        """Return the image as get() does; of `platform`, if one is given. Raises NotFound."""
        image = self.get(name)
        if platform is not None and not platform.has(image.platform):
            raise NotFound(
                f"image with reference {name} was found but its platform ({image.platform}) "
                f"does not match the specified platform ({platform})"
            )
        return image

    def manifest(self, image: Image) -> ImageManifest:
        """Return what an image's manifest is. Raises NotFound if the image was removed."""
        data = self._store.blobs.read(image.manifest_digest, documents.LIMIT_BYTES)
        manifest = documents.manifest(data)
        blobs = {blob["digest"]: blob["size"] for blob in (manifest["config"], *manifest["layers"])}
        descriptor: Descriptor = {
            "mediaType": manifest.get("mediaType") or MEDIA_TYPE_MANIFEST,
            "digest": image.manifest_digest,
            "size": len(data),
        }
        return ImageManifest(descriptor, len(data) + sum(blobs.values()))

    def tag(self, source: str, reference: Reference) -> ImageId:
        """Let `reference`, of references.parse_tagged(), mean the image `source`."""
        image = self.get(source)
        self._store.set_reference(reference, image.id)
        self._tell("tag", image.id, reference.familiar)
        return image.id

    def remove(
        self,
        name: str,
        *,
        force: bool,
        used_by: Callable[[ImageId], Sequence[Use]],
        prune_parents: bool = True,
        platform: Platform | None = None,
    ) -> list[Removed]:
        """Remove a reference or an image, by the rules of removal.py; return what is gone.

        With `prune_parents` go the images too that it was made from and that nobody else needs.
        Raises NotFound, or Conflict if `used_by` tells of containers that stand against it.
        """
        image = self.get_for(name, platform)
        removed: list[Removed] = []
        deleted: list[str] = []
        with self._store.database.transaction() as sql:
            plan = removal.plan(
                image,
                name,
                force=force,
                uses=used_by(image.id),
                has_children=_has_children(sql, image.id),
            )
            for reference in plan.untag:
                removed.append(Untagged(reference))
                sql.execute("DELETE FROM image_references WHERE name = ?", (_key(reference),))
            if plan.delete:
                deleted.append(image.id)
                removed += _delete(sql, image.id)
                parent = image.parent if prune_parents else ""
                while parent and _is_intermediate(sql, parent) and not used_by(ImageId(parent)):
                    deleted.append(parent)
                    above = _parent_of(sql, parent)
                    removed += _delete(sql, parent)
                    parent = above
        for _ in plan.untag:
            self._told("untag", image.id, image.id, image.execution.get("Labels"))
        for image_id in deleted:
            self._told("delete", image_id, image_id, None)
        if deleted:
            self._store.collect()
        return removed

    def check(self, checked: Checked) -> Iterator[str]:
        """Yield what is wrong with the store, a line each; see check.py."""
        return check(self._store, checked)

    def collect(self) -> None:
        """Remove what no image and no container uses any more."""
        self._store.collect()

    def collect_leftovers(self) -> None:
        """Remove what a crash left half done; for the start, while nobody else works here."""
        self._store.layers.collect_leftovers()
        self._store.collect()

    def layers_size_bytes(self) -> int:
        """Return the size of all layers, each counted once."""
        return self._store.layers.total_bytes()

    def layer_bytes(self) -> dict[int, int]:
        """Return the size of each layer, by its number."""
        return self._store.layers.sizes()

    def layer_bytes_by_chain_id(self) -> dict[str, int]:
        """Return the size of each layer, by its chain id."""
        return self._store.layers.sizes_by_chain_id()

    def list(self) -> list[Image]:
        """Return all images, the newest first."""
        with self._store.database.reading() as sql:
            rows = sql.execute(_IMAGE_COLUMNS).fetchall()
            images = [self._image(sql, row) for row in rows]
        return sorted(images, key=lambda image: image.created, reverse=True)

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

    def _by_reference(self, reference: Reference) -> Image | None:
        with self._store.database.reading() as sql:
            row = sql.execute(
                f"{_IMAGE_COLUMNS} WHERE id = (SELECT image FROM image_references WHERE name = ?)",
                (_key(reference),),
            ).fetchone()
            return self._image(sql, row) if row else None

    def _one(self, condition: str, value: str, missing: str) -> Image:
        with self._store.database.reading() as sql:
            rows = sql.execute(f"{_IMAGE_COLUMNS} WHERE {condition} LIMIT 2", (value,)).fetchall()
            if not rows:
                raise NotFound(missing)
            # As for Docker not a conflict: `inspect` then looks for other kinds of object.
            if len(rows) > 1:
                raise NotFound(f"{missing} ({len(rows)} or more ids start so)")
            return self._image(sql, rows[0])

    def _image(self, sql: sqlite3.Connection, row: tuple[str, str, int]) -> Image:
        image_id, manifest_digest, size_bytes = row
        named = sql.execute(
            "SELECT name, tagged_at FROM image_references WHERE image = ? ORDER BY name",
            (image_id,),
        ).fetchall()
        layers = sql.execute(
            "SELECT layer FROM image_layers WHERE image = ? ORDER BY position", (image_id,)
        ).fetchall()
        parsed = [references.parse(name) for name, _ in named]
        config = self._store.blobs.read(image_id, documents.LIMIT_BYTES)
        return Image(
            id=ImageId(image_id),
            references=tuple(reference for reference in parsed if reference.tag),
            digests=tuple(reference for reference in parsed if reference.digest),
            config=documents.image_config(config),
            manifest_digest=manifest_digest,
            size_bytes=size_bytes,
            layers=tuple(number for (number,) in layers),
            tagged_at=max((tagged_at for _, tagged_at in named), default=None),
            parent=_parent_of(sql, image_id),
        )


def _parent_of(sql: sqlite3.Connection, image_id: str) -> str:
    row = sql.execute("SELECT parent FROM image_parents WHERE image = ?", (image_id,)).fetchone()
    return row[0] if row else ""


def _has_children(sql: sqlite3.Connection, image_id: str) -> bool:
    found = sql.execute("SELECT 1 FROM image_parents WHERE parent = ? LIMIT 1", (image_id,))
    return found.fetchone() is not None


def _is_intermediate(sql: sqlite3.Connection, image_id: str) -> bool:
    """Return whether an image has neither a name nor, any more, a child."""
    named = sql.execute("SELECT 1 FROM image_references WHERE image = ? LIMIT 1", (image_id,))
    return named.fetchone() is None and not _has_children(sql, image_id)


def _delete(sql: sqlite3.Connection, image_id: str) -> list[Removed]:
    """Delete the rows of an image; return it and its layers that nobody has any more."""
    gone = [Deleted(image_id), *(Deleted(chain_id) for chain_id in unused_after(sql, image_id))]
    sql.execute("DELETE FROM images WHERE id = ?", (image_id,))
    return [*gone]


def _key(reference: Reference) -> str:
    """Return the name in the database; with a digest, a tag says nothing more."""
    if reference.digest:
        return f"{reference.name}@{reference.digest}"
    return str(reference)
