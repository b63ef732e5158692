"""What compose calls what it makes, and the labels by which it finds it again.

They are docker compose's, so that each of the two manages what the other made.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from seacan.compose.model.project import Project

VERSION: Final = "2.40.3"  # of docker compose, whose ways these are

_PREFIX = "com.docker.compose."
PROJECT: Final = f"{_PREFIX}project"
SERVICE: Final = f"{_PREFIX}service"
NUMBER: Final = f"{_PREFIX}container-number"
CONFIG_HASH: Final = f"{_PREFIX}config-hash"
ONE_OFF: Final = f"{_PREFIX}oneoff"
SLUG: Final = f"{_PREFIX}slug"
IMAGE: Final = f"{_PREFIX}image"
IMAGE_BUILDER: Final = f"{_PREFIX}image.builder"
WORKING_DIRECTORY: Final = f"{_PREFIX}project.working_dir"
CONFIG_FILES: Final = f"{_PREFIX}project.config_files"
ENVIRONMENT_FILE: Final = f"{_PREFIX}project.environment_file"
DEPENDENCIES: Final = f"{_PREFIX}depends_on"
REPLACE: Final = f"{_PREFIX}replace"
NETWORK: Final = f"{_PREFIX}network"
VOLUME: Final = f"{_PREFIX}volume"
VERSION_LABEL: Final = f"{_PREFIX}version"


def image_of(project: Project, name: str, service: Mapping[str, Any]) -> str:
    """Return the image of a service; one that is built and not named is called after it."""
    return str(service.get("image") or joined(project, project.name, name))


def container_name(project: Project, name: str, service: Mapping[str, Any], number: int) -> str:
    return str(service.get("container_name") or joined(project, project.name, name, number))


def joined(project: Project, *parts: str | int) -> str:
    return project.separator.join(map(str, parts))
