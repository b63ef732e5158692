"""A client of BuildKit's protocol: what buildx does for a build, on connections of its own.

It serves directories, secrets and credentials to the daemon, and asks it to build.
"""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import anyio

from seacan.api.buildkit.blob_messages import (
    ReadBlobRequest,
    ReadBlobResponse,
    WriteAction,
    WriteBlobRequest,
    WriteBlobResponse,
)
from seacan.api.buildkit.messages import (
    BytesMessage,
    CacheOptions,
    CredentialsRequest,
    CredentialsResponse,
    Definition,
    Empty,
    FrontendRequest,
    FrontendResponse,
    Packet,
    PacketType,
    Result,
    ReturnRequest,
    SecretRequest,
    SolveRequest,
    SolveResponse,
    Stat,
    StatusRequest,
    StatusResponse,
    Typed,
)
from seacan.build.groups import unwrapped
from seacan.grpc.client import Client
from seacan.grpc.server import Incoming, serve, unary
from seacan.grpc.status import CallFailed, Code, failed

CONTROL = "/moby.buildkit.v1.Control"
BRIDGE = "/moby.buildkit.v1.frontend.LLBBridge"
DIRECTORY = 1 << 31
_PIECE_BYTES = 1000


def file(path: str, data: bytes, **changes: Any) -> tuple[Stat, bytes]:
    return Stat(**{"path": path, "mode": 0o644, "size": len(data), **changes}), data


def directory(path: str) -> tuple[Stat, bytes]:
    return Stat(path=path, mode=DIRECTORY | 0o755), b""


