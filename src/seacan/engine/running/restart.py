"""Restart policies: whether a container that has ended is started again by itself, and when.

    ended ──after_end──▸ no: EXITED
                └──────▸ yes: RESTARTING ──wait, the back-off──▸ started
                                  └──cancel: stop, kill, rm -f──▸ EXITED

Source: Engine API, RestartPolicy; moby's documentation of restart policies; asked of dockerd 28.
"""

from typing import Final

import anyio

from seacan.engine.containers.container import Container
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import RestartPolicy

_NAMES: Final = ("no", "always", "on-failure", "unless-stopped")
_FIRST_DELAY_S: Final = 0.1
_LONGEST_DELAY_S: Final = 60.0
# Who ran for so long did not fail at its start: the back-off begins anew.
_STEADY_S: Final = 10.0


def check_policy(policy: RestartPolicy, *, auto_remove: bool) -> RestartPolicy:
    """Return `policy` as it is shown, both its fields filled. Raises InvalidArgument.

    Whatever the record has at an end counts, so that it may be changed at any time.
    """
    name, retries = policy.get("Name") or "no", policy.get("MaximumRetryCount") or 0
    if name not in _NAMES:
        raise InvalidArgument(
            f"invalid restart policy: unknown policy '{name}'; "
            "use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
        )
    if retries and name != "on-failure":
        negative = " and cannot be negative" if retries < 0 else ""
        raise InvalidArgument(
            "invalid restart policy: maximum retry count can only be used with 'on-failure'"
            + negative
        )
    if retries < 0:
        raise InvalidArgument("invalid restart policy: maximum retry count cannot be negative")
    if auto_remove and name != "no":
        raise InvalidArgument("can't create 'AutoRemove' container with restart policy")
    return {"Name": name, "MaximumRetryCount": retries}


def has_policy(record: Container) -> bool:
    return _policy(record)[0] != "no"


def matters_at_boot(record: Container) -> bool:
    """Whether anything follows, when nothing runs any more, from its having run."""
    return has_policy(record) or bool(record.host_config.get("AutoRemove"))


def is_wanted(record: Container) -> bool:
    """Decide whether a container that has ended is to be started again, and not by hand.

    What was stopped by hand is not started again: while the daemon runs because `Restart` is
    cancelled then, and by the next daemon for unless-stopped alone. That one starts it for always,
    and for on-failure after a failure, which a stop with SIGKILL is, too: so does dockerd.
    """
    name, retries = _policy(record)
    match name:
        case "always":
            return True
        case "unless-stopped":
            return not record.stopped_by_hand
        case "on-failure":
            has_retry = retries == 0 or record.restart_count < retries
            return record.state.exit_code != 0 and has_retry
        case _:
            return False


def next_delay(last_s: float, ran_s: float) -> float:
    """Return how long to wait before a start, after `last_s` before the one before it.

    It is 0 if there was none.
    """
    if last_s == 0 or ran_s >= _STEADY_S:
        return _FIRST_DELAY_S
    return min(last_s * 2, _LONGEST_DELAY_S)


def _policy(record: Container) -> tuple[str, int]:
    policy = record.host_config.get("RestartPolicy") or {}
    return policy.get("Name") or "no", policy.get("MaximumRetryCount") or 0


class Restart:
    """The restarts of one container, since it was last started by hand."""

    def __init__(self, record: Container) -> None:
        self._record = record
        self._delay_s = 0.0
        self._is_cancelled = False
        self._sleep: anyio.CancelScope | None = None

    def begin(self) -> None:
        """Count from nothing: it is started by hand, or by a new daemon."""
        self._delay_s, self._is_cancelled = 0.0, False
        self._record.restart_count, self._record.stopped_by_hand = 0, False

    def after_end(self, ran_s: float) -> bool:
        """Decide what follows the end that the record tells of; True if it is to be restarted."""
        if self._is_cancelled or not is_wanted(self._record):
            return False
        self._delay_s = next_delay(self._delay_s, ran_s)
        self._record.restart_count += 1
        return True

    async def wait(self) -> bool:
        """Wait until the next start is due; False if it is to be none."""
        if self._is_cancelled:
            return False
        with anyio.CancelScope() as self._sleep:
            await anyio.sleep(self._delay_s)
        was_cancelled, self._sleep = self._sleep.cancelled_caught, None
        return not was_cancelled

    def cancel(self) -> None:
        """Have no start follow by itself: it is stopped by hand."""
        self._record.stopped_by_hand = True
        self.suspend()

    def suspend(self) -> None:
        """Have no start follow while this daemon lives; the next one decides anew."""
        self._is_cancelled = True
        if self._sleep is not None:
            self._sleep.cancel()
