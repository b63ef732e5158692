"""Projects made of a text, as the files of an application would make them."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seacan.compose.containers import Found
from seacan.compose.model.discovery import Application, Sources
from seacan.compose.model.loading import Choices
from seacan.compose.model.notices import Notices
from seacan.compose.model.project import Project


def project_of_text(directory: Path, text: str, **environment: str) -> Project:
    file = directory / "compose.yaml"
    file.write_text(textwrap.dedent(text))
    sources = Sources(files=(str(file),), name="app")
    return Application(sources, environment, Notices(fail)).project(Choices())


def fail(text: str) -> None:
    raise AssertionError(f"a warning: {text}")


def found(service: str, number: int, *, state: str = "running", **labels: str) -> Found:
    """Return a container of the project `app`, with `labels` of compose's."""
    given = {f"com.docker.compose.{key}": value for key, value in labels.items()}
    summary: Mapping[str, Any] = {
        "Id": f"{service}{number}".ljust(64, "0"),
        "Names": [f"/app-{service}-{number}"],
        "State": state,
        "Labels": {
            "com.docker.compose.project": "app",
            "com.docker.compose.service": service,
            "com.docker.compose.container-number": str(number),
            **given,
        },
    }
    return Found(summary)
