import ctypes  # noqa: TID251 calls that our own types do not let through
import errno
import os
import signal
import socket
from collections.abc import Callable

import pytest

from seacan.engine.bundle.seccomp_profile import default_profile
from seacan.kernel import syscalls, this_process
from seacan.runtime.seccomp.compile import compile_filter
from seacan.runtime.seccomp.load import filter_flags, load_filter
from seacan.spec.runtime import LinuxSeccomp

pytestmark = pytest.mark.root

MACHINE = os.uname().machine
SYSCALL = ctypes.CDLL(None, use_errno=True).syscall


def under(profile: LinuxSeccomp, act: Callable[[], int], *, privileges: bool = True) -> int:
    """The exit status of a child that acts under `profile`; negative if a signal ended it."""
    program, flags = compile_filter(profile, MACHINE), filter_flags(profile)
    child = os.fork()
    if child == 0:
        status = 99
        try:
            if not privileges:
                this_process.capset(0, 0, 0)
                this_process.set_no_new_privs()
            load_filter(program, flags)
            status = act()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def number_of(call: Callable[[], object]) -> int:
    """The errno of `call`, 0 if there is none."""
    try:
        call()
    except OSError as error:
        return error.errno or 0
    return 0


def raw(number: int, *args: int) -> Callable[[], int]:
    def act() -> int:
        return ctypes.get_errno() if SYSCALL(number, *args) < 0 else 0

    return act


def default() -> LinuxSeccomp:
    return default_profile(frozenset(), MACHINE, (5, 10))


def test_the_default_profile_lets_ordinary_work_through() -> None:
    def act() -> int:
        with socket.socket() as connection:
            connection.bind(("127.0.0.1", 0))
        child = os.fork()
        if child == 0:
            os._exit(7)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert under(default(), act) == 7
    assert under(default(), act, privileges=False) == 7


def test_the_filter_answers_before_the_kernel_looks() -> None:
    assert under(default(), lambda: number_of(lambda: syscalls.unshare(0x20000))) == errno.EPERM
    bad_pointer = lambda: number_of(lambda: syscalls.mount(None, "/nowhere", None))  # noqa: E731
    assert under(default(), bad_pointer) == errno.EPERM


def test_clone3_and_unknown_calls_do_not_exist() -> None:
    assert under(default(), raw(435, 0, 0)) == errno.ENOSYS
    assert under(default(), raw(600)) == errno.ENOSYS


def test_vsock_is_refused() -> None:
    def act() -> int:
        return number_of(lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM))

    assert under(default(), act) == errno.EPERM


def test_an_errno_of_ones_own() -> None:
    profile: LinuxSeccomp = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["getcwd"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EXDEV}],
    }
    assert under(profile, lambda: number_of(os.getcwd)) == errno.EXDEV


def test_kill_process() -> None:
    profile: LinuxSeccomp = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["getcwd"], "action": "SCMP_ACT_KILL_PROCESS"}],
    }
    assert under(profile, lambda: number_of(os.getcwd)) == -signal.SIGSYS


def test_without_privileges_the_kernel_refuses() -> None:
    program = compile_filter(default(), MACHINE)
    child = os.fork()
    if child == 0:
        this_process.capset(0, 0, 0)
        os._exit(number_of(lambda: load_filter(program, 0)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == errno.EACCES


@pytest.mark.skipif(MACHINE != "x86_64", reason="x32 is a part of x86-64")
def test_x32_calls_are_filtered() -> None:
    profile = default()
    assert under(profile, raw(0x40000000 | 272, 0)) == errno.EPERM  # unshare
    profile["architectures"] = ["SCMP_ARCH_X86_64"]
    assert under(profile, raw(0x40000000 | 272, 0)) == -signal.SIGSYS
