"""The commands of `seacan-runtime` with their flags: tables that commandline.py reads.

A command is in commands/NAME.py, and imported when it is called. Names, short names and defaults
are runc's. Source: runc(8) and its pages by command.
"""

from __future__ import annotations

import os

from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


class Kind:
    """What a flag takes; a LIST flag may be there several times."""

    SWITCH: Final = "switch"
    TEXT: Final = "text"
    INTEGER: Final = "integer"
    CHOICE: Final = "choice"
    LIST: Final = "list"


@record
class Flag:
    """`default` is what the option is without the flag; for a LIST, that is none."""

    name: str
    help: str
    kind: str = Kind.TEXT
    short: str = ""
    default: str | int | bool | None = ""
    choices: tuple[str, ...] = ()
    value_name: str = "VALUE"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, self.short) if self.short else (self.name,)

    @property
    def attribute(self) -> str:
        return self.name.replace("-", "_")


@record
class Command:
    """`counts` is the least and the most of arguments; None for any number.

    `passes_on`: what follows the first argument is not for the runtime.
    """

    summary: str
    flags: tuple[Flag, ...] = ()
    arguments: str = "ID"
    counts: tuple[int, int | None] = (1, 1)
    passes_on: bool = False


def _switch(name: str, help: str, short: str = "", default: bool | None = False) -> Flag:
    return Flag(name, help, Kind.SWITCH, short, default)


def _list(name: str, help: str, short: str = "", value_name: str = "VALUE") -> Flag:
    return Flag(name, help, Kind.LIST, short, value_name=value_name)


def _path(name: str, help: str, short: str = "") -> Flag:
    return Flag(name, help, short=short, value_name="PATH")


def _format() -> Flag:
    choices = ("table", "json")
    return Flag("format", "table or json", Kind.CHOICE, "f", "table", choices, "FORMAT")


def _default_root() -> str:
    directory = os.environ.get("XDG_RUNTIME_DIR")
    return f"{directory if directory and os.geteuid() else '/run'}/seacan-runtime"


GLOBAL: Final = (
    Flag("root", "where states are kept", default=_default_root(), value_name="DIR"),
    _path("log", "append messages to a file as well"),
    Flag("log-format", "text or json", Kind.CHOICE, "", "text", ("text", "json"), "FORMAT"),
    _switch("debug", "tell of each call, in the log"),
    _switch("systemd-cgroup", "cgroupsPath is SLICE:PREFIX:NAME, made by systemd"),
    Flag(
        "rootless",
        "do without a cgroup that cannot be made: true, false, or auto for who is not root",
        default="auto",
    ),
    _switch("version", "print the version", "v"),
)
_BUNDLE: Final = Flag("bundle", "the bundle; . by default", short="b", value_name="DIR")
_CONSOLE: Final = _path("console-socket", "gets the master of the process's terminal")
_PIDFD: Final = _path("pidfd-socket", "gets a pidfd of the process")
_PID_FILE: Final = _path("pid-file", "gets the pid of the process")
_PRESERVE: Final = Flag(
    "preserve-fds", "how many descriptors from 3 on to pass", Kind.INTEGER, default=0
)
_DETACH: Final = _switch("detach", "return when the process has been started", "d")
_CREATE: Final = (
    _BUNDLE,
    _CONSOLE,
    _PIDFD,
    _PID_FILE,
    _PRESERVE,
    _switch("no-pivot", "move the root into place, for a host that runs from its initramfs"),
    _switch("no-new-keyring", "stay in the caller's session keyring"),
)
_RUN: Final = (
    *_CREATE,
    _DETACH,
    _switch("keep", "do not delete the container when it has ended"),
    _switch("no-subreaper", "leave orphans of the container to others"),
)
_EXEC: Final = (
    _CONSOLE,
    _PIDFD,
    _PID_FILE,
    _PRESERVE,
    _DETACH,
    _path("process", "the process to start, as a JSON file", "p"),
    _switch("tty", "give it a terminal", "t"),
    _path("cwd", "where to start it"),
    _list("env", "add to its environment", "e", "NAME=VALUE"),
    Flag("user", "who it is", short="u", value_name="UID[:GID]"),
    _list("additional-gids", "add a group", "g", "GID"),
    _list("cap", "add a capability", "c", "CAP_NAME"),
    _switch("no-new-privs", "set no_new_privs", default=None),
    Flag("apparmor", "its AppArmor profile"),
    Flag("process-label", "its SELinux label"),
    _switch("ignore-paused", "wait for a paused container to be resumed"),
    _list("cgroup", "enter a cgroup below the container's", value_name="[CONTROLLERS:]PATH"),
)
_UPDATE: Final = (
    _path("resources", "take linux.resources from a JSON file, - for standard input", "r"),
    Flag("blkio-weight", "share of block I/O, 10 to 1000", Kind.INTEGER, default=0),
    Flag("cpu-period", "in microseconds"),
    Flag("cpu-quota", "in microseconds per period"),
    Flag("cpu-burst", "in microseconds per period"),
    Flag("cpu-share", "share of CPU time, 2 to 262144"),
    Flag("cpu-rt-period", "in microseconds"),
    Flag("cpu-rt-runtime", "in microseconds per period"),
    Flag("cpu-idle", "1 for SCHED_IDLE"),
    Flag("cpuset-cpus", "which CPUs: 0-2,7"),
    Flag("cpuset-mems", "which memory nodes: 0,1"),
    Flag("memory", "limit in bytes, or with k, m, g, t, p; -1 for none"),
    Flag("memory-reservation", "what reclaim leaves alone"),
    Flag("memory-swap", "limit of memory and swap together"),
    Flag("pids-limit", "how many processes; -1 for any number", Kind.INTEGER, default=None),
    Flag("kernel-memory", "refused: the kernel has given it up"),
    Flag("kernel-memory-tcp", "refused: the kernel has given it up"),
    Flag("l3-cache-schema", "refused: Intel RDT is not supported"),
    Flag("mem-bw-schema", "refused: Intel RDT is not supported"),
)

