"""Rules: WHO:ACTIONS:REPOSITORIES, as in `ci:pull,push:team/*`.

WHO            a user; `*`, every user; `anonymous`, everybody, also who gave no password
ACTIONS        of pull, push and delete, with commas; or `*`
REPOSITORIES   a name in which `*` stands for any text, slashes too
"""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from seacan.errors import InvalidArgument
from seacan.registry.access import ACTIONS, Scope

USERS: Final = "*"
ANONYMOUS: Final = "anonymous"
_REPOSITORIES: Final = re.compile(r"[a-z0-9._/*-]+")


class Rule(msgspec.Struct, frozen=True):
    who: str
    actions: frozenset[str]
    repositories: str

    def covers(self, user: str | None, scope: Scope) -> bool:
        is_meant = self.who in (ANONYMOUS, user) or (self.who == USERS and user is not None)
        return (
            is_meant and scope.action in self.actions and fnmatchcase(scope.name, self.repositories)
        )


EVERYTHING_FOR_USERS: Final = (Rule(USERS, frozenset(ACTIONS), "*"),)


def read(text: str) -> Rule:
    """Return the rule that `text` is. Raises InvalidArgument."""
    parts = text.split(":")
    if len(parts) != 3 or not all(parts):
        raise InvalidArgument(f"rule {text!r}: not WHO:ACTIONS:REPOSITORIES")
    who, actions, repositories = parts
    wanted = frozenset(ACTIONS if actions == "*" else actions.split(","))
    if not wanted <= set(ACTIONS):
        raise InvalidArgument(f"rule {text!r}: the actions are {', '.join(ACTIONS)}, or *")
    if not _REPOSITORIES.fullmatch(repositories):
        raise InvalidArgument(f"rule {text!r}: no name of a repository: {repositories!r}")
    return Rule(who, wanted, repositories)


class Visitor(msgspec.Struct, frozen=True):
    """An Access by rules. `user` is None for one who gave no password."""

    user: str | None
    rules: Sequence[Rule]

    @property
    def is_known(self) -> bool:
        return self.user is not None

    def may(self, scope: Scope) -> bool:
        if scope.kind != "repository":
            return self.is_known
        return any(rule.covers(self.user, scope) for rule in self.rules)

    def sees(self, repository: str) -> bool:
        return self.may(Scope(repository, "pull"))
