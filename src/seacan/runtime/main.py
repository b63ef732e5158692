"""`seacan-runtime`: the OCI runtime as an executable, for other engines and for hand use."""

from __future__ import annotations

import os
import sys
import time

from seacan import json_text, log
from seacan.errors import InvalidArgument, SeacanError
from seacan.files import absolute
from seacan.runtime import commandline
from seacan.runtime.commandline import Options, UnknownCommand
from seacan.runtime.failures import reason
from seacan.spec.oci_version import OCI_VERSION
from seacan.version import VERSION


def main() -> int:
    """Run the command of the process's arguments; return its exit status.

    That is 1 for a failure, 255 for one of exec: 1 to 254 may be the process's own. It is 3 for a
    command that there is not, as of runc.
    """
    options = commandline.defaults()
    failed = 1
    try:
        _read(options, sys.argv[1:])
        if options.version or options.help:
            print(_version() if options.version else commandline.usage(options.command), flush=True)
            return 0
        if options.debug:
            _say(options, "debug", json_text.dumps(sys.argv[1:], escaped=True))
        failed = 255 if options.command == "exec" else 1
        return _run(options)
    except UnknownCommand as err:
        failed = 3
        _say(options, "error", str(err))
    except SeacanError as err:
        _say(options, "error", str(err))
    except OSError as err:
        _say(options, "error", reason(err))
    return failed


def _read(options: Options, argv: list[str]) -> None:
    words = commandline.parse_global(options, argv)
    _check(options)
    if options.log:
        log.send_to(lambda level, message: _say(options, level, message))
    if not options.version and not options.help:
        commandline.parse_command(options, words)


def _run(options: Options) -> int:
    module = __import__(f"seacan.runtime.commands.{options.command}", fromlist=["run"])
    status: int = module.run(options)
    sys.stdout.flush()  # here it can still be told that nobody reads it
    return status


def _check(options: Options) -> None:
    options.root = absolute(options.root)
    if os.path.normpath(options.root) == "/":
        raise InvalidArgument("--root: not a directory for states: /")
    if options.rootless.lower() in ("", "auto"):
        options.rootless = None
    elif options.rootless in commandline.TRUE + commandline.FALSE:
        options.rootless = options.rootless in commandline.TRUE
    else:
        raise InvalidArgument(f"--rootless: not true, false or auto: {options.rootless!r}")


def _version() -> str:
    return f"seacan-runtime version {VERSION}\nspec: {OCI_VERSION}"


def _say(options: Options, level: str, message: str) -> None:
    """Say `message` on standard error, and to the file that an engine reads it from."""
    if level == "error" or not options.log:
        print(f"seacan-runtime: {message}", file=sys.stderr)
    if not options.log:
        return
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    if options.log_format == "json":
        line = json_text.dumps({"level": level, "msg": message, "time": stamp}, escaped=True)
    else:
        line = f'time="{stamp}" level={level} msg={json_text.dumps(message, escaped=True)}'
    try:
        fd = os.open(options.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError as err:
        print(f"seacan-runtime: --log: {reason(err)}", file=sys.stderr)
        return
    os.write(fd, f"{line}\n".encode())
    os.close(fd)


if __name__ == "__main__":
    sys.exit(main())
