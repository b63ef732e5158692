"""`seacan-runtime`: the OCI runtime as an executable, for other engines and for hand use."""

import json
import os
import sys
import time

from seacan.errors import SeacanError
from seacan.runtime import commandline, commands
from seacan.runtime.failures import reason
from seacan.spec.runtime import OCI_VERSION


def main() -> int:
    """Run the command of the process's arguments; return its exit status.

    That is 1 for a failure, 255 for one of exec: 1 to 254 may be the process's own.
    """
    try:
        options = commandline.parse(sys.argv[1:])
    except SeacanError as err:
        _complain("", "text", str(err))
        return 1
    if options.version:
        _print_version()
        return 0
    try:
        return commands.run(options)
    except SeacanError as err:
        _complain(options.log, options.log_format, str(err))
    except OSError as err:
        _complain(options.log, options.log_format, reason(err))
    return 255 if options.command == "exec" else 1


def _print_version() -> None:
    from importlib.metadata import version  # slow to import, and only wanted here

    print(f"seacan-runtime version {version('seacan')}\nspec: {OCI_VERSION}")


def _complain(log: str, log_format: str, message: str) -> None:
    """Say `message` on standard error, and to the file that an engine reads it from."""
    print(f"seacan-runtime: {message}", file=sys.stderr)
    if not log:
        return
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    if log_format == "json":
        line = json.dumps({"level": "error", "msg": message, "time": stamp})
    else:
        line = f'time="{stamp}" level=error msg={json.dumps(message)}'
    fd = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(fd, f"{line}\n".encode())
    os.close(fd)


if __name__ == "__main__":
    sys.exit(main())
