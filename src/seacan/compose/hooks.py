"""post_start and pre_stop: commands run in a container after its start, or before its end."""

from __future__ import annotations

from seacan.client.streams import demultiplex
from seacan.errors import Internal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from seacan.client.client import Client
    from seacan.client.transport import Upgraded


def run_hook(
    client: Client,
    service: str,
    hook: Mapping[str, Any],
    container: str,
    output: Callable[[bytes], None] | None = None,
) -> None:
    """Run `hook` in `container` to its end. Raises Internal if it fails.

    `output` is given what it prints.
    """
    variables = hook.get("environment", {})
    exec_id = client.execs.create(
        container,
        {
            "Cmd": hook.get("command"),
            "User": hook.get("user", ""),
            "Privileged": hook.get("privileged", False),
            "WorkingDir": hook.get("working_dir", ""),
            "Env": [
                name if value is None else f"{name}={value}" for name, value in variables.items()
            ],
            "AttachStdout": True,
            "AttachStderr": True,
        },
    )
    with client.execs.start(exec_id) as stream:
        for _, piece in demultiplex(_pieces(stream)):
            if output:
                output(piece)
    code = client.execs.inspect(exec_id)["ExitCode"]
    if code:
        raise Internal(f"{service} hook exited with status {code}")


def _pieces(stream: Upgraded) -> Iterator[bytes]:
    while piece := stream.receive():
        yield piece
