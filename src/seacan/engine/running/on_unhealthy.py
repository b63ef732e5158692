"""What is done about a container that has become unhealthy, if that was asked for: beyond Docker.

kill       its process is killed; what follows is for its restart policy
stop       as by hand: nothing follows
restart    as by hand
"""

import functools
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from seacan import errors, log
from seacan.engine.running.running import Entry
from seacan.spec.engine_api import HealthConfig

NOTHING: Final = "none"
ACTIONS: Final = (NOTHING, "kill", "restart", "stop")


class Containers(Protocol):
    async def stop(self, ref: str, *, timeout_s: int | None, signal: str | None) -> None: ...

    async def restart(self, ref: str, *, timeout_s: int | None, signal: str | None) -> None: ...


def check_config(config: HealthConfig) -> None:
    """Raise InvalidArgument for an action that there is not."""
    if (config.get("OnFailure") or NOTHING) not in ACTIONS:
        raise errors.InvalidArgument(
            f"OnFailure in Healthcheck is none of {', '.join(ACTIONS)}: {config['OnFailure']}"
        )


async def act(containers: Containers, entry: Entry) -> None:
    """Do what is asked for; a container that has ended meanwhile is left alone."""
    record = entry.record
    action = (record.config.get("Healthcheck") or {}).get("OnFailure") or NOTHING
    by_hand = {"stop": containers.stop, "restart": containers.restart}
    verbs: dict[str, Callable[[], Awaitable[None]]] = {
        name: functools.partial(verb, record.id, timeout_s=None, signal=None)
        for name, verb in by_hand.items()
    }
    verbs["kill"] = functools.partial(entry.signal, 9)
    if (verb := verbs.get(action)) is None or not record.is_running:
        return
    log.info("container is unhealthy", id=record.id, action=action)
    try:
        await verb()
    except (errors.Conflict, errors.NotFound, errors.NotModified) as err:
        log.info("unhealthy container has ended by itself", id=record.id, why=err)
    except errors.SeacanError as err:
        log.error("unhealthy container", id=record.id, action=action, error=err)
