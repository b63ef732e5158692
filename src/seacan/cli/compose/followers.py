"""Logs of containers followed side by side, in threads."""

from __future__ import annotations

import threading

from seacan.client.streams import demultiplex
from seacan.errors import NotFound, SeacanError, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from seacan.cli.compose.log_lines import LogLines
    from seacan.client.client import Client


_SETTLE_S = 5.0


class Followers:
    """Prints what containers log; a container is followed once at a time."""

    def __init__(self, client: Client, lines: LogLines) -> None:
        self._client = client
        self._lines = lines
        self._threads: dict[str, threading.Thread] = {}
        self.errors: list[SeacanError] = []

    def follow(
        self,
        container: str,
        name: str,
        *,
        follow: bool = True,
        since: str | None = None,
        until: str | None = None,
        tail: str | None = None,
        timestamps: bool = False,
    ) -> None:
        """Begin to print the log of `container`; `since` and so on as in Containers.logs."""
        before = self._threads.get(container)

        def work() -> None:
            if before is not None:
                before.join()
            try:
                tty = self._client.containers.inspect(container)["Config"]["Tty"]
                with self._client.containers.logs(
                    container,
                    follow=follow,
                    since=since,
                    until=until,
                    tail=tail,
                    timestamps=timestamps,
                ) as reply:
                    self._print(name, reply.pieces(), tty)
            except NotFound:
                return  # it was removed meanwhile
            except Unsupported as err:
                self._lines.tell(name, f"has a log that cannot be read: {err}")
            except SeacanError as err:
                self.errors.append(err)
            finally:
                self._lines.end(name)

        self._lines.expect(name)
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self._threads[container] = thread

    def _print(self, name: str, pieces: Iterator[bytes], tty: bool) -> None:
        if tty:
            for piece in pieces:
                self._lines.write(name, piece)
        else:
            for _, piece in demultiplex(pieces):
                self._lines.write(name, piece)

    def settle(self, container: str) -> None:
        """Wait until what an ended container has logged is printed."""
        thread = self._threads.get(container)
        if thread is not None:
            thread.join(_SETTLE_S)

    def join(self) -> None:
        """Wait for the end of all that is followed; raise the first error."""
        for thread in list(self._threads.values()):
            thread.join()
        if self.errors:
            raise self.errors[0]
