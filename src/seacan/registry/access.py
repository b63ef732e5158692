"""Who may do what: the question that the door asks, and the answer of a registry open to all."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from seacan.http.messages import Application, Request
from seacan.registry.errors import Refused

PULL: Final = "pull"
PUSH: Final = "push"
DELETE: Final = "delete"
ACTIONS: Final = (PULL, PUSH, DELETE)


class Scope(msgspec.Struct, frozen=True):
    """`kind`, `name` and `action` are as in the scopes of tokens: `repository:team/app:pull`."""

    name: str
    action: str
    kind: str = "repository"


CATALOG: Final = Scope("catalog", "*", "registry")


class Access(Protocol):
    """One client, as a request has shown it."""

    @property
    def is_known(self) -> bool:
        """Whether it has said who it is, and proved it."""

    def may(self, scope: Scope) -> bool: ...

    def sees(self, repository: str) -> bool:
        """Whether the catalog shows it that there is such a repository."""


class Authority(Protocol):
    async def identify(self, request: Request) -> Access:
        """Return who asks. Raises Refused, UNAUTHORIZED, for what does not prove it."""

    def refusal(self, request: Request, access: Access, scopes: Sequence[Scope]) -> Refused:
        """Return what tells a client that it may not, and how to become one that may."""

    def with_endpoint(self, behind: Application) -> Application:
        """Return `behind`, with a path of the authority's own before it if it has one."""


class Anybody:
    is_known = True

    def may(self, scope: Scope) -> bool:
        return True

    def sees(self, repository: str) -> bool:
        return True


class OpenToAll:
    """No authentication: whoever can connect may do everything."""

    async def identify(self, request: Request) -> Access:
        return Anybody()

    def refusal(self, request: Request, access: Access, scopes: Sequence[Scope]) -> Refused:
        raise AssertionError("anybody may do everything")

    def with_endpoint(self, behind: Application) -> Application:
        return behind
