"""What removing an image means: a plan, by Docker's rules and in its sentences.

By a reference, the reference goes; and with the last one the image, unless a container uses it or
another image was made from it. By an id, the image goes with its references, if these are of one
repository. `force` overrules stopped containers and further repositories, but neither a running
container nor a child.

Source: moby, daemon/images/image_delete.go.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from seacan.errors import Conflict
from seacan.ids import short
from seacan.images import references
from seacan.images.image import Image, Use
from seacan.images.references import Reference


@dataclass(frozen=True, slots=True)
class Removal:
    untag: tuple[Reference, ...]
    delete: bool


def plan(
    image: Image, name: str, *, force: bool, uses: Sequence[Use], has_children: bool
) -> Removal:
    """Return what is removed with the image that was asked for as `name`.

    Raises Conflict if a container, a child or another repository stands against it.
    """
    if not _is_id(image, name):
        return _plan_by_reference(image, name, force=force, uses=uses, has_children=has_children)
    if has_children:
        raise Conflict(
            f"conflict: unable to delete {short(image.id)} (cannot be forced) - "
            "image has dependent child images"
        )
    return _plan_by_id(image, force=force, uses=uses)


def _plan_by_reference(
    image: Image, name: str, *, force: bool, uses: Sequence[Use], has_children: bool
) -> Removal:
    everything = (*image.references, *image.digests)
    if uses and not force and _is_single(image):
        raise Conflict(
            f'conflict: unable to remove repository reference "{name}" (must force) - container '
            f"{short(uses[0].container_id)} is using its referenced image {short(image.id)}"
        )
    asked = references.parse(name).with_default_tag()
    untag = [asked]
    rest = [reference for reference in everything if reference != asked]
    # Digests of a repository go with its last tag.
    if not asked.digest and not any(r.tag and r.name == asked.name for r in rest):
        untag += [r for r in rest if r.name == asked.name]
        rest = [r for r in rest if r.name != asked.name]
    hindering = [use for use in uses if use.is_running or not force]
    return Removal(tuple(untag), delete=not (rest or hindering or has_children))


def _plan_by_id(image: Image, *, force: bool, uses: Sequence[Use]) -> Removal:
    everything = (*image.references, *image.digests)
    running = next((use for use in uses if use.is_running), None)
    if running:
        raise _conflict(image, "cannot be forced", "running container", running)
    if force:
        return Removal(everything, delete=True)
    if everything and not _is_single(image):
        raise Conflict(
            f"conflict: unable to delete {short(image.id)} (must be forced) - "
            "image is referenced in multiple repositories"
        )
    if uses:
        raise _conflict(image, "must be forced", "stopped container", uses[0])
    return Removal(everything, delete=True)


def _conflict(image: Image, force: str, holder: str, use: Use) -> Conflict:
    return Conflict(
        f"conflict: unable to delete {short(image.id)} ({force}) - "
        f"image is being used by {holder} {short(use.container_id)}"
    )


def _is_single(image: Image) -> bool:
    """Return whether all references are of one repository, with at most one tag."""
    names = {reference.name for reference in (*image.references, *image.digests)}
    return len(names) == 1 and len(image.references) <= 1


def _is_id(image: Image, name: str) -> bool:
    return image.id.startswith(name) or image.id.removeprefix("sha256:").startswith(name)
