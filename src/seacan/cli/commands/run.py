"""`seacan run`: a new container, started, with this terminal joined to it or left behind.

    create ─▶ attach ─▶ wait ─▶ start ─▶ pass input and output ─▶ exit code

Attached and waited for before it starts, so that nothing it prints and no end of it is missed.
"""

from __future__ import annotations

from seacan.cli.attachment import Attachment
from seacan.cli.container_flags import CONTAINER_FLAGS, CREATION_FLAGS, DETACH_KEYS
from seacan.cli.creation import ENGINE_CODE, create, engine_exit, request_of
from seacan.cli.detach_keys import chosen_keys
from seacan.cli.flags import Flag
from seacan.cli.run_trace import TRACE, RunTrace, new_trace
from seacan.cli.session import complain
from seacan.cli.terminal import require_terminal
from seacan.cli.values import SWITCH, SWITCH_ON
from seacan.errors import InvalidArgument, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session
    from seacan.client.containers import Waiting
    from seacan.spec.engine_api import ContainerCreate

FLAGS = (
    *CONTAINER_FLAGS,
    *CREATION_FLAGS,
    Flag("detach", "d", SWITCH, "Leave it running in the background, and print its id"),
    DETACH_KEYS,
    TRACE,
    Flag("sig-proxy", "", SWITCH_ON, "Pass signals on to the container", shown="true"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    trace = new_trace(values)
    try:
        return _run(session, values, arguments, trace)
    finally:
        trace.print()


def _run(session: Session, values: Values, arguments: list[str], trace: RunTrace) -> int:
    request = request_of(values, arguments, "run")
    keys = chosen_keys(session, values)
    if values.on("detach"):
        return _run_detached(session, values, request, trace)
    require_terminal(stdin=request["AttachStdin"] is True, tty=values.on("tty"))
    try:
        container_id = create(session, values, request)
    except SeacanError as err:
        raise engine_exit(err) from None
    trace.mark("container created")
    return _run_attached(session, values, request, container_id, keys, trace)


def _run_detached(
    session: Session, values: Values, request: ContainerCreate, trace: RunTrace
) -> int:
    if values.texts("attach"):
        raise InvalidArgument("conflicting options: cannot specify both --attach and --detach")
    request["AttachStdin"] = request["AttachStdout"] = request["AttachStderr"] = False
    request["StdinOnce"] = False
    try:
        container_id = create(session, values, request)
        trace.mark("container created")
        trace.start(session.client.containers, container_id)
    except SeacanError as err:
        raise engine_exit(err) from None
    print(container_id)
    return 0


def _run_attached(
    session: Session,
    values: Values,
    request: ContainerCreate,
    container_id: str,
    keys: str,
    trace: RunTrace,
) -> int:
    containers = session.client.containers
    stdin, stdout = request["AttachStdin"] is True, request["AttachStdout"] is True
    stderr = request["AttachStderr"] is True
    condition = "removed" if values.on("rm") else "next-exit"
    with (
        containers.attach(
            container_id, stdin=stdin, stdout=stdout, stderr=stderr, detach_keys=keys
        ) as stream,
        containers.wait(container_id, condition) as waiting,
        Attachment(
            stream,
            stdin=stdin,
            output=stdout or stderr,
            tty=values.on("tty"),
            detach_keys=keys,
            resize=lambda rows, columns: containers.resize(
                container_id, rows=rows, columns=columns
            ),
            kill=(lambda name: containers.kill(container_id, name))
            if values.on("sig-proxy")
            else None,
        ) as attachment,
    ):
        trace.mark("attached, and waiting for the end")
        try:
            trace.start(containers, container_id)
        except SeacanError as err:
            if values.on("rm"):
                exit_code(waiting)  # The daemon is removing it.
            raise engine_exit(err) from None
        if not attachment.follow(waiting):
            return 0
        code = exit_code(waiting)
        trace.mark("told of the end")
        return code


def exit_code(waiting: Waiting) -> int:
    """Return the container's exit code, or 125 with a complaint if the daemon cannot tell."""
    try:
        return waiting.result()
    except SeacanError as err:
        complain(f"Error waiting for container: {err}")
        return ENGINE_CODE