@dataclass
class Served:
    """What the client has."""

    directories: dict[str, list[tuple[Stat, bytes]]] = field(default_factory=dict)
    secrets: dict[str, bytes] = field(default_factory=dict)
    credentials: dict[str, tuple[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)  # metadata of each DiffCopy
    sent: list[str] = field(default_factory=list)  # paths whose contents were wanted
    archives: dict[str, bytes] = field(default_factory=dict)  # that came, by exporter
    files: dict[str, tuple[Stat, bytes]] = field(default_factory=dict)  # that came, by path
    wants_archive: bool = True  # or files
    stores: dict[str, dict[str, bytes]] = field(default_factory=dict)  # blobs, by store and digest
    began: dict[str, bytes] = field(default_factory=dict)  # what is on its way, by its name

    def methods(self) -> Mapping[str, Any]:
        return {
            "/moby.filesync.v1.FileSync/DiffCopy": self._diff_copy,
            "/moby.filesync.v1.FileSend/DiffCopy": self._take,
            "/moby.buildkit.secrets.v1.Secrets/GetSecret": unary(SecretRequest, self._secret),
            "/moby.filesync.v1.Auth/Credentials": unary(CredentialsRequest, self._credentials),
            "/containerd.services.content.v1.Content/Read": self._read_blob,
            "/containerd.services.content.v1.Content/Write": self._write_blob,
        }

    def _store(self, call: Incoming) -> dict[str, bytes]:
        name = call.metadata["buildkit-attachable-store-id"]
        if name not in self.stores:
            raise failed(Code.NOT_FOUND, f"unknown store {name}")
        return self.stores[name]

    async def _read_blob(self, call: Incoming) -> None:
        request = await call.only(ReadBlobRequest)
        data = self._store(call).get(request.digest)
        if data is None:
            raise failed(Code.NOT_FOUND, f"{request.digest}: not found")
        for at in range(0, len(data), _PIECE_BYTES):
            await call.send(ReadBlobResponse(at, data[at : at + _PIECE_BYTES]))

    async def _write_blob(self, call: Incoming) -> None:
        """As containerd does: whoever has it all says so, and is done with the call at COMMIT."""
        store, name, expected = self._store(call), "", ""
        while (request := await call.receive(WriteBlobRequest)) is not None:
            name, expected = request.ref or name, request.expected or expected
            if request.action == WriteAction.STAT and expected in store:
                raise failed(Code.ALREADY_EXISTS, f"content {expected}: already exists")
            came = self.began.setdefault(name, b"")
            if request.offset and request.offset != len(came):
                raise failed(Code.INVALID_ARGUMENT, f"{request.offset}, where {len(came)} are")
            came = self.began[name] = came + request.data
            await call.send(WriteBlobResponse(request.action, len(came)))
            if request.action == WriteAction.COMMIT:
                store[expected] = self.began.pop(name)
                return

    async def _diff_copy(self, call: Incoming) -> None:
        self.asked.append(dict(call.metadata))
        name = call.metadata["dir-name"]
        if name not in self.directories:
            raise failed(Code.NOT_FOUND, f"no access allowed to dir {name}")
        entries = self.directories[name]
        followed = call.metadata.get("followpaths")  # the last of them
        if name == "dockerfile":
            entries = [each for each in entries if each[0].path == "Dockerfile"]
        elif followed == ".dockerignore":
            entries = [each for each in entries if each[0].path == followed]
        for stat, _ in entries:
            await call.send(Packet(PacketType.STAT, stat))
        await call.send(Packet(PacketType.STAT))
        while (packet := await call.receive(Packet)) is not None:
            if packet.type == PacketType.FINISH:
                await call.send(Packet(PacketType.FINISH))
                return
            stat, data = entries[packet.id]
            self.sent.append(stat.path)
            for at in range(0, len(data), _PIECE_BYTES):
                piece = data[at : at + _PIECE_BYTES]
                await call.send(Packet(PacketType.DATA, id=packet.id, data=piece))
            await call.send(Packet(PacketType.DATA, id=packet.id))

    async def _take(self, call: Incoming) -> None:
        exporter = call.metadata["buildkit-attachable-exporter-id"]
        if self.wants_archive:
            data = b""
            while (piece := await call.receive(BytesMessage)) is not None:
                data += piece.data
            self.archives[exporter] = data
            return
        stats: list[Stat] = []
        while (packet := await call.receive(Packet)) is not None and packet.stat is not None:
            stats.append(packet.stat)
        for number, stat in enumerate(stats):
            data = b""
            if not stat.mode >> 12:
                await call.send(Packet(PacketType.REQUEST, id=number))
                while (packet := await call.receive(Packet)) is not None and packet.data:
                    data += packet.data
            self.files[stat.path] = (stat, data)
        await call.send(Packet(PacketType.FINISH))
        finish = await call.receive(Packet)
        assert finish is not None
        assert finish.type == PacketType.FINISH

    async def _secret(self, call: Incoming, request: SecretRequest) -> BytesMessage:
        if request.id not in self.secrets:
            raise failed(Code.NOT_FOUND, f"secret {request.id} not found")
        return BytesMessage(self.secrets[request.id])

    async def _credentials(
        self, call: Incoming, request: CredentialsRequest
    ) -> CredentialsResponse:
        return CredentialsResponse(*self.credentials.get(request.host, ("", "")))


@dataclass
class Outcome:
    exporter: Mapping[str, str]
    told: list[StatusResponse]
    result: Result

    def names(self) -> list[str]:
        """Return the names of vertexes that have ended well, in the order in which they began."""
        ended = {
            each.digest: each
            for said in self.told
            for each in said.vertexes
            if each.completed is not None and not each.error
        }
        return [each.name for each in ended.values()]


async def upgraded(path: str, target: str, headers: Mapping[str, str] = {}) -> socket.socket:
    """Return a connection that was upgraded to HTTP/2."""
    connection = socket.socket(socket.AF_UNIX)
    connection.setblocking(False)
    try:
        await _upgrade(connection, path, target, headers)
    except BaseException:
        connection.close()
        raise
    return connection


async def _upgrade(
    connection: socket.socket, path: str, target: str, headers: Mapping[str, str]
) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, path)
    lines = [f"POST {target} HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: h2c"]
    lines += ["Content-Length: 0", *(f"{name}: {value}" for name, value in headers.items())]
    await loop.sock_sendall(connection, "\r\n".join([*lines, "", ""]).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += await loop.sock_recv(connection, 1)  # what follows is the protocol's
    assert head.startswith(b"HTTP/1.1 101 "), head


@asynccontextmanager
async def connected(path: str, target: str = "/grpc") -> AsyncIterator[Client]:
    client = Client(await upgraded(path, target))
    with unwrapped():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.run)
            yield client
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def session_in_a_call(client: Client, session_id: str, served: Served) -> AsyncIterator[None]:
    """As `session`, on a connection that a call of the client carries."""
    ours, given = socket.socketpair()
    ours.setblocking(False)
    loop = asyncio.get_running_loop()
    metadata = [("x-docker-expose-session-uuid", session_id)]
    with unwrapped(), ours:
        async with (
            client.call(f"{CONTROL}/Session", metadata) as call,
            anyio.create_task_group() as tasks,
        ):

            async def send() -> None:
                while data := await loop.sock_recv(ours, _PIECE_BYTES):
                    await call.send(BytesMessage(data))

            async def receive() -> None:
                while (message := await call.receive(BytesMessage)) is not None:
                    await loop.sock_sendall(ours, message.data)

            tasks.start_soon(serve, given, b"", served.methods())
            tasks.start_soon(send)
            tasks.start_soon(receive)
            yield
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def session(path: str, session_id: str, served: Served, key: str = "") -> AsyncIterator[None]:
    headers = {
        "X-Docker-Expose-Session-Uuid": session_id,
        "X-Docker-Expose-Session-Sharedkey": key,
    }
    connection = await upgraded(path, "/session", headers)
    with unwrapped():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve, connection, b"", served.methods())
            yield
            tasks.cancel_scope.cancel()


