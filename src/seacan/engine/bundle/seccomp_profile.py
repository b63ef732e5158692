"""Which calls a container may make: Docker's default profile, and profiles that users bring.

Either becomes the `linux.seccomp` of config.json, resolved for the capabilities of the container,
the machine and its kernel. `unconfined` is no profile at all, and not this module's business.

Source: Docker Engine's documentation of seccomp; moby/profiles, seccomp/default.json, from which a
test reads the same answers.
"""

from typing import Annotated, Final

import msgspec
from msgspec import field

from seacan.errors import InvalidArgument, Unsupported
from seacan.runtime.seccomp.compile import compile_filter
from seacan.spec.runtime import LinuxSeccomp, LinuxSeccompArg, LinuxSyscall

Kernel = tuple[int, int]

_ARCHITECTURES: Final = {
    "x86_64": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    "aarch64": ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
}

# By theme. What the kernel guards by a capability of its own may be here as well.
_ALWAYS: Final = {
    "files, directories, links": """
        access chdir chmod chown chown32 creat faccessat faccessat2 fchdir fchmod fchmodat
        fchmodat2 fchown fchown32 fchownat ftruncate ftruncate64 futimesat getcwd getdents
        getdents64 lchown lchown32 link linkat mkdir mkdirat mknod mknodat name_to_handle_at open
        openat openat2 readlink readlinkat rename renameat renameat2 rmdir symlink symlinkat
        truncate truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes
        """,
    "attributes and status": """
        cachestat fgetxattr flistxattr fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs
        fstatfs64 getxattr getxattrat lgetxattr listmount listxattr listxattrat llistxattr
        lremovexattr lsetxattr lstat lstat64 newfstatat removexattr removexattrat setxattr
        setxattrat stat stat64 statfs statfs64 statmount statx
        """,
    "descriptors": """
        close close_range copy_file_range dup dup2 dup3 epoll_create epoll_create1 epoll_ctl
        epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2
        fadvise64 fadvise64_64 fallocate fanotify_mark fcntl fcntl64 fdatasync flock fsync
        inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel ioctl io_destroy
        io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit _llseek lseek
        memfd_create memfd_secret _newselect pipe pipe2 poll ppoll ppoll_time64 pread64 preadv
        preadv2 pselect6 pselect6_time64 pwrite64 pwritev pwritev2 read readahead readv select
        sendfile sendfile64 signalfd signalfd4 splice sync sync_file_range syncfs tee
        timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64
        vmsplice write writev
        """,
    "memory": """
        brk madvise map_shadow_stack membarrier mincore mlock mlock2 mlockall mmap mmap2 mprotect
        mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect
        process_mrelease remap_file_pages
        """,
    "sockets": """
        accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom
        recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown
        socketcall socketpair
        """,
    "System V and POSIX ipc": """
        ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend
        mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop
        semtimedop_time64 shmat shmctl shmdt shmget
        """,
    "locks": """
        futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake get_robust_list rseq
        set_robust_list
        """,
    "time": """
        adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64
        clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer
        gettimeofday nanosleep setitimer time timer_create timer_delete timer_getoverrun
        timer_gettime timer_gettime64 timer_settime timer_settime64 times
        """,
    "signals": """
        kill pause pidfd_open pidfd_send_signal restart_syscall rt_sigaction rt_sigpending
        rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
        rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack sigprocmask sigreturn tgkill tkill
        """,
    "users, groups, capabilities": """
        capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32
        getresgid getresgid32 getresuid getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid
        setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32
        setresuid setresuid32 setreuid setreuid32 setuid setuid32
        """,
    "processes, limits, scheduling": """
        execve execveat exit exit_group fork getcpu getpgid getpgrp getpid getppid getpriority
        getrandom getrlimit getrusage getsid get_thread_area gettid ioprio_get ioprio_set
        landlock_add_rule landlock_create_ruleset landlock_restrict_self prctl prlimit64
        sched_getaffinity sched_getattr sched_getparam sched_get_priority_max
        sched_get_priority_min sched_getscheduler sched_rr_get_interval
        sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam
        sched_setscheduler sched_yield seccomp setpgid setpriority setrlimit setsid
        set_thread_area set_tid_address sysinfo ugetrlimit uname uretprobe vfork wait4 waitid
        waitpid
        """,
}

_ON_MACHINE: Final = {
    "x86_64": "arch_prctl modify_ldt",
    "aarch64": """
        arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2
        """,
}

_TRACING: Final = "process_vm_readv process_vm_writev ptrace"
_TRACING_IS_SAFE: Final = (4, 8)  # until then a tracer could change a call after the filter saw it

