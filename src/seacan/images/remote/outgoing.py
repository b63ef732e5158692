"""What a push sends of a name that means several platforms.

The index with all its images if all that it names is here, else the image for this machine alone:
registries take no index that names what they do not have.
"""

from collections.abc import Callable

import msgspec

from seacan.errors import Conflict, NotFound
from seacan.images import platforms
from seacan.images.choice import fits
from seacan.images.image import Image
from seacan.images.platforms import Platform
from seacan.images.references import Reference


class Outgoing(msgspec.Struct, frozen=True):
    reference: Reference  # with a tag
    images: tuple[Image, ...]
    index: str = ""  # the digest of that which follows them
    left_out: str = ""  # the digest of one that would, but not all of it is here


def outgoing(
    reference: Reference,
    platform: Platform | None,
    get_for: Callable[[str, Platform | None], Image],
    is_whole: Callable[[str], bool],
) -> Outgoing:
    """Return what to send. Raises NotFound for `platform`, Conflict if one has to be named."""
    name = reference.familiar
    if platform:
        try:
            return Outgoing(reference, (get_for(name, platform),))
        except NotFound:
            raise NotFound(
                f"image with reference {name} was found but does not provide the"
                f" specified platform ({platform})"
            ) from None
    image = get_for(name, None)
    index = next(iter(image.indexes), "")
    if not index:
        return Outgoing(reference, (image,))
    if is_whole(index):
        return Outgoing(reference, image.of_all_platforms, index)
    if image.others and not fits(image.platform, platforms.host()):
        raise Conflict("multiple matching manifests found but no specific platform requested")
    return Outgoing(reference, (image,), left_out=index)
