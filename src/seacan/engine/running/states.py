"""The state of a container's record, brought up to date with what happened to it."""

from seacan import errors
from seacan.engine.containers.container import State, Status
from seacan.engine.running.ends import start_exit_code
from seacan.engine.times import nanoseconds, rfc3339
from seacan.supervisor import protocol


def started(state: State, pid: int, started_at_ns: int) -> None:
    state.status, state.pid = Status.RUNNING, pid
    state.exit_code, state.oom_killed = 0, False
    state.error = state.error_about_others = ""
    state.started_at = rfc3339(started_at_ns)


def start_failed(state: State, why: BaseException) -> None:
    state.error, state.exit_code = str(why), start_exit_code(str(why))
    state.error_about_others = why.about_others if isinstance(why, errors.SeacanError) else ""


def ended(state: State, end: protocol.Exit, error: str) -> int:
    """Return how long it ran, in ns. Whether it was killed for want of memory is the caller's."""
    state.status, state.pid, state.exit_code = Status.EXITED, 0, end["status"]
    state.error, state.error_about_others = error, ""
    state.finished_at = rfc3339(end["finished_at_ns"])
    return max(nanoseconds(state.finished_at) - nanoseconds(state.started_at), 0)
