"""Attaching a client to a container: its own connection goes to the shim, past the daemon."""

import socket
from dataclasses import dataclass

from seacan import errors
from seacan.engine.running import Entry
from seacan.supervisor.protocol import AttachRequest


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attach that was found right; `begin` carries it out when the client has its answer."""

    entry: Entry
    stdin: bool
    stdout: bool
    stderr: bool
    detach_keys: bytes

    @property
    def tty(self) -> bool:
        return self.entry.record.tty

    async def begin(self, client: socket.socket, early: bytes) -> None:
        """Hand `client` over, with what it has sent already; before the start is early enough."""
        # At once: the client, which has its answer, may start the container now.
        self.entry.tell("attach")
        await self.entry.attach(client, self._request(early))

    def _request(self, early: bytes) -> AttachRequest:
        return attach_request(
            stdin=self.stdin and bool(self.entry.record.config.get("OpenStdin")),
            stdout=self.stdout,
            stderr=self.stderr,
            detach_keys=self.detach_keys if self.tty else b"",
            early=early,
        )


def attach_request(
    *, stdin: bool, stdout: bool, stderr: bool, detach_keys: bytes, early: bytes
) -> AttachRequest:
    return AttachRequest(
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        detach_keys=detach_keys.decode("latin-1"),
        early=early.decode("latin-1"),
    )


def check_streams(*, stream: bool, logs: bool) -> None:
    """Refuse what attach does not do. Raises Unsupported."""
    if logs:
        raise errors.Unsupported("attach with logs is not supported: read them with logs")
    if not stream:
        raise errors.InvalidArgument("attach: neither logs nor stream was asked for")
