"""The words between daemon, launcher and shim: one JSON object a packet, descriptors beside it.

    daemon ──warm──▸ launcher              one packet: a sample of config.json; no answer
    daemon ──launch──▸ launcher            one packet, with one end of a socketpair; no answer: what
                                           is at the other end from then on is a shim, or `program`
    shim ──▸ daemon                        over that socketpair: the path of a network namespace
                                           that it has made, with descriptors of it; or an error
    daemon ──start──▸ shim ──▸ reply       over the same, which from then on carries events
    daemon ──any other request──▸ reply    over a connection to BUNDLE/shim.sock

The sockets are SOCK_SEQPACKET: a packet is a message, whole, and its descriptors arrive with it.
A message too long for a packet travels in a memfd.
"""

import array
import json
import os
import socket
from collections.abc import Sequence
from typing import Any, Final, NotRequired, TypedDict

from seacan import errors
from seacan.spec.runtime import IDMapping

PACKET_LIMIT: Final = 128 * 1024
MESSAGE_LIMIT: Final = 16 * 1024 * 1024
DESCRIPTOR_LIMIT: Final = 64

SOCKET_TYPE: Final = socket.SOCK_SEQPACKET

Message = dict[str, Any]


class AttachRequest(TypedDict):
    """One client's connection, which travels beside the message as a descriptor."""

    stdin: bool
    stdout: bool
    stderr: bool
    framed: bool  # what is sent says of which stream it is: spec/stdcopy.py
    detach_keys: str  # latin-1, as typed; empty if there are none
    early: str  # latin-1: what the client sent before its connection was handed on
    websocket: NotRequired[str]  # text or binary: the client speaks WebSocket, in such messages


class IdMap(TypedDict):
    """What ids on disk are to the host, and so in a user namespace of these mappings."""

    uids: list[IDMapping]
    gids: list[IDMapping]


class RootfsRequest(TypedDict):
    """An overlay; paths are relative to `directory`, so that many fit in one page."""

    directory: str
    lower: list[str]  # the topmost first
    upper: str  # empty: nothing can be written
    work: str
    shares_mounts: bool  # what the container mounts in a shared bind is to be seen by the host
    id_map: NotRequired[IdMap]  # of a container in a user namespace
    images: NotRequired[dict[str, list[str]]]  # of one too: layers by where they are to be read


class LogFileRequest(TypedDict):
    """What `logs` reads: the log itself, or a copy of what a receiver gets."""

    path: str
    format: str  # json-file, local
    max_size_bytes: int  # -1: no limit
    max_files: int
    compress: bool
    attributes: dict[str, str]  # of each entry of a json-file


class ReceiverRequest(TypedDict):
    """Where else a log goes, and how."""

    driver: str  # syslog, journald, gelf, fluentd
    network: str  # udp, tcp, tls, unix, unixgram
    addresses: list[str]  # paths, or numeric addresses; the first that answers is taken
    port: int
    tls: dict[str, str]  # name, ca, cert, key: those given; skip-verify
    is_blocking: bool  # the process waits for the receiver
    buffer_bytes: int  # what is kept for the receiver; if it does not block, the rest is dropped
    tries: int  # of connecting, once connected before
    retry_wait_s: float  # before the second one; then half as much again each time
    is_checked: bool  # the container does not start unless the receiver can be reached
    settings: dict[str, Any]  # what the driver's own module describes


class LogRequest(TypedDict):
    file: LogFileRequest | None
    receiver: ReceiverRequest | None


class StartRequest(TypedDict):
    """What a new shim is told."""

    id: str
    bundle: str
    cgroup_path: str
    runtime_root: str
    runtime: NotRequired[list[str]]  # another OCI runtime: path of its executable, flags
    rootfs: RootfsRequest
    unmounts_last: bool  # its end is told first, then the shim ends when all is unmounted
    has_init: bool  # its first process is elf/init.py
    has_network: bool  # the container joins the namespace that the shim has made
    sysctls: NotRequired[dict[str, str]]  # of that namespace: path below /proc/sys, value
    terminal: bool
    stdin: bool
    stdin_once: bool
    log: LogRequest | None
    attachments: list[AttachRequest]
    traced: NotRequired[bool]  # the last descriptor beside the message is one of trace.py


class ExecRequest(TypedDict):
    exec_id: str
    process: dict[str, Any]  # an OCI process
    stdin: bool
    attachment: AttachRequest | None


class Exit(TypedDict):
    """How a container ended: BUNDLE/exit.json, and the event of that name."""

    status: int  # 0 to 255; 128+n for signal n
    oom_killed: bool
    finished_at_ns: int  # since 1970


def send(channel: socket.socket, message: Message, descriptors: Sequence[int] = ()) -> None:
    """Send one message. Raises OSError if the peer is gone or does not read."""
    data = json.dumps(message).encode()
    if len(data) <= PACKET_LIMIT:
        socket.send_fds(channel, [data], list(descriptors))
        return
    memfd = os.memfd_create("seacan-message")
    try:
        with open(memfd, "wb", closefd=False) as file:
            file.write(data)
        socket.send_fds(channel, [b"memfd"], [memfd, *descriptors])
    finally:
        os.close(memfd)


def receive(channel: socket.socket) -> tuple[Message, list[int]] | None:
    """Return the next message and its descriptors, close-on-exec; None once the peer is gone."""
    data, descriptors, flags, _ = _receive_packet(channel)
    if not data:
        return None
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        _close(descriptors)
        raise errors.Internal("receive message: longer than a packet")
    try:
        if data == b"memfd":
            data = _read_memfd(descriptors.pop(0))
        message = json.loads(data)
    except (ValueError, IndexError, OSError) as err:
        _close(descriptors)
        raise errors.Internal(f"receive message: {err}") from err
    return message, descriptors


def _receive_packet(channel: socket.socket) -> tuple[bytes, list[int], int, Any]:
    # socket.recv_fds does not ask for close-on-exec.
    size = array.array("i").itemsize
    data, ancillary, flags, address = channel.recvmsg(
        PACKET_LIMIT, socket.CMSG_SPACE(DESCRIPTOR_LIMIT * size), socket.MSG_CMSG_CLOEXEC
    )
    descriptors = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(payload[: len(payload) - len(payload) % size])
    return data, descriptors.tolist(), flags, address


def _read_memfd(memfd: int) -> bytes:
    try:
        size = os.fstat(memfd).st_size
        if size > MESSAGE_LIMIT:
            raise ValueError(f"longer than {MESSAGE_LIMIT} bytes")
        return os.pread(memfd, size, 0)
    finally:
        os.close(memfd)


def _close(descriptors: list[int]) -> None:
    for fd in descriptors:
        os.close(fd)


def error_reply(err: BaseException) -> Message:
    """Return the reply that makes `raise_error` raise `err` at the other end."""
    # A subclass travels as the class of errors.py that it is.
    kinds = (cls.__name__ for cls in type(err).__mro__ if cls.__module__ == errors.__name__)
    return {"error": next(kinds, "Internal"), "text": str(err)}


def raise_error(reply: Message) -> None:
    """Raise what a reply reports, if it reports an error."""
    kind = reply.get("error")
    if kind is None:
        return
    cls = getattr(errors, str(kind), errors.Internal)
    raise cls(str(reply.get("text", "")))
