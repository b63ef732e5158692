"""A directory of repositories, served by git's own programs on 127.0.0.1."""

import base64
import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.ports import free_port

SECONDS = 1_700_000_000  # when every commit was made
_WHO = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "n"), ("EMAIL", "e@x"), ("DATE", f"{SECONDS} +0000"))
}
_NOBODYS = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}


class Repository:
    """One with a working tree, which is what is served."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str, stdin: str = "") -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=self.path,
            env={**os.environ, **_NOBODYS, **_WHO},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str] = {}) -> str:
        """Write files, commit all that the index and the tree have, and return the commit."""
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text)
            self.git("add", "--force", name)
        self.git("commit", "-q", "--allow-empty", "-m", "m")
        return self.git("rev-parse", "HEAD")

    def link(self, path: str, url: str, commit: str, at: str = "") -> None:
        """Put a submodule into the index; `at` is where .gitmodules says that it is."""
        text = f'[submodule "{path}"]\n\tpath = {at or path}\n\turl = {url}\n'
        with (self.path / ".gitmodules").open("a") as file:
            file.write(text)
        self.git("add", ".gitmodules")
        self.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")


class _Handler(BaseHTTPRequestHandler):
    """`git http-backend`, as any server of CGI has it."""

    server: "_Server"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Say nothing: tests look at what comes back."""

    def _answer(self) -> None:
        said = self.headers.get("Authorization", "")
        self.server.authorizations.append(said)
        if self.server.token and said != f"basic {self.server.token}":
            self.send_error(401)
            return
        path, _, query = self.path.partition("?")
        size = int(self.headers.get("Content-Length") or 0)
        done = subprocess.run(
            ["git", "http-backend"],
            env={**os.environ, **_NOBODYS, **self._variables(path, query)},
            input=self.rfile.read(size),
            capture_output=True,
            check=True,
            timeout=120,
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _variables(self, path: str, query: str) -> dict[str, str]:
        return {
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }


class _Server(ThreadingHTTPServer):
    def __init__(self, root: Path, token: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.token = base64.b64encode(f"x-access-token:{token}".encode()).decode() if token else ""
        self.authorizations: list[str] = []


@contextmanager
def over_http(root: Path, token: str = "") -> Iterator[_Server]:
    """Yield a server of what is below `root`; with a token, for those alone who have it."""
    with _Server(root, token) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def over_git(root: Path) -> Iterator[str]:
    """Yield git://127.0.0.1:PORT of `git daemon`."""
    port = free_port()
    words = ["--export-all", f"--base-path={root}", "--listen=127.0.0.1", f"--port={port}"]
    # The daemon itself, not its parent: who is told to end does not tell its child.
    directory = subprocess.run(
        ["git", "--exec-path"], capture_output=True, check=True, text=True
    ).stdout.strip()
    with _served([f"{directory}/git-daemon", *words], port):
        yield f"git://127.0.0.1:{port}"


@contextmanager
def over_ssh(directory: Path, port: int = 0) -> Iterator[str]:
    """Yield root@127.0.0.1's ssh://…:PORT; a key for it is DIRECTORY/key."""
    port = port or free_port()
    for name in ("key", "host-key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]
        subprocess.run([*command, str(directory / name)], check=True, timeout=120)
    lines = [
        f"ListenAddress 127.0.0.1:{port}",
        f"HostKey {directory}/host-key",
        f"AuthorizedKeysFile {directory}/key.pub",
        *("PidFile none", "UsePAM no", "StrictModes no", "PermitRootLogin prohibit-password"),
    ]
    (directory / "sshd_config").write_text("\n".join(lines) + "\n")
    run = f"mkdir /run/sshd && exec /usr/sbin/sshd -D -e -f {directory}/sshd_config"
    own = ["unshare", "--mount", "sh", "-ec", f"mount -t tmpfs none /run && {run}"]
    with _served(own, port):
        yield f"ssh://root@127.0.0.1:{port}"


@contextmanager
def _served(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        env={**os.environ, **_NOBODYS},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_it_listens(process, port)
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_until_it_listens(process: subprocess.Popen[Any], port: int) -> None:
    until = time.monotonic() + 60
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=60).close()
            return
        assert process.poll() is None, process.args
        assert time.monotonic() < until, process.args
        time.sleep(0.02)
