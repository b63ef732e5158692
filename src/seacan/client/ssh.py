"""A daemon of another host, by ssh(1): its `system dial-stdio` is the connection.

The user's ssh decides about keys, names, proxies and known hosts, and so do ~/.ssh/config and
ssh-agent. It gets a session of its own, as from Docker's client: Ctrl-C is for the command.

Source: docker/cli, cli/connhelper.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import time

from seacan.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.client.endpoint import Endpoint

# The status comes a moment after the end of what it prints.
_STATUS_LIMIT_S = 10.0
_POLL_S = 0.005
_ERRORS_BYTES = 4096
_PIPE_BYTES = 64 * 1024


class SshStream:
    """One running ssh: what is sent is its input, what is received its output."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._command = ssh_command(endpoint)
        self._socket, theirs = socket.socketpair()
        self._errors, errors = os.pipe()
        try:
            self._pid = os.posix_spawnp(
                self._command[0],
                self._command,
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, theirs.fileno(), 0),
                    (os.POSIX_SPAWN_DUP2, theirs.fileno(), 1),
                    (os.POSIX_SPAWN_DUP2, errors, 2),
                ],
                setsid=True,
                # What Python ignores would stay ignored in all that ssh executes.
                setsigdef=[signal.SIGPIPE],
            )
            _tie(self._pid, errors)
        except OSError as err:
            self._socket.close()
            os.close(self._errors)
            raise Unavailable(
                f"error during connect: {self._command[0]}: {(err.strerror or str(err)).lower()}"
            ) from err
        finally:
            theirs.close()
            os.close(errors)

    def fileno(self) -> int:
        return self._socket.fileno()

    def recv(self, most_bytes: int) -> bytes:
        """Return some bytes; nothing at the end. Raises Unavailable if that is ssh's failure."""
        try:
            data = self._socket.recv(most_bytes)
        except ConnectionResetError:
            data = b""
        if not data:
            self._raise_if_failed()
        return data

    def sendall(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send(self, data: bytes, flags: int = 0) -> int:
        return self._socket.send(data, flags)

    def shutdown(self, how: int) -> None:
        self._socket.shutdown(how)

    def close(self) -> None:
        """Close, and end ssh if it still runs."""
        if self._socket.fileno() < 0:
            return
        self._socket.close()
        if self._pid:
            os.kill(self._pid, signal.SIGTERM)
            os.waitpid(self._pid, 0)
            self._pid = 0
        os.close(self._errors)

    def _raise_if_failed(self) -> None:
        deadline = time.monotonic() + _STATUS_LIMIT_S
        while self._pid:
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            if ended:
                self._pid = 0
                if status:
                    raise Unavailable(self._complaint(os.waitstatus_to_exitcode(status)))
            elif time.monotonic() > deadline:
                return
            else:
                time.sleep(_POLL_S)

    def _complaint(self, code: int) -> str:
        errors = os.read(self._errors, _PIPE_BYTES)[-_ERRORS_BYTES:]
        end = f"exit status {code}" if code >= 0 else f"signal {-code}"
        return (
            f"error during connect: command [{' '.join(self._command)}] has exited with {end}, "
            "make sure the URL is valid, and seacan or Docker 18.09 or later is installed on the "
            f"remote host: stderr={errors.decode(errors='replace').strip()}"
        )


def _tie(pid: int, errors: int) -> None:
    """Have ssh end when this process does, however that is: nobody reads its complaints then.

    Without that, ssh would stay until the daemon says something, which may be never. And what it
    complains of is dropped, rather than waited for, once the pipe is full.
    """
    fcntl.fcntl(errors, fcntl.F_SETOWN, pid)
    fcntl.fcntl(errors, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(errors, fcntl.F_SETFL, os.O_WRONLY | os.O_NONBLOCK | os.O_ASYNC)


def ssh_command(endpoint: Endpoint) -> list[str]:
    """Return the command that connects to `endpoint`."""
    words = ["ssh", "-o", "ConnectTimeout=30", "-T"]
    if endpoint.user:
        words += ["-l", endpoint.user]
    if endpoint.port:
        words += ["-p", str(endpoint.port)]
    return [*words, "--", endpoint.host, _remote_command(endpoint.path)]


def _remote_command(path: str) -> str:
    """Return a line for whatever shell the user has there: seacan, or docker if there is none."""
    host = f" --host={_shell_word(f'unix://{path}')}" if path.strip("/") else ""
    dial = f"{host} system dial-stdio"
    script = f"command -v seacan >/dev/null && exec seacan{dial}; exec docker{dial}"
    return f"sh -c {_shell_word(script)}"


def _shell_word(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
