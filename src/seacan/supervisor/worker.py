"""Work done in a child of the shim: what it needed of memory goes with it (see starter.py)."""

import json
import os
import signal
from collections.abc import Callable
from typing import NoReturn

from seacan import errors, log
from seacan.supervisor import protocol


def in_child(work: Callable[[], int]) -> int:
    """Return what `work` returns, a pid, or raise what it raises, from a child that has ended.

    Processes that the child leaves behind come to the caller, which is a subreaper.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        os.close(reader)
        _run(work, writer)
    os.close(writer)
    with open(reader, "rb") as file:
        data = file.read()
    os.waitpid(child, 0)
    if not data:
        raise errors.Internal("the runtime's process was killed")
    reply = json.loads(data)
    protocol.raise_error(reply)
    return int(reply["pid"])


def _run(work: Callable[[], int], writer: int) -> NoReturn:
    try:
        # The shim is not to be woken by children that are none of its own.
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        try:
            reply: protocol.Message = {"pid": work()}
        except Exception as err:
            reply = protocol.error_reply(err)
        os.write(writer, json.dumps(reply).encode())
    except BaseException as err:
        log.error("runtime's process died", error=f"{type(err).__name__}: {err}")
    finally:
        os._exit(0)
