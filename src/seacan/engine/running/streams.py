"""What goes in and out of containers: attach, logs, the size of a terminal."""

from collections.abc import Callable

from seacan import errors
from seacan.engine.logs import clearing as log_clearing
from seacan.engine.logs.plan import readable
from seacan.engine.logs.reading import Log, Selection, parse_time
from seacan.engine.running import attach, pause
from seacan.engine.running.detach_keys import parse_detach_keys
from seacan.engine.running.running import Entry
from seacan.paths import DataRoot


class Streams:
    def __init__(self, data_root: DataRoot, find: Callable[[str], Entry]) -> None:
        self._data_root = data_root
        self._find = find

    async def prepare_attach(
        self,
        ref: str,
        *,
        stdin: bool,
        stdout: bool,
        stderr: bool,
        stream: bool,
        logs: bool,
        detach_keys: str | None,
        websocket: str = "",
    ) -> attach.Attachment:
        entry = self._find(ref)
        pause.refuse_attach(entry.record, ref)
        if entry.record.is_backing_off:
            raise errors.Conflict(
                f"container {ref} is restarting, wait until the container is running"
            )
        keys = parse_detach_keys(detach_keys)
        stdin = stdin and bool(entry.record.config.get("OpenStdin"))
        stream = stream and (stdin or stdout or stderr)
        framed = not entry.record.tty and not websocket

        def history(since: str, until: str) -> Log:
            selection = Selection(
                stdout=stdout, stderr=stderr, since=since, until=until, framed=framed
            )
            return self._log(entry, selection)

        if logs:
            history("", "")  # refused now, if it cannot be read
        return attach.Attachment(
            entry, stdin, stdout, stderr, keys, stream, history if logs else None, websocket
        )

    async def logs(
        self,
        ref: str,
        *,
        stdout: bool,
        stderr: bool,
        follow: bool,
        since: str | None,
        until: str | None,
        timestamps: bool,
        details: bool,
        tail: int | None,
    ) -> Log:
        entry = self._find(ref)
        selection = Selection(
            stdout=stdout,
            stderr=stderr,
            timestamps=timestamps,
            details=details,
            since=parse_time(since, ""),
            until=parse_time(until, "~"),
            tail=tail,
            follow=follow,
            framed=not entry.record.tty,
        )
        return self._log(entry, selection)

    async def clear_logs(self, ref: str) -> None:
        """Remove what it has logged so far. Raises Unsupported if nothing is kept here."""
        await log_clearing.clear(self._find(ref), self._data_root)

    def _log(self, entry: Entry, selection: Selection) -> Log:
        found = readable(entry.record, self._data_root.container(entry.record.id))
        if found is None:
            raise errors.Unsupported("configured logging driver does not support reading")
        shim = entry.shim
        # To the end of this run; who wants the next one's output asks again.
        return Log(found, selection, lambda: entry.shim is shim is not None)

    async def resize(self, ref: str, *, rows: int, columns: int) -> None:
        entry = self._find(ref)
        await entry.running_shim().resize(rows, columns)
        entry.tell("resize", {"height": str(rows), "width": str(columns)})
