"""Work done in a child of the shim: what it needed of memory goes with it (see starter.py)."""

import gc
import json
import os
import signal
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

from seacan import errors, log
from seacan.kernel import processes, this_process
from seacan.supervisor import protocol

_REPLY_LIMIT: Final = 1 << 16


class Work:
    """Processes that the child leaves behind come to its parent, which is a subreaper."""

    def __init__(self, work: Callable[[], int], descriptors: Sequence[int]) -> None:
        """Begin `work`, which returns a pid and needs `descriptors`, in a child to be reaped."""
        self._reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._pid = os.fork()
        if self._pid == 0:
            # A client of the shim's would not see its connection end while the work goes on.
            gc.disable()
            processes.close_all_but([writer, *descriptors])
            _run(work, writer)
        os.close(writer)

    def fileno(self) -> int:
        """Return a descriptor that is readable once there is a result."""
        return self._reader

    def result(self) -> int | None:
        """Return what `work` returned, or raise what it raised; None as long as it goes on."""
        try:
            data = os.read(self._reader, _REPLY_LIMIT)  # written at once
        except BlockingIOError:
            return None
        if not data:
            raise errors.Internal("the runtime's process was killed")
        reply = json.loads(data)
        protocol.raise_error(reply)
        return int(reply["pid"])

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)

    def close(self) -> None:
        os.close(self._reader)


def _run(work: Callable[[], int], writer: int) -> NoReturn:
    try:
        # The shim is not to be woken by children that are none of its own.
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # What another runtime leaves comes to this process, and to the shim with its end: if it
        # came before the reply, its own end would be nobody's.
        this_process.set_child_subreaper(True)
        try:
            reply: protocol.Message = {"pid": work()}
        except Exception as err:
            reply = protocol.error_reply(err)
        os.write(writer, json.dumps(reply).encode())
    except BaseException as err:
        log.error("runtime's process died", error=f"{type(err).__name__}: {err}")
    finally:
        os._exit(0)
