"""GET /exec/{id}/json."""

import base64
from typing import Any

from seacan.api.engine import Exec


def inspect_exec(execution: Exec) -> dict[str, Any]:
    config = execution.config
    given_keys = execution.detach_keys if config.get("DetachKeys") else b""
    path, *arguments = config.get("Cmd") or [""]
    process: dict[str, Any] = {
        "tty": bool(config.get("Tty")),
        "entrypoint": path,
        "arguments": arguments,
        "privileged": bool(config.get("Privileged")),
    }
    if user := config.get("User"):
        process["user"] = user
    return {
        "ID": execution.id,
        "Running": execution.running,
        "ExitCode": execution.exit_code,
        "ProcessConfig": process,
        "OpenStdin": bool(config.get("AttachStdin")),
        "OpenStderr": bool(config.get("AttachStderr")),
        "OpenStdout": bool(config.get("AttachStdout")),
        "CanRemove": False,
        "ContainerID": execution.container.record.id,
        # Bytes, which Go writes in base64.
        "DetachKeys": base64.b64encode(given_keys).decode(),
        "Pid": execution.pid,
    }
