"""Docker's authorization plugins (v1): who is asked about each request, and about each answer.

All of them have to allow it, and one that cannot be asked, or says nothing clear, does not.
Source: docs.docker.com, Access authorization plugin; moby, pkg/authorization.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import anyio

from seacan.errors import Forbidden, Internal, InvalidArgument, SeacanError
from seacan.volumes.plugin_calls import Address, call
from seacan.volumes.plugin_places import Places, implements

_KIND: Final = "authz"
_TIMEOUT_S: Final = 60.0
_AT_ONCE: Final = 64  # a plugin that is slow takes none of the threads that all share


class Authorization:
    def __init__(self, places: Places, names: Sequence[str] = ()) -> None:
        """Find the plugins `names`. Blocks. Raises InvalidArgument if one is none of these."""
        self._places = places
        self._plugins: Mapping[str, Address] = {}
        self._limiter: anyio.CapacityLimiter | None = None
        self.use(names)

    def use(self, names: Sequence[str]) -> None:
        """Ask these from now on, in this order. As above; nothing has changed then."""
        kept = self._plugins
        self._plugins = {name: kept.get(name) or self._find(name) for name in names}

    def _find(self, name: str) -> Address:
        try:
            address = self._places.address(name)
            if address is None or not implements(address, _KIND):
                raise InvalidArgument(f'plugin "{name}" not found')
        except SeacanError as err:
            raise InvalidArgument(f"Error validating authorization plugin: {err}") from None
        return address

    @property
    def names(self) -> list[str]:
        return [*self._plugins]

    async def allow_request(self, described: Mapping[str, Any]) -> None:
        """Ask about a request, in the words of the protocol. Raises Forbidden, Internal."""
        await self._ask("AuthZPlugin.AuthZReq", described)

    async def allow_answer(self, described: Mapping[str, Any]) -> None:
        """Ask about a request with what is to be its answer. Raises Forbidden, Internal."""
        await self._ask("AuthZPlugin.AuthZRes", described)

    async def _ask(self, method: str, described: Mapping[str, Any]) -> None:
        self._limiter = self._limiter or anyio.CapacityLimiter(_AT_ONCE)
        for name, address in self._plugins.items():
            await anyio.to_thread.run_sync(
                _ask, name, address, method, described, limiter=self._limiter
            )


def _ask(name: str, address: Address, method: str, described: Mapping[str, Any]) -> None:
    try:
        said = call(address, method, described, timeout_s=_TIMEOUT_S)
    except SeacanError as err:
        raise Internal(f"plugin {name} failed with error: {err}") from None
    if said.get("Allow") is not True:
        raise Forbidden(f"authorization denied by plugin {name}: {said.get('Msg') or ''}")
