"""What systemd, the system's or a user's, is asked for: transient units and their properties.

Source: org.freedesktop.systemd1(5).
"""

import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final, Self

from seacan.kernel import procfs
from seacan.kernel.dbus.connection import CallError, Connection
from seacan.kernel.dbus.values import Variant

Property = tuple[str, Variant]

_BUS_NAME: Final = "org.freedesktop.systemd1"
_OBJECT: Final = "/org/freedesktop/systemd1"
_MANAGER: Final = (_BUS_NAME, _OBJECT, f"{_BUS_NAME}.Manager")
_PROPERTIES: Final = (_BUS_NAME, _OBJECT, "org.freedesktop.DBus.Properties")
_BUS: Final = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")

NO_SUCH_UNIT: Final = f"{_BUS_NAME}.NoSuchUnit"
UNIT_EXISTS: Final = f"{_BUS_NAME}.UnitExists"


class Systemd:
    """A connection to the manager. All methods raise OSError."""

    def __init__(self, connection: Connection, *, is_bus: bool) -> None:
        self._connection = connection
        if is_bus:
            connection.call(_BUS, "Hello")
            rule = f"type='signal',sender='{_BUS_NAME}',member='JobRemoved'"
            connection.call(_BUS, "AddMatch", "s", rule)
            connection.call(_MANAGER, "Subscribe")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.__exit__()

    def version(self) -> int:
        """Return the number of the release; 0 if it does not say."""
        found = re.search(r"\d+", self._property("Version"))
        return int(found.group()) if found else 0

    def cgroup(self) -> str:
        """Return the cgroup that all its units are in; empty for the root."""
        return self._property("ControlGroup").rstrip("/")

    def _property(self, name: str) -> str:
        (variant,) = self._connection.call(_PROPERTIES, "Get", "ss", _MANAGER[2], name)
        return str(variant.value)

    def start_unit(self, name: str, properties: list[Property]) -> None:
        """Make the unit, and return when it is there.

        What is left of one of that name that has failed makes way; one that runs is EEXIST.
        """
        try:
            self._start(name, properties)
        except CallError as err:
            if err.name != UNIT_EXISTS:
                raise _named(err, "start", name) from err
            self.forget(name)
            try:
                self._start(name, properties)
            except CallError as again:
                if again.name == UNIT_EXISTS:
                    raise OSError(errno.EEXIST, f"systemd has a unit {name} already") from again
                raise _named(again, "start", name) from again

    def _start(self, name: str, properties: list[Property]) -> None:
        arguments: list[Any] = [name, "replace", properties, []]
        result = self._job("StartTransientUnit", "ssa(sv)a(sa(sv))", *arguments)
        if result != "done":
            self.forget(name)
            raise OSError(errno.EREMOTEIO, f"systemd: start {name}: {result}")

    def stop_unit(self, name: str) -> None:
        """End the unit and all in it; there may be none."""
        try:
            self._job("StopUnit", "ss", name, "replace")
        except CallError as err:
            if err.name != NO_SUCH_UNIT:
                raise _named(err, "stop", name) from err
        self.forget(name)

    def _job(self, member: str, signature: str, *values: Any) -> str:
        (job,) = self._connection.call(_MANAGER, member, signature, *values)
        return str(self._connection.wait_signal("JobRemoved", lambda signal: signal[1] == job)[3])

    def forget(self, name: str) -> None:
        """Have systemd forget a unit that has failed; there may be none."""
        with suppress(CallError):
            self._connection.call(_MANAGER, "ResetFailedUnit", "s", name)

    def set_properties(self, name: str, properties: list[Property]) -> None:
        """Change a unit, until the next boot."""
        try:
            self._connection.call(_MANAGER, "SetUnitProperties", "sba(sv)", name, True, properties)
        except CallError as err:
            raise _named(err, "set properties of", name) from err

    def attach(self, name: str, pid: int) -> None:
        """Move a process into the unit's cgroup; 0 is the caller."""
        try:
            self._connection.call(_MANAGER, "AttachProcessesToUnit", "ssau", name, "", [pid])
        except CallError as err:
            raise _named(err, "attach a process to", name) from err


def _named(err: CallError, what: str, unit: str) -> OSError:
    return OSError(err.errno, f"systemd: {what} {unit}: {err.strerror}")


def is_user() -> bool:
    """Tell whether the caller is to ask a user's systemd: who is not root, but in a namespace."""
    if os.geteuid() != 0:
        return True
    identity = b"0 0 4294967295"
    if b" ".join(procfs.read("self/uid_map").split()) == identity:
        return False
    return any(os.path.exists(path) for path, _ in _user_sockets())


def connect(*, user: bool) -> Systemd:
    """Return a connection to the system's systemd, or to the `user`'s own.

    Raises OSError (ENOENT) if there is none.
    """
    sockets = list(_user_sockets() if user else _SYSTEM_SOCKETS)
    causes = []
    for path, is_bus in sockets:
        try:
            return Systemd(_retried(lambda path=path: Connection(path)), is_bus=is_bus)  # type: ignore[misc]
        except OSError as err:
            causes.append(f"{path}: {err.strerror or err}")
    whose = "the user's systemd" if user else "systemd"
    reason = "; ".join(causes) or "neither XDG_RUNTIME_DIR nor DBUS_SESSION_BUS_ADDRESS is set"
    raise OSError(errno.ENOENT, f"{whose} cannot be asked to make cgroups: {reason}")


# The manager's own socket asks nothing of a bus; only root may connect to it. True: a bus.
_SYSTEM_SOCKETS: Final = (
    ("/run/systemd/private", False),
    ("/run/dbus/system_bus_socket", True),
)


def _user_sockets() -> Iterator[tuple[str, bool]]:
    directory = os.environ.get("XDG_RUNTIME_DIR")
    if directory:
        yield f"{directory}/systemd/private", False
    for address in os.environ.get("DBUS_SESSION_BUS_ADDRESS", "").split(";"):
        kind, _, options = address.partition(":")
        for option in options.split(",") if kind == "unix" else ():
            key, _, value = option.partition("=")
            if key in ("path", "abstract"):
                yield "\0" * (key == "abstract") + value, True
    if directory:
        yield f"{directory}/bus", True


def _retried(connect: Callable[[], Connection]) -> Connection:
    """Connect; once more while the queue of the socket is full, which is EAGAIN at once."""
    import time

    for pause_s in (0.1, 0.2, 0.4, 0.8, 1.6):
        try:
            return connect()
        except BlockingIOError:
            time.sleep(pause_s)
    return connect()
