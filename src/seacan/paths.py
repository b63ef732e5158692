"""Every path that seacan keeps on disk.

Two roots of the daemon, one that a reboot leaves alone and one that it may take:

    DATA_ROOT/                     /var/lib/seacan, 0710: survives a reboot
      seacan.db                    containers, volumes, images, layers, events (SQLite, WAL)
      seacand.lock                 held by the running daemon (flock), as in EXEC_ROOT
      images/                      an OCI image layout
        oci-layout
        blobs/sha256/HEX           manifests, configs, layers as they came; 0400
        ingest/                    blobs on their way in; emptied at start
        partial/DIGEST             a download; what broke off is gone on with, for a day
      layers/N/                    one unpacked layer, N a row of seacan.db
        fs/                        its files: an overlayfs lower directory
      layers/.new-*/, .gone-*/     layers half made or half removed; emptied at start
      init                         the init of `--init`, bound into containers; 0555
      empty/                       the root of an image without layers
      containers/ID/               0710
        upper/ work/               the writable layer
        hostname hosts resolv.conf bound over the files in /etc
        ID-json.log [.1 .2 …]      what it printed (json-file), rotated; .1.gz … if compressed
        local-logs/container.log   the same, of driver `local`
        container-cached.log       the same, of a driver that sends it elsewhere
      volumes/NAME/                a volume, its name 64 hex digits if nobody gave it one
        _data/                     its files, as they are mounted
        filling/ filled/           what goes into it of an image: being copied, and whole
      volumes/.NAME/               half made or half removed: stays if it has a row
      builds/*/                    what builds work on just now; emptied at start
      build-known-hosts            keys of hosts that builds got repositories from, by ssh
      build-caches/ID/             what RUN --mount=type=cache keeps
        data/                      its files, as they are mounted
        filling/                   the same, while it is filled with what it begins as
        description
      build-contexts/NAME/         contents that a client has sent to be built with, by its key
        contents index.json
      registry/                    what `seacan registry serve` keeps, a process of its own;
                                   registry/store.py draws it

    EXEC_ROOT/                     /run/seacan, 0700: gone after a reboot, as are the processes
      seacand.lock                 held by the running daemon (flock)
      containers/ID/               the OCI bundle of a started container, and its shim's files
        config.json
        network.json               which interfaces, addresses and ports it has
        runtime/                   state of another runtime, which has it instead of runtime/ID
        rootfs/                    mount point, in the container's mount namespace only
        images/N                   a mounted image, of one that has a user namespace
        shm/                       /dev/shm, mounted, if others may join its IPC namespace
        shim.sock                  what the daemon asks the shim
        exit.json                  how the container ended, written before anyone is told
      limits/PID-START.json        a process that `seacan limit` put under limits, and its origin
      trash/                       what of containers that ended is about to be removed
      secrets/*/                   of commands of builds that run; emptied at start
      subpaths/ID/N                a part of a volume, mounted until its container has it
      runtime/ID/                  the OCI runtime's state of it, as `seacan-runtime --root` has it
        state.json
        exec.fifo                  held by the created container until it is started
        seccomp.bpf                the filter, compiled, for execs

And of whoever calls `seacan compose`, which may go at any time:

    ~/.cache/seacan/compose/DIGEST what a compose file came to (compose/model/kept_documents.py)
    ~/.cache/seacan/compose/remote/COMMIT/
                                   files of a repository of git (compose/model/git_files.py)
    ~/.cache/seacan/compose/remote/DIGEST/
                                   files of an artifact (compose/artifacts.py)
"""

from pathlib import Path
from typing import Final

import msgspec

DEFAULT_DATA_ROOT: Final = Path("/var/lib/seacan")
DEFAULT_EXEC_ROOT: Final = Path("/run/seacan")
DEFAULT_SOCKET: Final = Path("/run/seacan.sock")
DEFAULT_CONFIG_FILE: Final = Path("/etc/seacan/daemon.json")
# By registry: certificates, hosts.toml.
DEFAULT_CERTIFICATES: Final = Path("/etc/seacan/certs.d")
DOCKER_CERTIFICATES: Final = Path("/etc/docker/certs.d")
# Of the daemon on tcp, and of its clients: as `seacan tls init` makes them.
DEFAULT_TLS: Final = Path("/etc/seacan/tls")
DEFAULT_REGISTRY_ROOT: Final = DEFAULT_DATA_ROOT / "registry"


class ContainerDirectory(msgspec.Struct, frozen=True):
    """DATA_ROOT/containers/ID."""

    path: Path

    @property
    def upper(self) -> Path:
        return self.path / "upper"

    @property
    def work(self) -> Path:
        return self.path / "work"

    @property
    def hostname(self) -> Path:
        return self.path / "hostname"

    @property
    def hosts(self) -> Path:
        return self.path / "hosts"

    @property
    def resolv_conf(self) -> Path:
        return self.path / "resolv.conf"

    @property
    def log(self) -> Path:
        return self.path / f"{self.path.name}-json.log"

    @property
    def local_log(self) -> Path:
        return self.path / "local-logs" / "container.log"

    @property
    def cached_log(self) -> Path:
        return self.path / "container-cached.log"


class BundleDirectory(msgspec.Struct, frozen=True):
    """EXEC_ROOT/containers/ID."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "config.json"

    @property
    def network(self) -> Path:
        return self.path / "network.json"

    @property
    def rootfs(self) -> Path:
        return self.path / "rootfs"

    @property
    def images(self) -> Path:
        return self.path / "images"

    @property
    def shm(self) -> Path:
        return self.path / "shm"

    @property
    def exit(self) -> Path:
        return self.path / "exit.json"


class DataRoot(msgspec.Struct, frozen=True):
    path: Path

    @property
    def database(self) -> Path:
        return self.path / "seacan.db"

    @property
    def images(self) -> Path:
        return self.path / "images"

    @property
    def init(self) -> Path:
        return self.path / "init"

    @property
    def empty(self) -> Path:
        return self.path / "empty"

    @property
    def layers(self) -> Path:
        return self.path / "layers"

    @property
    def containers(self) -> Path:
        return self.path / "containers"

    @property
    def volumes(self) -> Path:
        return self.path / "volumes"

    @property
    def trash(self) -> Path:
        return self.path / "trash"

    @property
    def builds(self) -> Path:
        return self.path / "builds"

    @property
    def build_known_hosts(self) -> Path:
        return self.path / "build-known-hosts"

    @property
    def build_caches(self) -> Path:
        return self.path / "build-caches"

    @property
    def build_contexts(self) -> Path:
        return self.path / "build-contexts"

    def container(self, container_id: str) -> ContainerDirectory:
        return ContainerDirectory(self.containers / container_id)


class ExecRoot(msgspec.Struct, frozen=True):
    path: Path

    @property
    def lock(self) -> Path:
        return self.path / "seacand.lock"

    @property
    def containers(self) -> Path:
        return self.path / "containers"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def subpaths(self) -> Path:
        return self.path / "subpaths"

    @property
    def runtime(self) -> Path:
        return self.path / "runtime"

    @property
    def trash(self) -> Path:
        return self.path / "trash"

    def bundle(self, container_id: str) -> BundleDirectory:
        return BundleDirectory(self.containers / container_id)
