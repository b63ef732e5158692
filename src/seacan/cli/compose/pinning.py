"""Images of a project by their digests, as registries have them now."""

from __future__ import annotations

from seacan.compose.model.output import yaml_of
from seacan.records import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.compose.model.project import Project


def pinned(composition: Composition, project: Project) -> Project:
    """Return `project` with the digest of each image. Raises SeacanError."""
    services = {
        name: {**one, "image": _pinned_image(composition, one["image"])} if "image" in one else one
        for name, one in project.services.items()
    }
    return replace(project, services=services)


def images_alone(project: Project) -> Project:
    """Return the images of the services, to put over other files."""
    services = {
        name: {"image": one["image"]} for name, one in project.services.items() if "image" in one
    }
    return replace(
        project, name="", services=services, networks={}, volumes={}, secrets={}, configs={}
    )


def override_text(composition: Composition, project: Project) -> str:
    """Return the file that pins the images of `project`."""
    return yaml_of(images_alone(pinned(composition, project)))


def _pinned_image(composition: Composition, image: str) -> str:
    if "@" in image:
        return image
    headers = composition.session.registry_headers(image)
    found = composition.client.registries.inspect(image, headers=headers)
    return f"{image}@{found['Descriptor']['digest']}"
