"""A watch of a project's files, with its lines on standard output."""

from __future__ import annotations

from seacan.cli.build.directory import read_ignore_file
from seacan.compose.watch_rules import rules_of
from seacan.compose.watching import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from typing import Any

    from seacan.compose.project import Project
    from seacan.compose.worksite import Worksite


def watch_of(
    site: Worksite, project: Project, *, prune: bool, at_work: AbstractContextManager[object]
) -> Watch:
    """Return the watch that the services of `project` ask for. Raises InvalidArgument."""
    rules = rules_of(project, _read_ignored, site.notices)
    return Watch(site, project, rules, tell=tell, prune=prune, at_work=at_work)


def tell(line: str) -> None:
    print(f" ⦿ {line}", flush=True)


def _read_ignored(section: Mapping[str, Any]) -> bytes:
    """Return the .dockerignore of a build section."""
    context = section["context"]
    dockerfile = section.get("dockerfile", "")
    return read_ignore_file(context, f"{context}/{dockerfile}" if dockerfile else "")[1]
