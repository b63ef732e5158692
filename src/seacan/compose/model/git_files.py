"""Compose files in repositories of git: the host's git fetches one commit into the user's cache.

    ls-remote ─▶ commit ─▶ fetch, of that commit alone ─▶ checkout into .new-… ─▶ CACHE/COMMIT

git is the user's, with the settings and credentials that it has, but runs no hooks, asks nobody,
and speaks the protocols of git_urls.py alone. A commit that is in the cache is not fetched again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile

from seacan.errors import InvalidArgument, NotFound, Unavailable
from seacan.spec.git_urls import PROTOCOLS, commit_of, is_commit, without_secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.spec.git_urls import Repository

_SETTINGS = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
    *("-c", "fetch.recurseSubmodules=false"),
    *("-c", "submodule.recurse=false"),
    *("-c", "http.lowSpeedLimit=1"),  # a server that is silent for
    *("-c", "http.lowSpeedTime=120"),  # so many seconds has gone
)
_SSH = "ssh -o ControlMaster=no -o BatchMode=yes"
_SAID_BYTES = 2000


def checked_out(repository: Repository, cache: str, *, fetches: bool) -> str:
    """Return the directory that has the files of the commit that is meant.

    Without `fetches`, what is not in the cache is not there. Raises InvalidArgument, NotFound,
    Unavailable with git's words.
    """
    commit = repository.ref
    if not is_commit(commit):
        if not fetches:
            raise NotFound(f"{repository.shown}: not looked up")
        commit = _resolved(repository)
    repository.check(commit)
    directory = os.path.join(cache, commit)
    if not os.path.isdir(directory):
        if not fetches:
            raise NotFound(f"{repository.shown}: not fetched")
        _fetch(repository, commit, directory)
    return directory


def _resolved(repository: Repository) -> str:
    ref = repository.ref or "HEAD"
    listed = _git("ls-remote", "--quiet", "--", repository.remote, ref, f"{ref}^{{}}")
    commit = commit_of(listed, ref)
    if not commit:
        raise InvalidArgument(f"repository does not contain ref {ref}: {repository.shown}")
    return commit


def _fetch(repository: Repository, commit: str, directory: str) -> None:
    """Have the files of `commit` in `directory`, all or none of them."""
    os.makedirs(os.path.dirname(directory), mode=0o700, exist_ok=True)
    new = tempfile.mkdtemp(prefix=".new-", dir=os.path.dirname(directory))
    try:
        _git("init", "--quiet", "--template=", new)
        fetch = ("fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules")
        _git(*fetch, "--", repository.remote, commit, directory=new)
        _git("checkout", "--quiet", "--detach", commit, directory=new)
        os.rename(new, directory)
    except OSError as err:
        if not os.path.isdir(directory):  # else another run was faster
            raise Unavailable(f"keep {repository.shown}: {err.strerror}") from err
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _git(*words: str, directory: str | None = None) -> str:
    """Run git to its end; return what it prints. Raises Unavailable with what it says."""
    try:
        done = subprocess.run(
            ["git", *_SETTINGS, *words],
            cwd=directory,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            start_new_session=True,  # without a terminal to ask at
            check=False,
        )
    except OSError as err:
        raise Unavailable(f"git: {err.strerror}") from err
    if done.returncode:
        said = without_secret(done.stderr[-_SAID_BYTES:].decode(errors="replace"))
        text = "; ".join(line.strip() for line in said.splitlines() if line.strip())
        raise Unavailable(f"git {words[0]}: {text or f'status {done.returncode}'}")
    return done.stdout.decode(errors="surrogateescape")


def _environment() -> dict[str, str]:
    # Variables that point git at a repository are those of a hook that compose is run by.
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    kept = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_ASKPASS")
    own |= {name: os.environ[name] for name in kept if name in os.environ}
    own |= {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": ":".join(PROTOCOLS), "LC_ALL": "C"}
    if "GIT_SSH" not in own:
        own.setdefault("GIT_SSH_COMMAND", _SSH)
    return own
