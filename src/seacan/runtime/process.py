"""The steps that make a forked child the process that config.json describes.

Both the init of a container and a process that joins it take them, in the order of the tables in
init.py and exec.py. Source: OCI runtime-spec, config.md#process.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat

from seacan.errors import Forbidden, Internal, InvalidArgument
from seacan.files import read_bounded
from seacan.kernel import capabilities, processes, procfs, rooted, signals, this_process
from seacan.runtime import failures, rlimits
from seacan.runtime.capability_sets import sets_of
from seacan.runtime.failures import CommandNotExecutable, CommandNotFound, cause
from seacan.runtime.launch import Launch
from seacan.runtime.seccomp.load import load_filter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

DEFAULT_UMASK: Final = 0o022
_NULL_DEVICE: Final = os.makedev(1, 3)
_MAX_PASSWD_BYTES: Final = 1 << 20
# KEY_POS_ALL, and for the user: view, read, search, link. linux/key.h
_KEYRING_PERMISSIONS: Final = 0x3F1B0000


def take_descriptors(launch: Launch) -> None:
    """Put stdio on 0, 1, 2, and close what else came over the fork."""
    if not launch.process.get("terminal", False):
        # Copies first: one of the three may sit on the number of another.
        copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3) for fd in launch.stdio]
        for number, fd in enumerate(copies):
            os.dup2(fd, number)
    processes.close_all_but(launch.descriptors())


def adjust_oom_score(launch: Launch) -> None:
    score = launch.process.get("oomScoreAdj")
    if score is None:
        return
    try:
        procfs.write("self/oom_score_adj", str(score))
    except OSError as err:
        # EACCES: only CAP_SYS_RESOURCE may go below what the runtime itself was started with.
        raise Internal(f"process.oomScoreAdj: set to {score}: {cause(err)}") from err


def join_cgroup(launch: Launch) -> None:
    """Be in the cgroup before there is a cgroup namespace, whose root this then is."""
    launch.cgroup.join(0)


def start_session(launch: Launch) -> None:
    """Leave the session and, unless it is to be kept, the session keyring of the caller."""
    os.setsid()
    os.umask(0)  # modes of files, directories and devices to come are meant as they are given
    if not launch.settings.no_new_keyring:
        _join_new_keyring(launch.container_id)


def _join_new_keyring(container_id: str) -> None:
    try:
        keyring = this_process.keyctl_join_session_keyring(f"_ses.{container_id}")
        this_process.keyctl_setperm(keyring, _KEYRING_PERMISSIONS)
    except OSError as err:
        if err.errno != errno.ENOSYS:  # a kernel without keys has none to keep apart
            raise


def apply_rlimits(launch: Launch) -> None:
    rlimits.apply(launch.process.get("rlimits", []))


def set_environment(launch: Launch) -> None:
    """Give HOME a value if it has none, as every runtime does: from the container's own passwd."""
    env = launch.process.setdefault("env", [])
    if not any(entry.startswith("HOME=") and entry != "HOME=" for entry in env):
        home = _home_of(launch.root_fd, launch.process.get("user", {}).get("uid", 0))
        env[:] = [entry for entry in env if entry != "HOME="] + [f"HOME={home}"]


def _home_of(root_fd: int, uid: int) -> str:
    # The file is the image's: it may be a FIFO, a device, endless or no text.
    try:
        fd = rooted.open_in_root(root_fd, "/etc/passwd", os.O_RDONLY | os.O_NONBLOCK)
        text = read_bounded(fd, _MAX_PASSWD_BYTES, "/etc/passwd").decode(errors="surrogateescape")
    except (OSError, InvalidArgument):
        return "/"
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) > 5 and fields[2] == str(uid):
            return fields[5] or "/"
    return "/"


def enter_cwd(launch: Launch) -> None:
    """Enter the working directory, and make sure that it is inside the container's root."""
    cwd = launch.process["cwd"]
    try:
        os.chdir(cwd)
        inside = os.getcwd().startswith("/")
    except OSError as err:
        text = f'chdir to cwd ("{cwd}") set in config.json failed: {cause(err)}'
        raise InvalidArgument(text) from err
    if not inside:
        raise Internal(f"chdir to cwd ({cwd!r}): outside of the container's root")


def become_user(launch: Launch) -> None:
    """Give up all groups and ids but the container's, and the bounding set beyond its own.

    The permitted set survives the change of user, for limit_capabilities to cut.
    """
    user = launch.process.get("user", {})
    uid, gid = user.get("uid", 0), user.get("gid", 0)
    give_to(uid, range(3))
    sets = launch.process.get("capabilities", {})
    capabilities.limit_bounding_set(capabilities.mask_of(sets.get("bounding", [])))
    os.umask(user.get("umask", DEFAULT_UMASK))
    try:
        _set_groups(user.get("additionalGids", []))
        os.setresgid(gid, gid, gid)
        this_process.set_keepcaps(True)
        os.setresuid(uid, uid, uid)
        this_process.set_keepcaps(False)
    except OSError as err:
        if err.errno != errno.EINVAL:
            raise
        raise InvalidArgument("process.user: an id is not mapped in the user namespace") from err