_WITH_CAPABILITY: Final = {
    "CAP_BPF": "bpf",
    "CAP_DAC_READ_SEARCH": "open_by_handle_at",
    "CAP_PERFMON": "perf_event_open",
    "CAP_SYS_ADMIN": """
        bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie
        lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount
        open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog
        umount umount2 unshare
        """,
    "CAP_SYS_BOOT": "reboot",
    "CAP_SYS_CHROOT": "chroot",
    "CAP_SYS_MODULE": "delete_module finit_module init_module",
    "CAP_SYS_NICE": "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
    "CAP_SYS_PACCT": "acct",
    "CAP_SYS_PTRACE": f"kcmp pidfd_getfd process_madvise {_TRACING}",
    "CAP_SYS_RAWIO": "ioperm iopl",
    "CAP_SYS_TIME": "clock_settime clock_settime64 settimeofday stime",
    "CAP_SYS_TTY_CONFIG": "vhangup",
    "CAP_SYSLOG": "syslog",
}

_AF_ALG: Final = 38  # linux/socket.h: the kernel's cryptography, a source of many holes
_AF_NFC: Final = 39
_AF_VSOCK: Final = 40  # the hypervisor's network, which knows no namespaces

# linux/personality.h: none, and those that change no protection; -1 asks for the present one.
_PERSONALITIES: Final = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)

_CLONE_NEW_ANY: Final = 0x7E020000  # linux/sched.h: CLONE_NEWNS, …, CLONE_NEWNET
_ENOSYS: Final = 38


# --- the default ------------------------------------------------------------------------------


def default_profile(capabilities: frozenset[str], arch: str, kernel: Kernel) -> LinuxSeccomp:
    """Return Docker's default profile: what it does not name fails with EPERM.

    `capabilities` is the bounding set of the container (CAP_*), `arch` the machine as uname(2) has
    it (x86_64, aarch64), `kernel` its version. Raises Unsupported for another machine.
    """
    if arch not in _ARCHITECTURES:
        raise Unsupported(f"seccomp: no default profile for a machine {arch}")
    names = [name for theme in _ALWAYS.values() for name in theme.split()]
    names += _ON_MACHINE[arch].split()
    if kernel >= _TRACING_IS_SAFE:
        names += _TRACING.split()
    for capability in sorted(capabilities & _WITH_CAPABILITY.keys()):
        names += _WITH_CAPABILITY[capability].split()
    calls = [_allow(*dict.fromkeys(names)), *_sockets(), *_personalities()]
    if "CAP_SYS_ADMIN" not in capabilities:
        calls += _clone_without_namespaces()
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "architectures": _ARCHITECTURES[arch],
        "syscalls": calls,
    }


def _allow(*names: str, args: list[LinuxSeccompArg] | None = None) -> LinuxSyscall:
    return {"names": list(names), "action": "SCMP_ACT_ALLOW", "args": args or []}


def _first(operator: str, value: int, value_two: int = 0) -> list[LinuxSeccompArg]:
    return [{"index": 0, "op": operator, "value": value, "valueTwo": value_two}]


def _sockets() -> list[LinuxSyscall]:
    """Any family but AF_ALG and AF_VSOCK."""
    return [
        _allow("socket", args=_first("SCMP_CMP_LT", _AF_ALG)),
        _allow("socket", args=_first("SCMP_CMP_EQ", _AF_NFC)),
        _allow("socket", args=_first("SCMP_CMP_GT", _AF_VSOCK)),
    ]


def _personalities() -> list[LinuxSyscall]:
    return [
        _allow("personality", args=_first("SCMP_CMP_EQ", persona)) for persona in _PERSONALITIES
    ]


def _clone_without_namespaces() -> list[LinuxSyscall]:
    """Allow new threads and processes, but no namespaces.

    The flags of clone3 are in memory, out of a filter's sight: with ENOSYS a C library uses clone.
    """
    return [
        _allow("clone", args=_first("SCMP_CMP_MASKED_EQ", _CLONE_NEW_ANY)),
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS, "args": []},
    ]


# --- profiles of users ------------------------------------------------------------------------

_MAX_BYTES: Final = 1 << 20
_MACHINE_IN_PROFILES: Final = {"x86_64": "amd64", "aarch64": "arm64"}

_Text = Annotated[str, msgspec.Meta(max_length=256)]
_Texts = Annotated[list[_Text], msgspec.Meta(max_length=4096)] | None


class _Architecture(msgspec.Struct):
    architecture: _Text
    sub_architectures: _Texts = field(default=None, name="subArchitectures")