async def build(
    path: str,
    served: Served,
    attributes: Mapping[str, str] = {},
    *,
    exporters: tuple[Typed, ...] = (Typed("moby", {"name": "built"}),),
    ref: str = "",
    key: str = "",
    within: Callable[[Result], Awaitable[None]] | None = None,
    inputs: Mapping[str, Definition] = {},
    caches: tuple[Typed, ...] = (),
) -> Outcome:
    """Build as buildx does: the result comes of the client's own part. Raises CallFailed.

    `within` is called with the result, while the build goes on.
    """
    ref = ref or secrets.token_hex(8)
    told: list[StatusResponse] = []
    responses: list[SolveResponse] = []
    errors: list[CallFailed] = []
    async with session(path, f"session-{ref}", served, key), connected(path) as client:

        async def solve() -> None:
            request = SolveRequest(
                ref=ref,
                session=f"session-{ref}",
                exporters=exporters,
                cache=CacheOptions(exports=caches),
            )
            try:
                responses.append(await client.ask(f"{CONTROL}/Solve", request, SolveResponse))
            except CallFailed as err:
                errors.append(err)

        async def listen() -> None:
            async with client.call(f"{CONTROL}/Status") as call:
                await call.send(StatusRequest(ref))
                await call.end()
                while (said := await call.receive(StatusResponse)) is not None:
                    told.append(said)
                await call.wait_status()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(solve)
            tasks.start_soon(listen)
            of_build = [("buildkit-controlapi-buildid", ref)]
            request = FrontendRequest(
                frontend="dockerfile.v0", attributes=attributes, inputs=inputs
            )
            try:
                answer = await client.ask(f"{BRIDGE}/Solve", request, FrontendResponse, of_build)
                assert answer.result is not None
                if within is not None:
                    await within(answer.result)
                returned = ReturnRequest(answer.result)
            except CallFailed as err:
                returned = ReturnRequest(error=err.status)
            with suppress(CallFailed):  # the build has ended, and solve() says why
                await client.ask(f"{BRIDGE}/Return", returned, Empty, of_build)
    if errors:
        raise errors[0]
    return Outcome(responses[0].exporter, told, returned.result or Result())