def _set_groups(gids: list[int]) -> None:
    try:
        os.setgroups(gids)
    except PermissionError as err:
        # Denied for good in a user namespace that its user made: user_namespaces(7). The groups
        # that the caller had, he keeps.
        if gids or procfs.read("self/setgroups") != b"deny\n":
            raise Forbidden("process.user.additionalGids: setgroups(2) is denied") from err


def give_to(uid: int, stdio: Iterable[int]) -> None:
    """Give the files of `stdio` to a user, who can open /dev/stdout then, which is one of them."""
    for fd in stdio:
        status = os.fstat(fd)
        if status.st_uid != uid and status.st_rdev != _NULL_DEVICE:
            try:
                os.fchown(fd, uid, -1)
            except OSError as err:
                # Of sockets, other users' pipes, read-only file systems: no reason to fail.
                if err.errno not in (errno.EINVAL, errno.EPERM, errno.EROFS):
                    raise


def limit_capabilities(launch: Launch) -> None:
    """Cut the sets to the container's, but for what loading the seccomp filter needs.

    Effective is at once what the process will have: it decides what may be executed.
    """
    effective, permitted, inheritable, _ = sets_of(launch.process)
    _, held, _ = this_process.capget()
    kept = capabilities.SYS_ADMIN & held if _needs_admin(launch) else 0
    this_process.capset(effective, permitted | kept, inheritable)


def _needs_admin(launch: Launch) -> bool:
    return launch.filter is not None and not launch.process.get("noNewPrivileges", False)


def find_executable(launch: Launch) -> None:
    """Find the executable as a shell would, with the rights that the process will have."""
    name = launch.process["args"][0]
    if "/" in name:
        if trouble := _trouble_executing(name):
            raise trouble
        launch.executable = name
        return
    search = next(
        (entry[5:] for entry in reversed(launch.process["env"]) if entry.startswith("PATH=")), ""
    )
    for directory in search.split(":") if search else []:
        path = f"{directory or '.'}/{name}"
        if _trouble_executing(path) is None:
            launch.executable = path
            return
    raise CommandNotFound(f'exec: "{name}": executable file not found in $PATH')


def _trouble_executing(path: str) -> Exception | None:
    # The sentences are those that Docker's command line knows: it makes 126 and 127 of them.
    try:
        mode = os.stat(path).st_mode
    except PermissionError:
        return CommandNotExecutable(f'exec: "{path}": stat {path}: permission denied')
    except OSError as err:
        return CommandNotFound(f'exec: "{path}": stat {path}: {cause(err)}')
    if stat.S_ISDIR(mode):
        return CommandNotExecutable(f'exec: "{path}": is a directory: permission denied')
    # Root may search and read anything, but executes only what is executable to someone.
    if not mode & 0o111 or not os.access(path, os.X_OK, effective_ids=True):
        return CommandNotExecutable(f'exec: "{path}": permission denied')
    return None


def leave_parent(launch: Launch) -> None:
    """Outlive the parent, and have execve close the descriptors from 3 on that are not preserved.

    Before the filter: a profile need not know of prctl and close_range, and old ones do not. What
    is opened later closes by itself.
    """
    this_process.set_pdeathsig(0)  # it would outlast execve; whoever started the process may go
    for fd in range(3, 3 + launch.preserve_fds):
        os.set_inheritable(fd, True)
    processes.close_on_exec_from(3 + launch.preserve_fds)


def load_seccomp(launch: Launch) -> None:
    """Load the filter and give up what was kept for it; from here on it judges every call.

    What can be done before is: a profile need not know of it.
    """
    effective, permitted, inheritable, ambient = sets_of(launch.process)
    if launch.process.get("noNewPrivileges", False):
        this_process.set_no_new_privs()
    capabilities.set_ambient(ambient)
    if launch.filter is None:
        return
    if _needs_admin(launch):
        this_process.capset(capabilities.SYS_ADMIN, permitted | capabilities.SYS_ADMIN, inheritable)
    listener = load_filter(launch.filter.program, launch.filter.flags)
    if launch.filter.has_listener:
        failures.ask(launch.pipe, f"listener {listener}")
    if _needs_admin(launch):
        this_process.capset(effective, permitted, inheritable)


def execute(launch: Launch) -> None:
    """Become the process."""
    env = dict(entry.split("=", 1) for entry in launch.process["env"])
    signals.signal(signals.SIGPIPE, signals.SIG_DFL)
    try:
        os.execve(launch.executable, launch.process["args"], env)
    except OSError as err:
        message = f"exec {launch.executable}: {cause(err)}"
    # Where the process would have written, its user looks first; the parent may be gone.
    os.write(2, f"{message}\n".encode(errors="backslashreplace"))
    raise CommandNotExecutable(message)
