"""A seacand started on demand, when the command line finds nobody on the default socket.

The daemon holds a lock on its roots: of two that start at once one goes on, and the other ends with
a status that says so; clients need not agree among themselves who starts it.
"""

from __future__ import annotations

import os
import sys
import time

from seacan.client.endpoint import Endpoint
from seacan.errors import Forbidden, Unavailable

# The same as paths.DEFAULT_EXEC_ROOT, which is not imported here for what pathlib costs.
LOG_DIRECTORY = "/run/seacan"
LOG_FILE = f"{LOG_DIRECTORY}/seacand.log"
START_LIMIT_S = 10.0
POLL_S = 0.005
_RUNS_ALREADY = 75  # as daemon.main has it
_COMMAND = (sys.executable, "-P", "-m", "seacan.daemon.main")


def ensure_running(endpoint: Endpoint) -> None:
    """Return when a daemon listens at `endpoint`, the default one; start it if there is none.

    Raises Forbidden for a user who may not start it, Unavailable if it does not come up.
    """
    if _answers(endpoint):
        return
    if os.geteuid() != 0:
        raise Forbidden(
            f"no daemon listens at {endpoint}, and only root can start one: "
            "run the command with sudo, or set DOCKER_HOST to a daemon that is running"
        )
    pid = _spawn(_COMMAND)
    deadline = time.monotonic() + START_LIMIT_S
    while not _answers(endpoint):
        _raise_if_failed(pid)
        if time.monotonic() > deadline:
            raise Unavailable(
                f"seacand does not listen after {START_LIMIT_S:.0f} s; see {LOG_FILE}"
            )
        time.sleep(POLL_S)


def _answers(endpoint: Endpoint) -> bool:
    try:
        endpoint.connect().close()
    except Unavailable:
        return False
    return True


def _spawn(command: tuple[str, ...]) -> int:
    """Start `command` in a session of its own, its output to the log; return its pid."""
    os.makedirs(LOG_DIRECTORY, mode=0o700, exist_ok=True)
    null = os.open(os.devnull, os.O_RDWR)
    log = os.open(LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        pid = os.fork()
        if pid == 0:
            _become(command, null, log)
        return pid
    finally:
        os.close(null)
        os.close(log)


def _become(command: tuple[str, ...], null: int, log: int) -> None:
    """Replace this forked process, which has no way back, by `command`."""
    try:
        import signal

        os.setsid()
        os.chdir("/")
        os.umask(0o022)
        # What Python ignores would stay ignored in all that the daemon executes.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        for fd, source in ((0, null), (1, log), (2, log)):
            os.dup2(source, fd)
        os.execv(command[0], command)
    except BaseException as err:
        os.write(log, f"start {' '.join(command)}: {err}\n".encode())
    finally:
        os._exit(1)


def _raise_if_failed(pid: int) -> None:
    """Raise Unavailable, with the daemon's last words, if it has ended with an error."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # Ended before: another daemon has won, and will listen.
    if ended and os.waitstatus_to_exitcode(status) not in (0, _RUNS_ALREADY):
        raise Unavailable(f"seacand did not start: {_last_line(LOG_FILE)}")


def _last_line(path: str) -> str:
    with open(path, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), f"see {path}")
