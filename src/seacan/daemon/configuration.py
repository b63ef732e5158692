"""What the daemon goes by while it runs: its flags, and daemon.json, read anew at SIGHUP."""

from collections.abc import Sequence
from typing import Final

from seacan import errors, log
from seacan.daemon import flags
from seacan.daemon.flags import Flags
from seacan.engine.engine import Engine

# Keys that count at once; what dockerd reloads too, and what is for new containers alone.
RELOADED: Final = frozenset(
    (
        *("debug", "log-level", "labels", "runtimes", "default-runtime"),
        *("insecure-registries", "registry-mirrors", "max-download-attempts"),
        *("http-proxy", "https-proxy", "no-proxy"),
        *("default-ulimits", "default-shm-size", "init", "no-new-privileges", "seccomp-profile"),
        *("default-ipc-mode", "default-cgroupns-mode", "dns", "dns-opts", "dns-search"),
        *("live-restore", "shutdown-timeout", "authorization-plugins"),
        "builder",
    )
)


class Configuration:
    def __init__(self, given: Flags, argv: Sequence[str] | None, engine: Engine) -> None:
        self._given = given
        self._argv = argv
        self._engine = engine

    async def reload(self) -> None:
        """Read the file again, go by what counts at once, and say what needs a restart.

        A file that is wrong changes nothing, and is told of.
        """
        try:
            given = flags.read(self._argv)
            await self._engine.reload(given.settings)
        except errors.SeacanError as err:
            log.error("configuration is not reloaded", error=err)
            return
        log.set_level(given.log_level)
        changed = changed_keys(self._given, given)
        if waiting := changed - RELOADED:
            log.warn("these need a restart", keys=", ".join(sorted(waiting)))
        log.info("configuration is reloaded", keys=", ".join(sorted(changed & RELOADED)))
        self._given = given


def changed_keys(before: Flags, after: Flags) -> set[str]:
    """Return the keys of the file that say something else now."""
    keys = before.said.keys() | after.said.keys()
    return {key for key in keys if before.said.get(key) != after.said.get(key)}