_IMAGES: Final = (
    _path("image-path", "directory of the files; ./checkpoint by default"),
    _path("work-path", "directory of criu's log; the same by default"),
    _switch("tcp-established", "with open TCP connections"),
    _switch("ext-unix-sk", "with unix sockets to outside"),
    _switch("shell-job", "with the session of a shell"),
    _switch("file-locks", "with locks of files"),
    Flag("manage-cgroups-mode", "soft, full, strict or ignore", default="soft"),
    _list("empty-ns", "network, as it always is: its devices are the engine's"),
    _switch("auto-dedup", "drop memory that a parent image has"),
    _switch("lazy-pages", "refused: memory is brought back at once"),
)
_CHECKPOINT: Final = (
    *_IMAGES,
    _path("parent-path", "files of a pre-dump, relative to --image-path"),
    _switch("leave-running", "let the processes go on"),
    _switch("pre-dump", "memory only, and let the processes go on"),
    _switch("tcp-skip-in-flight", "without TCP connections that are being made"),
    _switch("link-remap", "with files that were unlinked while open"),
    Flag("page-server", "refused: memory goes to files", value_name="ADDRESS:PORT"),
    Flag("status-fd", "refused, as is --lazy-pages", Kind.INTEGER, default=None),
)
_RESTORE: Final = (
    *_IMAGES,
    _BUNDLE,
    _CONSOLE,
    _PID_FILE,
    _DETACH,
    _switch("no-subreaper", "leave orphans of the container to others"),
    _switch("no-pivot", "refused: criu moves the root its own way"),
    Flag("lsm-profile", "the label to come back with", value_name="TYPE:NAME"),
    Flag("lsm-mount-context", "the label of mounts to come back with"),
)

COMMANDS: Final[dict[str, Command]] = {
    "create": Command("make a container of a bundle", _CREATE),
    "start": Command("execute the process of a created container"),
    "run": Command("create and start a container, delete it when it has ended", _RUN),
    "exec": Command(
        "start a further process in a container", _EXEC, "ID COMMAND...", (1, None), True
    ),
    "state": Command("print the state of a container"),
    "list": Command(
        "list the containers", (_format(), _switch("quiet", "ids only", "q")), "", (0, 0)
    ),
    "ps": Command(
        "list the processes of a container", (_format(),), "ID [ps options]", (1, None), True
    ),
    "kill": Command(
        "send a signal to a container, SIGTERM by default",
        (_switch("all", "it is no error if the container has stopped", "a"),),
        "ID [SIGNAL]",
        (1, 2),
    ),
    "pause": Command("suspend all processes of a container"),
    "resume": Command("let the processes of a paused container go on"),
    "delete": Command(
        "remove what is left of a container",
        (_switch("force", "kill it first if it runs; no error if there is none", "f"),),
    ),
    "update": Command("change the limits of a container", _UPDATE),
    "events": Command(
        "print what a container uses, and when it ran out of memory, as lines of JSON",
        (
            _switch("stats", "once"),
            Flag("interval", "time between two lines, as 1m30s", default="5s", value_name="TIME"),
        ),
    ),
    "checkpoint": Command("write the processes of a container to files, and end it", _CHECKPOINT),
    "restore": Command("make a container of the files of a checkpoint", _RESTORE),
    "spec": Command(
        "write a config.json to begin with",
        (_BUNDLE, _switch("rootless", "for who is not root")),
        "",
        (0, 0),
    ),
    "features": Command("print what this runtime can do, as JSON", (), "", (0, 0)),
}
