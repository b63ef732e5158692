"""The image of the tests: busybox, made of Debian's busybox-static.

    python -m tests.images.busybox OUT.tar

writes it as `docker save` does, in both of its forms at once. The same busybox always gives the
same bytes.
"""

import json
import subprocess
import sys
from pathlib import Path

from tests.images import archives

BUSYBOX = Path("/bin/busybox")
TAG = "busybox:latest"
CREATED = "2026-01-01T00:00:00Z"
PASSWD = """\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
operator:x:37:37:operator:/var:/bin/sh
sailor:x:1000:1000:sailor:/home/sailor:/bin/sh
nobody:x:65534:65534:nobody:/home:/bin/false
"""
GROUP = """\
root:x:0:
daemon:x:1:
wheel:x:10:root,sailor
operator:x:37:
cargo:x:2000:sailor
sailor:x:1000:
nobody:x:65534:
"""
DIRECTORIES = {
    "bin": 0o755,
    "dev": 0o755,
    "etc": 0o755,
    "home": 0o755,
    "home/sailor": 0o755,
    "proc": 0o555,
    "root": 0o700,
    "sys": 0o555,
    "tmp": 0o1777,
    "usr": 0o755,
    "usr/bin": 0o755,
    "usr/sbin": 0o755,
    "var": 0o755,
}


def rootfs() -> bytes:
    """Return the tar archive of the root file system."""
    members = [
        archives.directory(name, mode, uid=1000 if "sailor" in name else 0)
        for name, mode in DIRECTORIES.items()
    ]
    members.append(archives.member("bin/busybox", _static_busybox(), mode=0o755))
    members += [archives.symlink(f"bin/{name}", "busybox", mode=0o777) for name in _applets()]
    for name, text in (("passwd", PASSWD), ("group", GROUP)):
        members.append(archives.member(f"etc/{name}", text.encode(), mode=0o644))
    return archives.tar(members)


def busybox_archive(path: Path, tag: str = TAG) -> Path:
    """Write the image to `path`, and return that."""
    layer = rootfs()
    config = {
        "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        "Cmd": ["sh"],
    }
    name = {"io.containerd.image.name": f"docker.io/library/{tag}"}
    contents = archives.oci_members([layer], name, created=CREATED, config=config)
    document = archives.config([layer], created=CREATED, config=config)
    entry = {
        "Config": archives.blob(document)[0],
        "RepoTags": [tag],
        "Layers": [archives.blob(layer)[0]],
    }
    contents.append(("manifest.json", json.dumps([entry]).encode()))
    path.write_bytes(archives.files(contents))
    return path


def _static_busybox() -> bytes:
    try:
        content = BUSYBOX.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"no {BUSYBOX}: apt-get install busybox-static") from None
    if b"/lib64/ld-linux" in content[:4096]:
        raise ValueError(f"{BUSYBOX} is not static: apt-get install busybox-static")
    return content


def _applets() -> list[str]:
    listed = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split() if name != "busybox"]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.images.busybox OUT.tar")
    busybox_archive(Path(sys.argv[1]))
