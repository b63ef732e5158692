"""A virtual machine with cgroup v2: this host's files, Debian's cloud kernel, no network.

    python -m tests.vm.machine [--timeout SECONDS] [--kernel WORDS] [--systemd v1|v2]
        COMMAND [ARGUMENT…]

runs COMMAND in the guest, in the current directory and as root, streams what it prints and exits
with its status (124 when the time is up, 125 when the machine did not come up). What the guest
writes stays in its memory and is gone afterwards. With --systemd the host's systemd is the guest's
first process, with control groups of that version, and COMMAND its one service.

    host                                       guest
    virtiofsd ── / read-only ── vhost-user ──▶ overlay root, memory on top
    stdout    ◀───────────── virtio-serial 1 ── the command's output
    DIR/status ◀──────────── virtio-serial 2 ── its exit status
    DIR/console ◀─────────── ttyS0 ──────────── the kernel's messages, shown on failure
"""

import argparse
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.vm.guest_kernel import GuestKernel, guest_kernel, install_needed
from tests.vm.initramfs import initramfs

MEMORY_MIB: Final = 2048
CPUS: Final = 2
TIMED_OUT: Final = 124
DID_NOT_START: Final = 125
_SYSTEMD: Final = {"v1": 0, "v2": 1}  # whether its control groups are unified


def run(command: list[str], *, timeout_s: float, kernel_words: list[str]) -> int:
    """Run `command` in a machine of its own and return its exit status.

    `kernel_words` are added to the kernel's command line.
    """
    install_needed()
    kernel = guest_kernel()
    with tempfile.TemporaryDirectory(prefix="seacan-vm-") as text:
        directory = Path(text)
        (directory / "initramfs").write_bytes(initramfs(kernel))
        (directory / "command").write_text(_script(command))
        with _file_server(directory):
            timed_out = _boot(kernel, directory, kernel_words, timeout_s)
        return _status(directory, timed_out)


def _script(command: list[str]) -> str:
    """Return the script that the guest runs: the same directory, some of the environment."""
    kept = {name: value for name, value in os.environ.items() if name in ("HOME", "PATH")}
    environment = kept | {"TMPDIR": "/run/tmp", "LANG": "C.UTF-8", "SEACAN_VM": "1"}
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    lines = [*exports, f"cd {shlex.quote(os.getcwd())}", f"exec {shlex.join(command)}"]
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def _file_server(directory: Path) -> Iterator[None]:
    """Serve the host's / on DIR/files.sock while inside."""
    command = [
        "/usr/lib/qemu/virtiofsd",
        f"--socket-path={directory}/files.sock",
        "--rlimit-nofile=0",  # leave it: a raise needs CAP_SYS_RESOURCE
        "-o", "source=/,sandbox=chroot,cache=always",
    ]  # fmt: skip
    with (directory / "virtiofsd.log").open("wb") as log:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not (directory / "files.sock").exists():
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"vm: virtiofsd: {(directory / 'virtiofsd.log').read_text()}")
            time.sleep(0.01)
        yield
    finally:
        server.terminate()
        server.wait()


def _boot(kernel: GuestKernel, directory: Path, kernel_words: list[str], timeout_s: float) -> bool:
    """Run the machine until it switches itself off; return whether it had to be stopped."""
    words = [
        *kernel_words,
        "console=ttyS0",
        "quiet",
        "panic=-1",
        "mitigations=off",
        "random.trust_cpu=on",
        "no_timer_check",  # on a busy host the timer is late, which looks like one that is broken
    ]
    words += [f"vm.command={directory}/command", f"vm.modules={kernel.modules}"]
    command = [
        "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-machine", "q35,memory-backend=memory",
        # not kvm: a /dev/kvm that opens may still not run a guest, as on machines in a machine
        "-accel", "tcg,thread=multi",
        "-cpu", "max", "-smp", str(CPUS), "-m", str(MEMORY_MIB),
        "-object", f"memory-backend-memfd,id=memory,size={MEMORY_MIB}M,share=on",
        "-kernel", str(kernel.image), "-initrd", str(directory / "initramfs"),
        "-append", " ".join(words),
        "-serial", f"file:{directory}/console",
        "-chardev", f"socket,id=files,path={directory}/files.sock",
        "-device", "vhost-user-fs-pci,chardev=files,tag=host",
        "-device", "virtio-serial-pci",
        "-chardev", "stdio,id=output,signal=off",
        "-device", "virtserialport,nr=1,chardev=output",
        "-chardev", f"file,id=status,path={directory}/status",
        "-device", "virtserialport,nr=2,chardev=status",
    ]  # fmt: skip
    with (directory / "qemu.log").open("wb") as log:
        machine = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=log)  # never at its end
    try:
        machine.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return True
    finally:
        machine.kill()
        machine.wait()
    return False


def _status(directory: Path, timed_out: bool) -> int:
    status = directory / "status"
    if status.exists() and (text := status.read_text().strip()):
        return int(text)
    for log in ("virtiofsd.log", "qemu.log", "console"):
        path = directory / log
        if path.exists():
            print(f"vm: {log}:\n{path.read_text(errors='replace')}", file=sys.stderr)
    print("vm: the time is up" if timed_out else "vm: the machine did not start", file=sys.stderr)
    return TIMED_OUT if timed_out else DID_NOT_START


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.vm.machine")
    parser.add_argument("--timeout", type=float, default=600, metavar="SECONDS")
    parser.add_argument("--kernel", type=str.split, default=[], metavar="WORDS")
    parser.add_argument("--systemd", choices=sorted(_SYSTEMD))
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if not arguments.command:
        parser.error("which command shall run in the guest?")
    words = arguments.kernel
    if arguments.systemd:
        unified = _SYSTEMD[arguments.systemd]
        words += ["vm.init=systemd", f"systemd.unified_cgroup_hierarchy={unified}"]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and so clean up
    return run(arguments.command, timeout_s=arguments.timeout, kernel_words=words)


if __name__ == "__main__":
    sys.exit(main())
