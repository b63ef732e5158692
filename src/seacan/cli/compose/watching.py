"""A watch of a project's files, with its lines on standard output."""

from __future__ import annotations

from seacan.cli.build.directory import read_ignore_file
from seacan.compose.watch_rules import rules_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from seacan.compose.project import Project
    from seacan.compose.watch_rules import Rule
    from seacan.compose.worksite import Worksite


def watch_rules(site: Worksite, project: Project) -> list[Rule]:
    """Return what the services of `project` ask for. Raises InvalidArgument if it is nothing."""
    return rules_of(project, _read_ignored, site.notices)


def tell(line: str) -> None:
    print(f" ⦿ {line}", flush=True)


def _read_ignored(section: Mapping[str, Any]) -> bytes:
    """Return the .dockerignore of a build section."""
    context = section["context"]
    dockerfile = section.get("dockerfile", "")
    return read_ignore_file(context, f"{context}/{dockerfile}" if dockerfile else "")[1]
