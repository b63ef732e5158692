"""Images that are not there, and what the API needs of a store of them."""

import io
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from seacan.engine.containers.filters import Filters
from seacan.engine.image_prune import PrunedImages
from seacan.errors import Conflict, InvalidArgument, NotFound
from seacan.images import references
from seacan.images.check import Checked
from seacan.images.history import Step
from seacan.images.image import (
    Deleted,
    Image,
    ImageId,
    ImageManifest,
    ImageManifests,
    Loaded,
    Removed,
    Untagged,
    Use,
)
from seacan.images.platforms import Platform
from seacan.images.references import Reference
from seacan.spec.image import Descriptor, ExecutionConfig

IMAGE_ID = ImageId("sha256:" + "c" * 64)


OTHER_IMAGE_ID = ImageId("sha256:" + "d" * 64)


def make_image(image_id: ImageId = IMAGE_ID, name: str = "busybox:latest") -> Image:
    return Image(
        id=image_id,
        references=(references.parse(name),) if name else (),
        digests=(),
        config={
            "created": "2026-11-24T00:41:19.184404568Z",
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["sh"], "Labels": {"tier": "db", "flag": ""}},
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "e" * 64]},
        },
        manifest_digest="sha256:" + "f" * 64,
        size_bytes=1984348,
        layers=(1,),
        tagged_at=1795480879.5,
    )


class FakeImages:
    def __init__(self) -> None:
        self.images = [make_image(), make_image(OTHER_IMAGE_ID, "")]
        self.calls: list[tuple[Any, ...]] = []
        self.received_bytes = 0
        self.fails_late = False
        self.platform: Platform | None = None
        self.platforms: Sequence[Platform] = ()

    def load(
        self,
        stream: BinaryIO,
        progress: Callable[[dict[str, Any]], None],
        platforms: Sequence[Platform],
    ) -> list[Loaded]:
        self.platforms = platforms
        while piece := stream.read(100_000):
            self.received_bytes += len(piece)
            if piece.startswith(b"junk"):
                raise InvalidArgument("load: not an archive")
        progress({"status": "Loading layer", "progressDetail": {"current": 1, "total": 2}})
        if self.fails_late:
            raise InvalidArgument("load: layer is damaged")
        progress({"stream": "Loaded image: busybox:latest\n"})
        return []

    def import_rootfs(
        self,
        stream: BinaryIO,
        *,
        reference: Reference | None,
        config: ExecutionConfig,
        message: str,
        platform: Platform | None,
    ) -> ImageId:
        with tarfile.open(fileobj=io.BytesIO(stream.read())) as archive:
            names = archive.getnames()
        self.calls.append(("import", names, str(reference), config, message, platform))
        return IMAGE_ID

    def get(self, name: str) -> Image:
        if name != "busybox":
            raise NotFound(f"No such image: {name}:latest")
        return self.images[0]

    def get_for(self, name: str, platform: Platform | None) -> Image:
        self.platform = platform
        return self.get(name)

    @contextmanager
    def saving(
        self, names: Sequence[str], platforms: Sequence[Platform]
    ) -> Iterator[Iterator[bytes]]:
        self.platforms = platforms
        for name in names:
            self.get(name)
        yield iter([b"archive of ", *(name.encode() for name in names)])

    @contextmanager
    def saving_built(
        self, images: Mapping[Platform, ImageId], names: Sequence[Reference]
    ) -> Iterator[Iterator[bytes]]:
        said = " ".join([*images.values(), *map(str, names)])
        yield iter([b"archive of ", b"", said.encode()])

    def check(self, checked: Checked) -> Iterator[str]:
        checked.blobs = 3
        yield "blob x: is damaged"

    def history(self, name: str, platform: Platform | None) -> list[Step]:
        self.platform = platform
        image = self.get(name)
        return [Step(image.id, 1, "sh", "why", 5, ("busybox:latest",))]

    def manifests(self, image: Image) -> ImageManifests:
        if image.id == OTHER_IMAGE_ID:
            raise NotFound("blob: not in the store")
        descriptor: Descriptor = {"mediaType": "m", "digest": image.manifest_digest, "size": 7}
        one = ImageManifest(descriptor, 100, image.platform, image)
        return ImageManifests(descriptor, (one,))

    def tag(self, source: str, reference: Reference) -> ImageId:
        self.calls.append(("tag", source, str(reference)))
        return self.get(source).id

    def remove(
        self,
        name: str,
        *,
        force: bool,
        used_by: Callable[[ImageId], Sequence[Use]],
        prune_parents: bool,
        platforms: Sequence[Platform],
    ) -> list[Removed]:
        self.calls.append(("remove", name, prune_parents, [*platforms]))
        image = self.get(name)
        if used_by(image.id) and not force:
            raise Conflict("conflict: unable to remove, used by a container")
        return [Untagged(image.references[0]), Deleted(image.id)]

    def list(self) -> list[Image]:
        return self.images


class FakeImagePrune:
    def __init__(self) -> None:
        self.wanted: Filters = {}

    async def prune(self, wanted: Filters) -> PrunedImages:
        self.wanted = wanted
        return PrunedImages([Deleted(IMAGE_ID)], 7)
