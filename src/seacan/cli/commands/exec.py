"""`seacan exec`: one more command in a container that runs."""

from __future__ import annotations

from seacan.cli.attachment import Attachment
from seacan.cli.container_flags import DETACH_KEYS
from seacan.cli.container_values import ENVIRONMENT
from seacan.cli.detach_keys import chosen_keys
from seacan.cli.flags import Flag
from seacan.cli.input import environment_of
from seacan.cli.session import Exit
from seacan.cli.terminal import require_terminal, size
from seacan.cli.values import SWITCH, TEXT, TEXTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session
    from seacan.spec.engine_api import ExecConfig

FLAGS = (
    Flag("detach", "d", SWITCH, "Leave it running in the background"),
    DETACH_KEYS,
    Flag("env", "e", ENVIRONMENT, "Variable, NAME=VALUE, or NAME to pass this shell's on"),
    Flag("env-file", "", TEXTS, "File of variables, one a line"),
    Flag("interactive", "i", SWITCH, "Attach standard input"),
    Flag("privileged", "", SWITCH, "Give it all that the daemon may do"),
    Flag("tty", "t", SWITCH, "Give it a terminal"),
    Flag("user", "u", TEXT, "User, by name or number, USER[:GROUP]"),
    Flag("workdir", "w", TEXT, "Directory to start in"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    config = _config(session, values, arguments[1:])
    # First of all, so that a container which is not there is told of before a missing terminal.
    session.client.containers.inspect(arguments[0])
    if not values.on("detach"):
        require_terminal(stdin=values.on("interactive"), tty=values.on("tty"))
    exec_id = session.client.execs.create(arguments[0], config)
    if values.on("detach"):
        session.client.execs.start_detached(exec_id, tty=values.on("tty"))
        return 0
    return _follow(session, values, exec_id, config)


def _config(session: Session, values: Values, command: list[str]) -> ExecConfig:
    attached = not values.on("detach")
    config: ExecConfig = {
        "Cmd": command,
        "Tty": values.on("tty"),
        "AttachStdin": attached and values.on("interactive"),
        "AttachStdout": attached,
        "AttachStderr": attached,
        "Privileged": values.on("privileged"),
        "User": values.text("user"),
        "WorkingDir": values.text("workdir"),
        "Env": environment_of(values.texts("env-file"), values.texts("env")),
        "DetachKeys": chosen_keys(session, values),
    }
    if values.on("tty"):
        config["ConsoleSize"] = list(size())
    return config


def _follow(session: Session, values: Values, exec_id: str, config: ExecConfig) -> int:
    execs = session.client.execs
    tty = values.on("tty")
    with (
        execs.start(exec_id, tty=tty, console_size=size() if tty else None) as stream,
        Attachment(
            stream,
            stdin=values.on("interactive"),
            tty=tty,
            detach_keys=config["DetachKeys"] or "",
            resize=lambda rows, columns: execs.resize(exec_id, rows=rows, columns=columns),
        ) as attachment,
    ):
        if not attachment.follow():
            raise Exit(1, "read escape sequence")
    return int(execs.inspect(exec_id)["ExitCode"] or 0)