class _Arg(msgspec.Struct, omit_defaults=True):
    index: int
    op: _Text
    value: int = 0
    valueTwo: int = 0


class _Filter(msgspec.Struct, rename="camel"):
    caps: _Texts = None
    arches: _Texts = None
    min_kernel: _Text | None = None


class _Call(msgspec.Struct, rename="camel"):
    action: _Text = ""
    name: _Text = ""
    names: _Texts = None
    errno_ret: int | None = None
    args: Annotated[list[_Arg], msgspec.Meta(max_length=6)] | None = None
    includes: _Filter | None = None
    excludes: _Filter | None = None


class _Profile(msgspec.Struct, rename="camel"):
    default_action: _Text = ""
    default_errno_ret: int | None = None
    architectures: _Texts = None
    arch_map: list[_Architecture] | None = None
    flags: _Texts = None
    syscalls: Annotated[list[_Call], msgspec.Meta(max_length=4096)] | None = None


def load_profile(
    data: bytes, capabilities: frozenset[str], arch: str, kernel: Kernel
) -> LinuxSeccomp | None:
    """Return the profile `data`, JSON as `--security-opt seccomp=FILE` sends it.

    None if it has neither a default action nor rules, which turns seccomp off, as with Docker.
    The other arguments are those of `default_profile`. The program is compiled here already, so
    that a profile that no kernel would take is refused by whoever asks for it.
    Raises InvalidArgument and Unsupported.
    """
    profile = _decode(data)
    if not profile.default_action and not profile.syscalls:
        return None
    result: LinuxSeccomp = {
        "defaultAction": profile.default_action,
        "architectures": _listed_architectures(profile, arch),
        "syscalls": [
            _rule(call)
            for call in profile.syscalls or []
            if _applies(call, capabilities, arch, kernel)
        ],
    }
    if profile.default_errno_ret is not None:
        result["defaultErrnoRet"] = profile.default_errno_ret
    if profile.flags is not None:
        result["flags"] = profile.flags
    compile_filter(result, arch)
    return result


def _decode(data: bytes) -> _Profile:
    if len(data) > _MAX_BYTES:
        raise InvalidArgument(f"seccomp: the profile is longer than {_MAX_BYTES} bytes")
    try:
        return msgspec.json.decode(data, type=_Profile)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidArgument(f"Decoding seccomp profile failed: {error}") from error


def _listed_architectures(profile: _Profile, arch: str) -> list[str]:
    if profile.architectures and profile.arch_map:
        raise InvalidArgument(
            "both 'architectures' and 'archMap' are specified in the seccomp profile, "
            "use either 'architectures' or 'archMap'"
        )
    native = _ARCHITECTURES.get(arch, [""])[0]
    for entry in profile.arch_map or []:
        if entry.architecture == native:
            return [native, *(entry.sub_architectures or [])]
    return profile.architectures or []


def _rule(call: _Call) -> LinuxSyscall:
    if call.name and call.names:
        raise InvalidArgument(
            "both 'name' and 'names' are specified in the seccomp profile, "
            "use either 'name' or 'names'"
        )
    rule: LinuxSyscall = {
        "names": call.names or ([call.name] if call.name else []),
        "action": call.action,
        "args": [msgspec.to_builtins(arg) for arg in call.args or []],
    }
    if call.errno_ret is not None:
        rule["errnoRet"] = call.errno_ret
    return rule


def _applies(call: _Call, capabilities: frozenset[str], arch: str, kernel: Kernel) -> bool:
    machine = _MACHINE_IN_PROFILES.get(arch, arch)
    if call.excludes and (
        machine in (call.excludes.arches or [])
        or not capabilities.isdisjoint(call.excludes.caps or [])
        or _reaches(kernel, call.excludes.min_kernel, otherwise=False)
    ):
        return False
    return call.includes is None or (
        (not call.includes.arches or machine in call.includes.arches)
        and capabilities.issuperset(call.includes.caps or [])
        and _reaches(kernel, call.includes.min_kernel, otherwise=True)
    )


def _reaches(kernel: Kernel, least: str | None, *, otherwise: bool) -> bool:
    """Compare `kernel` with `least` ("4.8"); `otherwise` if there is none."""
    if not least:
        return otherwise
    version, dot, revision = least.partition(".")
    if not (dot and _is_byte(version) and _is_byte(revision)) or least == "0.0":
        raise InvalidArgument(f'invalid kernel version: {least!r}, expected "<kernel>.<major>"')
    return kernel >= (int(version), int(revision))


def _is_byte(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text[:4]) < 256
