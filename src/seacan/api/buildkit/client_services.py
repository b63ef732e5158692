"""What the client of a build serves beside files: secrets, credentials, ssh agents, an archive.

Source: moby/buildkit, session/secrets, session/auth, session/sshforward, session/upload.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

import anyio

from seacan.api import engine_builds
from seacan.api.body_file import file_of
from seacan.api.buildkit.messages import (
    AgentRequest,
    BytesMessage,
    CredentialsRequest,
    CredentialsResponse,
    Empty,
    SecretRequest,
)
from seacan.api.buildkit.needs import Needs
from seacan.api.buildkit.sessions import Session
from seacan.build.agents import BuildAgents
from seacan.build.context_tree import ContextTree
from seacan.build.groups import unwrapped
from seacan.errors import InvalidArgument
from seacan.grpc.http2 import ConnectionLost
from seacan.grpc.status import CallFailed
from seacan.ids import new_id
from seacan.images import references
from seacan.images.remote.credentials import Credentials
from seacan.spec import git_urls

_GET_SECRET: Final = "/moby.buildkit.secrets.v1.Secrets/GetSecret"
_CREDENTIALS: Final = "/moby.filesync.v1.Auth/Credentials"
_CHECK_AGENT: Final = "/moby.sshforward.v1.SSH/CheckAgent"
_FORWARD_AGENT: Final = "/moby.sshforward.v1.SSH/ForwardAgent"
_PULL_UPLOAD: Final = "/moby.upload.v1.Upload/Pull"
_DOCKER_HUB: Final = "registry-1.docker.io"  # as clients of BuildKit are asked for it
_SECRET_BYTES: Final = 500 << 10  # as BuildKit has it
_GIT_SECRETS: Final = ("GIT_AUTH_TOKEN", "GIT_AUTH_HEADER")


async def secrets(session: Session, needs: Needs) -> dict[str, bytes]:
    """Return those that the Dockerfile names and the client has, by id."""
    found = await _secrets(session, needs.secrets)
    return found | await git_secrets(session, needs.repositories)


async def git_secrets(session: Session, urls: Iterable[str]) -> dict[str, bytes]:
    """Return those that repositories at these URLs may want."""
    repositories = [found for url in urls if (found := git_urls.parse_context(url))]
    hosts = {repository.host for repository in repositories if repository.host}
    names = [*_GIT_SECRETS, *(f"{name}.{host}" for name in _GIT_SECRETS for host in hosts)]
    return await _secrets(session, names) if repositories else {}


async def _secrets(session: Session, ids: Iterable[str]) -> dict[str, bytes]:
    found = {}
    for secret_id in sorted(ids):
        answer = await session.ask(_GET_SECRET, SecretRequest(secret_id), BytesMessage)
        if answer is not None:
            if len(answer.data) > _SECRET_BYTES:
                raise InvalidArgument(f"secret {secret_id}: longer than {_SECRET_BYTES} bytes")
            found[secret_id] = answer.data
    return found


async def credentials(session: Session, domains: Iterable[str]) -> Mapping[str, Credentials]:
    """Return who the client is to registries, by their domains."""
    found = {}
    for domain in sorted(domains):
        host = _DOCKER_HUB if domain == references.DEFAULT_DOMAIN else domain
        answer = await session.ask(_CREDENTIALS, CredentialsRequest(host), CredentialsResponse)
        if answer is not None and answer.secret:
            found[domain] = _credentials(answer, domain)
    return found


def _credentials(answer: CredentialsResponse, domain: str) -> Credentials:
    if not answer.username:  # it is a token then
        return Credentials(identity_token=answer.secret, server=domain)
    return Credentials(username=answer.username, password=answer.secret, server=domain)


# -- ssh agents -----------------------------------------------------------------------------------

_AT_ONCE: Final = 16  # connections of one agent that commands may have
_PIECE_BYTES: Final = 32 << 10


@asynccontextmanager
async def agents(
    builds: engine_builds.Builds, session: Session, ids: Iterable[str]
) -> AsyncIterator[BuildAgents]:
    """Yield those of the agents that the client has; a build gets connections to them."""
    has = [each for each in ids if await _has_agent(session, each)]
    word = new_id() if has else ""
    with unwrapped():
        async with builds.agents(word, has) as found, anyio.create_task_group() as tasks:
            for agent_id in has:
                for _ in range(_AT_ONCE):
                    tasks.start_soon(_offer, builds, session, word, agent_id)
            yield found
            tasks.cancel_scope.cancel()


async def _has_agent(session: Session, agent_id: str) -> bool:
    try:
        return await session.ask(_CHECK_AGENT, AgentRequest(agent_id), Empty) is not None
    except CallFailed:  # as clients say that they have not; who requires it is told by its step
        return False


async def _offer(builds: engine_builds.Builds, session: Session, word: str, agent_id: str) -> None:
    """Give the build one connection after the other, each carried over a call when it is used."""
    while True:
        ours, given = socket.socketpair()
        with ours:
            ours.setblocking(False)
            given.setblocking(False)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_carry, session, agent_id, ours)
                await builds.offer_agent(word, agent_id, given, b"")
                tasks.cancel_scope.cancel()


async def _carry(session: Session, agent_id: str, connection: socket.socket) -> None:
    """Carry bytes both ways between a connection and the client's agent, once something comes."""
    await anyio.wait_readable(connection)
    loop = asyncio.get_running_loop()
    with suppress(OSError, CallFailed, ConnectionLost):
        async with (
            session.call(_FORWARD_AGENT, [("buildkit.ssh.id", agent_id)]) as call,
            anyio.create_task_group() as tasks,
        ):

            async def ask() -> None:
                while data := await loop.sock_recv(connection, _PIECE_BYTES):
                    await call.send(BytesMessage(data))
                await call.end()

            tasks.start_soon(ask)
            while (answer := await call.receive(BytesMessage)) is not None:
                await loop.sock_sendall(connection, answer.data)
            tasks.cancel_scope.cancel()
    with suppress(OSError):  # the build has closed it
        connection.shutdown(socket.SHUT_RDWR)


# -- archives -------------------------------------------------------------------------------------


async def receive_upload(session: Session, url: str, tree: ContextTree) -> None:
    """Take in the archive that the client sends: what it has read from its standard input."""
    parts = urlsplit(url)
    metadata = [("urlpath", parts.path), ("urlhost", parts.netloc)]
    async with session.call(_PULL_UPLOAD, metadata) as call:

        async def receive() -> bytes:
            while (piece := await call.receive(BytesMessage)) is not None:
                if piece.data:
                    return piece.data
            return b""

        await anyio.to_thread.run_sync(
            tree.receive, file_of(receive), limiter=anyio.CapacityLimiter(1)
        )
        await call.wait_status()
