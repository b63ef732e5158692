"""What removing an image means: a plan, by Docker's rules and in its sentences; and doing it.

By a reference, the reference goes; and with the last one the image, unless a container uses it or
another image was made from it. By an id, the image goes with its references, if these are of one
repository. `force` overrules stopped containers and further repositories, but neither a running
container nor a child. What the references meant for other platforms goes with them, by the same
rules; asked for by its platform, or by an id that no name has for its own, it goes alone.

Source: moby, daemon/images/image_delete.go.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import msgspec
from msgspec import field

from seacan.errors import Conflict
from seacan.ids import short
from seacan.images import indexes, references
from seacan.images.catalog import key
from seacan.images.image import Deleted, Image, ImageId, Removed, Untagged, Use
from seacan.images.layers import unused_after
from seacan.images.references import Reference

Uses = Mapping[ImageId, Sequence[Use]]


class Removal(msgspec.Struct, frozen=True):
    untag: tuple[Reference, ...]
    delete: tuple[ImageId, ...]  # but for those that still have a name then


class Done(msgspec.Struct):
    """What is gone, and of it the images."""

    removed: list[Removed] = field(default_factory=list)
    images: list[ImageId] = field(default_factory=list)


def plan(
    image: Image, name: str, *, force: bool, uses: Uses, parents: Collection[ImageId]
) -> Removal:
    """Return what is removed with the image that was asked for as `name`.

    `uses` and `parents`, those that others were made from, are of all its platforms.
    Raises Conflict if a container, a child or another repository stands against it.
    """
    if not is_id(image, name):
        return _plan_by_reference(image, name, force=force, uses=uses, parents=parents)
    _refuse_parent(image, parents)
    return _plan_by_id(image, force=force, uses=uses, parents=parents)


def plan_one_platform(
    image: Image,
    *,
    force: bool,
    uses: Uses,
    parents: Collection[ImageId],
    kept_as: Reference | None,
) -> Removal:
    """Return the removal of an image alone, of several that its names mean.

    `kept_as` is a name of it that means no other. Raises Conflict.
    """
    _refuse_parent(image, parents)
    _refuse_users(image, force=force, uses=uses)
    if kept_as:
        raise Conflict(
            f"conflict: unable to delete {short(image.id)} (cannot be forced) - "
            f"image is referenced as {kept_as.familiar}, too"
        )
    return Removal((), (image.id,))


def _plan_by_reference(
    image: Image, name: str, *, force: bool, uses: Uses, parents: Collection[ImageId]
) -> Removal:
    everything = (*image.references, *image.digests)
    used = next((one for one in image.of_all_platforms if uses.get(one.id)), None)
    if used and not force and _is_single(image):
        raise Conflict(
            f'conflict: unable to remove repository reference "{name}" (must force) - container '
            f"{short(uses[used.id][0].container_id)} is using its referenced image {short(used.id)}"
        )
    asked = references.parse(name).with_default_tag()
    untag = [asked]
    rest = [reference for reference in everything if reference != asked]
    # Digests of a repository go with its last tag.
    if not asked.digest and not any(r.tag and r.name == asked.name for r in rest):
        untag += [r for r in rest if r.name == asked.name]
        rest = [r for r in rest if r.name != asked.name]
    unhindered = [
        one.id
        for one in (image.others if rest else image.of_all_platforms)
        if one.id not in parents
        and not any(use.is_running or not force for use in uses.get(one.id, ()))
    ]
    return Removal(tuple(untag), tuple(unhindered))


def _plan_by_id(image: Image, *, force: bool, uses: Uses, parents: Collection[ImageId]) -> Removal:
    everything = (*image.references, *image.digests)
    if not force and everything and not _is_single(image):
        _refuse_users(image, force=True, uses=uses)
        raise Conflict(
            f"conflict: unable to delete {short(image.id)} (must be forced) - "
            "image is referenced in multiple repositories"
        )
    for one in image.of_all_platforms:
        _refuse_users(one, force=force, uses=uses)
    return Removal(
        everything, tuple(one.id for one in image.of_all_platforms if one.id not in parents)
    )


def _refuse_parent(image: Image, parents: Collection[ImageId]) -> None:
    if image.id in parents:
        raise Conflict(
            f"conflict: unable to delete {short(image.id)} (cannot be forced) - "
            "image has dependent child images"
        )


def _refuse_users(image: Image, *, force: bool, uses: Uses) -> None:
    of_image = uses.get(image.id, ())
    running = next((use for use in of_image if use.is_running), None)
    if running:
        raise _conflict(image, "cannot be forced", "running container", running)
    if of_image and not force:
        raise _conflict(image, "must be forced", "stopped container", of_image[0])


def _conflict(image: Image, force: str, holder: str, use: Use) -> Conflict:
    return Conflict(
        f"conflict: unable to delete {short(image.id)} ({force}) - "
        f"image is being used by {holder} {short(use.container_id)}"
    )


def _is_single(image: Image) -> bool:
    """Return whether all references are of one repository, with at most one tag."""
    names = {reference.name for reference in (*image.references, *image.digests)}
    return len(names) == 1 and len(image.references) <= 1


def is_id(image: Image, name: str) -> bool:
    """Return whether `name`, which the image was got by, is its id or the start of that."""
    digests = (image.id, image.manifest_digest)
    return any(
        digest.startswith(name) or digest.removeprefix("sha256:").startswith(name)
        for digest in digests
    )


# -- doing it -------------------------------------------------------------------------------------


def carry_out(sql: sqlite3.Connection, removal: Removal, may_go: Callable[[ImageId], bool]) -> Done:
    """Remove what the plan says, and the parents without a name of what goes, if they `may_go`."""
    done = Done()
    for reference in removal.untag:
        sql.execute("DELETE FROM image_references WHERE name = ?", (key(reference),))
        done.removed.append(Untagged(reference))
    if not removal.untag:  # an image alone, whose names mean others then
        indexes.hand_over(sql, removal.delete)
    for image_id in removal.delete:
        if removal.untag and _is_named(sql, image_id):
            continue
        parent = _parent_of(sql, image_id)
        _delete(sql, image_id, done)
        for ancestor in _ancestors(sql, parent):
            if not may_go(ancestor):
                break
            _delete(sql, ancestor, done)
    return done


def parents_among(sql: sqlite3.Connection, images: Sequence[Image]) -> set[ImageId]:
    """Return which of the images others were made from."""
    return {image.id for image in images if _has_children(sql, image.id)}


def own_name(sql: sqlite3.Connection, image: Image) -> Reference | None:
    """Return a name that means the image and none for another platform, if it has one."""
    rows = sql.execute(
        "SELECT name FROM image_references WHERE image = ?1 AND NOT EXISTS ("
        " SELECT 1 FROM reference_indexes JOIN index_manifests USING (index_digest)"
        " JOIN images USING (manifest)"
        " WHERE reference_indexes.name = image_references.name AND images.id != ?1) LIMIT 1",
        (image.id,),
    )
    return next((references.parse(name) for (name,) in rows), None)


def _ancestors(sql: sqlite3.Connection, image_id: ImageId | None) -> Iterator[ImageId]:
    """Yield parents that nobody has, as long as the one before is deleted."""
    while image_id and not _is_named(sql, image_id) and not _has_children(sql, image_id):
        above = _parent_of(sql, image_id)
        yield image_id
        image_id = above


def _parent_of(sql: sqlite3.Connection, image_id: str) -> ImageId | None:
    row = sql.execute("SELECT parent FROM image_parents WHERE image = ?", (image_id,)).fetchone()
    return ImageId(row[0]) if row else None


def _has_children(sql: sqlite3.Connection, image_id: str) -> bool:
    found = sql.execute("SELECT 1 FROM image_parents WHERE parent = ? LIMIT 1", (image_id,))
    return found.fetchone() is not None


def _is_named(sql: sqlite3.Connection, image_id: str) -> bool:
    """Return whether a name means an image, if only for its platform."""
    found = sql.execute(
        "SELECT 1 FROM image_references WHERE image = ?1"
        " UNION ALL SELECT 1 FROM images JOIN index_manifests USING (manifest)"
        " JOIN reference_indexes USING (index_digest) WHERE id = ?1 LIMIT 1",
        (image_id,),
    )
    return found.fetchone() is not None


def _delete(sql: sqlite3.Connection, image_id: ImageId, done: Done) -> None:
    """Delete the rows of an image; it is gone, with its layers that nobody has any more."""
    done.images.append(image_id)
    done.removed.append(Deleted(image_id))
    done.removed += [Deleted(chain_id) for chain_id in unused_after(sql, image_id)]
    sql.execute("DELETE FROM images WHERE id = ?", (image_id,))
