"""`develop.watch`: which files a service is to be told of, and what is then done.

Patterns are those of a .dockerignore. Source: the compose specification, develop.md; what is never
looked at, and the sentences of refusals: docker compose.
"""

from __future__ import annotations

import os
from typing import Final

from seacan.errors import InvalidArgument
from seacan.records import record
from seacan.spec import dockerignore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from seacan.compose.model.notices import Notices
    from seacan.compose.model.project import Project
    from seacan.spec.dockerignore import Ignored

    ReadIgnored = Callable[[Mapping[str, Any]], bytes]

REBUILD: Final = "rebuild"
RESTART: Final = "restart"
SYNC: Final = "sync"
SYNC_RESTART: Final = "sync+restart"
SYNC_EXEC: Final = "sync+exec"
SYNCING: Final = (SYNC, SYNC_RESTART, SYNC_EXEC)
# What editors write beside the file that is edited, and git's own.
_NEVER: Final = dockerignore.parse(
    b"**/*~\n**/.*.sw?\n**/4913\n**/.#*\n**/#*#\n**/*___jb_tmp___\n**/*___jb_old___\n"
    b"**/.*.kate-swp\n**/.idea\n**/.git\n"
)


@record
class Patterns:
    """Patterns of paths below `root`, a directory of this host."""

    root: str
    ignored: Ignored

    def match(self, path: str) -> bool:
        below = _below(self.root, path)
        return bool(below) and self.ignored.is_excluded(below)

    def match_all_in(self, directory: str) -> bool:
        below = _below(self.root, directory)
        return self.match(directory) and not self.ignored.may_have_exceptions(below)


@record
class Rule:
    """`path` and `target` are absolute. `includes`: None for all."""

    service: str
    path: str
    action: str
    target: str
    exec: Mapping[str, Any]
    initial_sync: bool
    ignores: tuple[Patterns, ...]
    includes: Patterns | None

    def matches(self, path: str) -> bool:
        """Whether the rule is about `path`, which is absolute."""
        if path != self.path and not _below(self.path, path):
            return False
        if self.includes is not None and not self.includes.match(path):
            return False
        return not any(patterns.match(path) for patterns in self.ignores)

    def passes_over(self, directory: str) -> bool:
        """Whether it is about nothing in `directory`."""
        return any(patterns.match_all_in(directory) for patterns in self.ignores)

    def place_of(self, path: str) -> str:
        """Return where `path` belongs in a container."""
        below = _below(self.path, path)
        return f"{self.target.rstrip('/')}/{below}" if below else self.target


def _below(root: str, path: str) -> str:
    """Return `path` from `root` on; "" if it is not below that."""
    prefix = root.rstrip("/") + "/"
    return path[len(prefix) :] if path.startswith(prefix) else ""


def rules_of(project: Project, read_ignored: ReadIgnored, notices: Notices) -> list[Rule]:
    """Return the rules of all services. Raises InvalidArgument if there are none.

    `read_ignored` returns the .dockerignore of a service's build section. A notice tells of paths
    that are mounted, and need no sync.
    """
    rules: list[Rule] = []
    for name, service in sorted(project.services.items()):
        for trigger in service.get("develop", {}).get("watch", ()):
            _check(name, service, trigger)
            if trigger["action"] in SYNCING and _is_mounted(service, trigger["path"]):
                notices.warn(
                    f"path '{trigger['path']}' also declared by a bind mount volume, "
                    "this path won't be monitored!"
                )
                continue
            ignores = tuple(_ignores(service, trigger, read_ignored))
            rules.append(_rule(name, trigger, ignores))
    if not rules:
        raise InvalidArgument(
            "none of the selected services is configured for watch, "
            "consider setting a 'develop' section"
        )
    return rules


def _check(name: str, service: Mapping[str, Any], trigger: Mapping[str, Any]) -> None:
    action = trigger["action"]
    if action == REBUILD and "build" not in service:
        raise InvalidArgument(
            f'can\'t watch service "{name}" with action {action} without a build context'
        )
    if action == SYNC_EXEC and not trigger.get("exec", {}).get("command"):
        raise InvalidArgument(
            f'can\'t watch with action "{action}" on service {name} without a command'
        )


def _is_mounted(service: Mapping[str, Any], path: str) -> bool:
    return any(
        mount.get("type") == "bind" and (mount["source"] == path or _below(mount["source"], path))
        for mount in service.get("volumes", ())
    )


def _ignores(
    service: Mapping[str, Any], trigger: Mapping[str, Any], read_ignored: ReadIgnored
) -> Iterator[Patterns]:
    yield Patterns("/", _NEVER)
    if "build" in service:
        context = service["build"]["context"]
        yield Patterns(context, dockerignore.parse(read_ignored(service["build"])))
    yield _listed(trigger, "ignore")


def _listed(trigger: Mapping[str, Any], key: str) -> Patterns:
    lines = "\n".join(trigger.get(key, ()))
    return Patterns(trigger["path"], dockerignore.parse(os.fsencode(lines)))


def _rule(name: str, trigger: Mapping[str, Any], ignores: tuple[Patterns, ...]) -> Rule:
    return Rule(
        service=name,
        path=trigger["path"],
        action=trigger["action"],
        target=f"/{trigger.get('target', '').strip('/')}",
        exec=trigger.get("exec", {}),
        initial_sync=bool(trigger.get("initial_sync")),
        ignores=ignores,
        includes=_listed(trigger, "include") if trigger.get("include") else None,
    )
