"""The launcher: a warm, single-threaded process that forks a shim for each container.

It runs from a sealed copy of the interpreter, has the runtime imported, and keeps no state: on its
one channel, from the daemon that started it, come descriptors for new shims to talk on. When that
channel ends, so does the launcher; the shims that it forked stay.

What else the daemon wants done by a process without threads is forked in the same way: a module
that it names is imported, once, and each fork runs `run(channel)` of it.
"""

import gc
import importlib
import json
import os
import signal
import socket
import sys
from typing import Final

from seacan import log
from seacan.kernel import processes, this_process
from seacan.kernel.cgroups import hierarchy
from seacan.kernel.written_pages import WrittenPages
from seacan.runtime.bundle import check_config
from seacan.runtime.seccomp.compile import compile_filter
from seacan.spec.runtime import Config
from seacan.supervisor import protocol, shim
from seacan.supervisor.protocol import IdMap
from seacan.supervisor.standby import Standby

_SPECIALISED_AFTER: Final = 16  # calls; CPython 3.11 takes 8 and some backward jumps


def main() -> None:
    channel = socket.socket(fileno=int(sys.argv[1]))
    this_process.set_name("seacan-launcher")
    os.chdir("/")
    os.umask(0o022)
    # A ctrl-C in the terminal that started the daemon is not meant for containers.
    os.setsid()
    # The kernel reaps the shims: what they have to say they have written down.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    _freeze()
    standby: Standby | None = None
    id_map: IdMap | None = None
    while (received := protocol.receive(channel)) is not None:
        message, descriptors = received
        if "sample" in message:
            id_map = message["id_map"]
            _warm_up(message["sample"])
            _freeze()
            standby = Standby(WrittenPages(), WrittenPages(), WrittenPages())
        program = message.get("program")
        if program is not None and program not in sys.modules:
            importlib.import_module(program)
            _freeze()
        for fd in descriptors:
            if os.fork() == 0:
                _become(program, fd, standby if message.get("standby") else None, id_map)
            os.close(fd)


def _freeze() -> None:
    # What is there now will not be freed; unless the collector looks at it, it stays shared.
    gc.collect()
    gc.freeze()
    gc.disable()


def _warm_up(sample: Config) -> None:
    """Do with a sample of config.json what each shim will do with its own.

    Its filter is compiled then, as nearly every container's is; and code that has run some times is
    specialised by the interpreter: done here, the pages that this writes to stay shared.
    """
    hierarchy.open_cgroup("/sample")  # reads mountinfo, and keeps what it says
    for _ in range(_SPECIALISED_AFTER):
        check_config(json.loads(json.dumps(sample)))
        compile_filter(sample["linux"]["seccomp"], os.uname().machine)


def _become(program: str | None, fd: int, standby: Standby | None, id_map: IdMap | None) -> None:
    status = 1
    try:
        processes.close_all_but([fd])
        gc.enable()  # a shim may live for years; what is frozen is not looked at
        with socket.socket(fileno=fd) as channel:
            if program is None:
                status = shim.run(channel, standby, id_map)
            else:
                sys.modules[program].run(channel)
                status = 0
    except BaseException as err:
        log.error(f"{program or 'shim'} died", error=f"{type(err).__name__}: {err}")
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
