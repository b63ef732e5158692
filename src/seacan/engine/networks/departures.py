"""Sandboxes of containers that have ended, given back behind their end.

The kernel takes a container's interfaces away together with its network namespace, which takes it a
while: nobody waits for that but who wants the same address or port.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import anyio
from anyio.abc import TaskGroup

from seacan.network import endpoints
from seacan.network.definition import Sandbox

# Somebody else may have the namespace still; then the interfaces are removed from outside.
_LOOKS_S: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32)


class Departures:
    def __init__(
        self,
        tasks: TaskGroup,
        unmake: Callable[[Sandbox], Awaitable[None]],
        give_back: Callable[[Sandbox], None],
    ) -> None:
        """`unmake` removes what there is on the host; then `give_back` is called."""
        self._tasks = tasks
        self._unmake = unmake
        self._give_back = give_back
        self._pending: dict[str, anyio.Event] = {}

    def begin(self, sandbox: Sandbox) -> None:
        """Have `sandbox` given back soon."""
        self._pending[sandbox.id] = anyio.Event()
        self._tasks.start_soon(self._finish, sandbox)

    async def _finish(self, sandbox: Sandbox) -> None:
        # Also if the daemon is about to end: what is begun is done.
        with anyio.CancelScope(shield=True):
            for delay_s in _LOOKS_S:
                if not endpoints.are_left(sandbox):
                    break
                await anyio.sleep(delay_s)
            await self._unmake(sandbox)
            self._give_back(sandbox)
            self._pending.pop(sandbox.id).set()

    async def wait(self) -> bool:
        """Wait until all that have begun are done; False if there are none."""
        pending = [*self._pending.values()]
        for done in pending:
            await done.wait()
        return bool(pending)
