"""The host's git: a child that knows no configuration, runs no hook, asks nobody, and never stays.

    prlimit ─exec─▶ setpriv ─exec─▶ unshare ─fork─▶ git ─▶ git-remote-https, ssh, index-pack, …
    of memory       dies with us     dies with it    pid 1 of a namespace: the others die with it

git has children that would go on alone with what a server sends, so all of them end together, also
by kill -9 of the daemon. A few KB of trees that have one another ten times over come to more files
than git has memory for, before it has printed one.
"""

import io
import os
import select
import selectors
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

import msgspec
from msgspec import field

from seacan.build.downloads import check_space
from seacan.errors import Internal, Unavailable
from seacan.images.remote.tasks import Cancellation
from seacan.images.streams import buffered
from seacan.spec.git_urls import PROTOCOLS, without_secret

_MEMORY_BYTES: Final = 4 << 30  # of each process, beside the packs that it maps
_TOGETHER: Final = (
    *("prlimit", f"--data={_MEMORY_BYTES}", "--"),
    *("setpriv", "--pdeathsig", "KILL", "--"),
    *("unshare", "--fork", "--pid", "--kill-child=KILL", "--", "git"),
)
_NEEDED: Final = ("git", "prlimit", "setpriv", "unshare")
_LOOK_S: Final = 0.2
_CHUNK_BYTES: Final = 1 << 16
_OUTPUT_LIMIT_BYTES: Final = 64 << 20  # names and ids of a large repository
_SAID_BYTES: Final = 2000
_SETTINGS: Final = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "fetch.recurseSubmodules": "false",
    "http.lowSpeedLimit": "1",  # a server that is silent for
    "http.lowSpeedTime": "120",  # so many seconds has gone
    "tar.umask": "0022",  # so that modes are those of a checkout
}
_PASSED_ON: Final = ("PATH", "http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY",
                     "ALL_PROXY", "all_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")  # fmt: skip


class Access(msgspec.Struct, frozen=True):
    """How the host's git gets to repositories."""

    cancellation: Cancellation
    known_hosts: Path  # of ssh: a host's key is noted down when it is first seen
    agent: Path | None = None  # the socket of an ssh agent
    secrets: Mapping[str, bytes] = field(default_factory=dict)  # see `authorization`


class Git(msgspec.Struct, frozen=True):
    """git, working in one directory of ours."""

    directory: Path
    access: Access
    settings: Mapping[str, str] = field(default_factory=dict)  # further ones

    def text(self, *words: str) -> str:
        """Run a command to its end; return what it prints. Raises Internal with what it says.

        Raises Cancelled, Unavailable if there is no git, InvalidArgument if the disk gets full.
        """
        out, said = bytearray(), bytearray()
        with self._running(words) as process, selectors.DefaultSelector() as selector:
            for pipe, buffer in ((process.stdout, out), (process.stderr, said)):
                assert pipe is not None
                selector.register(pipe, selectors.EVENT_READ, buffer)
            while selector.get_map():
                ready = selector.select(_LOOK_S)
                self.access.cancellation.check()
                self._check_space()
                for key, _ in ready:
                    _take(selector, key)
            status = process.wait()
        _check(words, status, said)
        return out.decode(errors="surrogateescape")

    @contextmanager
    def open(self, *words: str) -> Iterator[BinaryIO]:
        """Yield what a command prints, to be read to its end. Raises Internal, Unavailable.

        Reading raises Cancelled.
        """
        with (
            tempfile.TemporaryFile(dir=self.directory) as errors,
            self._running(words, errors=errors.fileno()) as process,
        ):
            assert process.stdout is not None
            yield buffered(_Printed(process.stdout.fileno(), self.access.cancellation))
            status = process.wait()
            errors.seek(0)
            _check(words, status, errors.read(_SAID_BYTES))

    @contextmanager
    def _running(
        self, words: tuple[str, ...], errors: int = subprocess.PIPE
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Yield git at work; at the end of the block it is gone, whatever it was doing."""
        for program in _NEEDED:
            if shutil.which(program) is None:
                raise Unavailable(f"git: there is no {program} on the daemon's host")
        with subprocess.Popen(
            [*_TOGETHER, *words],
            cwd=self.directory,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # without a terminal to ask at
        ) as process:
            try:
                yield process
            except BaseException:
                process.kill()
                raise

    def _environment(self) -> dict[str, str]:
        found = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        found |= {
            "LC_ALL": "C",
            "HOME": str(self.directory),
            "GIT_DIR": str(self.directory / ".git"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": ":".join(PROTOCOLS),
            "GIT_SSH_COMMAND": shlex.join(self._ssh()),
            "SSH_ASKPASS_REQUIRE": "never",
        }
        if self.access.agent is not None:
            found["SSH_AUTH_SOCK"] = str(self.access.agent)
        return found | _configured({**_SETTINGS, **self.settings})

    def _ssh(self) -> list[str]:
        """Return an ssh that has nobody's keys but the agent's."""
        options = {
            "BatchMode": "yes",
            "IdentityFile": "none",
            "ConnectTimeout": "30",
            "StrictHostKeyChecking": "accept-new",
            "UserKnownHostsFile": str(self.access.known_hosts),
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return ["ssh", "-F", "/dev/null", *words]

    def _check_space(self) -> None:
        fd = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            check_space(fd)
        finally:
            os.close(fd)


class _Printed(io.RawIOBase):
    """What a process prints, as long as somebody wants it: it may be silent for ever."""

    def __init__(self, fd: int, cancellation: Cancellation) -> None:
        self._fd = fd
        self._cancellation = cancellation
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._cancellation.check()
        while not self._poll.poll(_LOOK_S * 1000):
            self._cancellation.check()
        return os.readv(self._fd, [buffer])


def _configured(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that settings are told by: unlike arguments, nobody else sees them."""
    found = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        found[f"GIT_CONFIG_KEY_{number}"] = key
        found[f"GIT_CONFIG_VALUE_{number}"] = value
    return found


def _take(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    pipe: IO[bytes] = key.fileobj  # type: ignore[assignment]
    data = os.read(pipe.fileno(), _CHUNK_BYTES)
    if not data:
        selector.unregister(pipe)
    key.data.extend(data)
    if len(key.data) > _OUTPUT_LIMIT_BYTES:
        raise Internal("git: it prints too much")


def _check(words: tuple[str, ...], status: int, said: bytes | bytearray) -> None:
    if status:
        raise Internal(f"git {words[0]}: {_last_lines(said) or f'status {status}'}")


def _last_lines(said: bytes | bytearray) -> str:
    """Return what git said as one line, its end if it is long."""
    lines = without_secret(said[-_SAID_BYTES:].decode(errors="replace")).splitlines()
    text = "; ".join(line.strip() for line in lines if line.strip())
    return "".join(each if each.isprintable() else "?" for each in text)  # a server's words
