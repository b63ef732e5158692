"""The guest's kernel: Debian's cloud kernel, unpacked into a cache, not installed on the host."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CACHE: Final = Path(os.environ.get("SEACAN_VM_CACHE") or Path.home() / ".cache" / "seacan-vm")
META_PACKAGE: Final = "linux-image-cloud-amd64"
NEEDED: Final = {  # executable: the Debian package that has it
    "/usr/bin/qemu-system-x86_64": "qemu-system-x86",
    "/usr/lib/qemu/virtiofsd": "qemu-system-common",
    "/bin/busybox": "busybox-static",
}


@dataclass(frozen=True)
class GuestKernel:
    image: Path  # a bzImage
    modules: Path  # its /lib/modules
    release: str  # as uname -r


def guest_kernel() -> GuestKernel:
    """Return the newest kernel in the cache, fetching one when there is none."""
    return _newest() or _fetch()


def install_needed() -> None:
    """Install the host's packages that are missing, saying so in one line."""
    missing = [package for path, package in NEEDED.items() if not os.path.exists(path)]
    if not missing:
        return
    print(f"vm: apt-get install {' '.join(missing)}", file=sys.stderr)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    _apt(["apt-get", "update", "-qq"])
    _apt(install)


def _newest() -> GuestKernel | None:
    found = sorted(CACHE.glob("*/ready"), key=lambda ready: ready.stat().st_mtime)
    if not found:
        return None
    root = found[-1].parent
    image = next(root.glob("boot/vmlinuz-*"))
    return GuestKernel(image, root / "lib" / "modules", image.name.removeprefix("vmlinuz-"))


def _fetch() -> GuestKernel:
    """Unpack the package beside its final place, then rename: two fetches at once do no harm."""
    CACHE.mkdir(parents=True, exist_ok=True)
    _apt(["apt-get", "update", "-qq"])
    package = _package()
    print(f"vm: fetch {package} into {CACHE}", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".new-") as text:
        new = Path(text)
        _apt(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", package], cwd=new)
        subprocess.run(["dpkg", "-x", next(new.glob("*.deb")), new / "root"], check=True)
        release = next((new / "root" / "lib" / "modules").iterdir()).name
        depmod = ["busybox", "depmod", "-b", str(new / "root"), release]
        subprocess.run(depmod, check=True)
        (new / "root" / "ready").touch()
        if not (CACHE / package).exists():
            (new / "root").rename(CACHE / package)
    kernel = _newest()
    assert kernel is not None
    return kernel


def _package() -> str:
    """Return the package that the meta package stands for at present."""
    command = ["apt-cache", "depends", "--important", META_PACKAGE]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return next(line.split()[1] for line in answer.splitlines() if "Depends:" in line)


def _apt(command: list[str], cwd: Path | None = None) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(
        command,
        check=True,
        cwd=cwd,
        env=environment,
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
