"""What is refused: one clear sentence, the right exit status, and nothing left behind."""

from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Engine

pytestmark = [pytest.mark.root, pytest.mark.conformance]

NOBODY = "nosuchcontainer"

# What stands between `docker run` and `busybox true`, and what must be in the answer.
RUN = [
    (("-v", "relative/x:y"), "mount path must be absolute"),
    (("-v", "/tmp:relative"), "mount path must be absolute"),
    (("-v", "/tmp:/x:nosuchmode"), "invalid mode: nosuchmode"),
    (("-v", "/tmp:/"), "destination can't be '/'"),
    (("--mount", "type=bind,source=/no/such/source,target=/x"), "bind source path does not exist"),
    (("--tmpfs", "relative"), "mount path must be absolute"),
    (("-m", "1k"), "Minimum memory limit allowed is 6MB"),
    (("--memory-swap", "64m"), "always set the Memory limit when using Memoryswap limit"),
    (("-m", "64m", "--memory-swap", "32m"), "should be larger than memory limit"),
    (("--cpus", "4096"), "range of CPUs is from 0.01 to"),
    (("--cpuset-cpus", "4095"), "Requested CPUs are not available - requested 4095"),
    (("--cap-add", "NOPE"), 'unknown capability: "CAP_NOPE"'),
    (("--cap-drop", "NOPE"), 'unknown capability: "CAP_NOPE"'),
    (("--security-opt", "nope=1"), 'invalid --security-opt 2: "nope=1"'),
    (("--security-opt", "seccomp=/no/such/file"), "no such file or directory"),
    (("-u", "nosuchuser"), "unable to find user nosuchuser: no matching entries in passwd file"),
    (("-u", "0:nosuchgroup"), "unable to find group nosuchgroup: no matching entries in group"),
    (("-u", "4294967296"), "uids and gids must be in range"),
    (("-w", "relative"), "the working directory 'relative' is invalid, it needs to be an absolute"),
    (("--name", "/bad/name"), "Invalid container name (/bad/name), only"),
    (("--name", "x"), "Invalid container name (x), only"),
    (("--stop-signal", "NOPE"), "invalid signal: NOPE"),
    (("--runtime", "nope"), "unknown or invalid runtime name: nope"),
    (("--platform", "linux/s390x", "--pull", "never"), "does not match the specified platform"),
    (("--platform", "a/b/c/d"), "cannot parse platform specifier"),
    (("--network", "nosuchnetwork"), "network nosuchnetwork"),
    (("--sysctl", "kernel.nope=1"), "kernel.nope"),
    (("--log-driver", "nope"), "nope"),
    (("--badflag",), "unknown flag: --badflag"),
    (("--ulimit", "nope=1"), "invalid ulimit type: nope"),
    (("--env-file", "/no/such/file"), "no such file or directory"),
    (("--restart", "nope"), "nope"),
    (("--storage-opt", "nope=1"), "Unknown option nope"),
    (("--storage-opt", "nope"), "invalid storage option"),
]


@pytest.mark.parametrize(
    ("options", "sentence"), RUN, ids=[" ".join(options) for options, _ in RUN]
)
def test_run_refuses(docker: Docker, options: tuple[str, ...], sentence: str) -> None:
    result = docker("run", *options, "busybox", "true")
    assert result.status == 125
    assert sentence in result.err
    assert result.out in ("", *_created(docker))


def _created(docker: Docker) -> list[str]:
    """Return the ids of what stays as `created` where the refusal comes at the start."""
    listed = docker.ok("ps", "-aq", "--no-trunc", "--filter", "status=created").split()
    return [f"{container}\n" for container in listed]


@pytest.mark.parametrize(
    ("command", "status", "sentence"),
    [
        ("nosuchcommand", 127, 'exec: "nosuchcommand": executable file not found in $PATH'),
        ("/no/such/file", 127, 'exec: "/no/such/file": stat /no/such/file: no such file'),
        ("/etc", 126, 'exec: "/etc": is a directory'),
        ("/etc/passwd", 126, 'exec: "/etc/passwd": permission denied'),
    ],
)
def test_what_cannot_be_executed(docker: Docker, command: str, status: int, sentence: str) -> None:
    result = docker("run", "--name", docker.name, "busybox", command)
    assert result.status == status
    assert sentence in result.err
    state = "{{.State.Status}} {{.State.ExitCode}} {{.State.Pid}}"
    assert docker.inspect(docker.name, state) == f"created {status} 0"
    assert sentence in docker.inspect(docker.name, "{{.State.Error}}")
    where = "failed to create task for container: failed to create shim task: OCI runtime create"
    assert where in result.err
    running = docker.ok("run", "-d", "busybox", "sleep", "1000")
    in_exec = docker("exec", running, command)
    assert in_exec.status == status
    assert sentence in in_exec.out + in_exec.err


def test_a_file_in_no_executable_format(docker: Docker, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_bytes(b"\x7fELF nothing else")
    script.chmod(0o755)
    result = docker("run", "--rm", "-v", f"{script}:/script", "busybox", "/script")
    assert result.status in (125, 126, 255)
    assert "exec format error" in result.out + result.err


@pytest.mark.parametrize(
    "words",
    [
        ("start", NOBODY), ("stop", NOBODY), ("restart", NOBODY), ("kill", NOBODY),
        ("wait", NOBODY), ("rm", NOBODY), ("logs", NOBODY), ("attach", NOBODY),
        ("exec", NOBODY, "true"),
    ],
)  # fmt: skip
def test_unknown_container(docker: Docker, words: tuple[str, ...]) -> None:
    result = docker(*words)
    assert result.status == 1
    assert f"No such container: {NOBODY}" in result.err


def test_unknown_object(docker: Docker) -> None:
    result = docker("inspect", NOBODY)
    assert (result.status, result.out) == (1, "[]\n")
    assert f"No such object: {NOBODY}" in result.err


@pytest.mark.parametrize("words", [("rmi", "nosuch"), ("tag", "nosuch", "other"),
                                   ("image", "inspect", "nosuch")])  # fmt: skip
def test_unknown_image(docker: Docker, words: tuple[str, ...]) -> None:
    result = docker(*words)
    assert result.status == 1
    assert "No such image: nosuch:latest" in result.err


def test_run_of_an_unknown_image(docker: Docker) -> None:
    result = docker("run", "--pull", "never", "nosuch:1", "true")
    assert result.status == 125
    assert "No such image: nosuch:1" in result.err
    assert docker("run", "BAD").status == 125


def test_a_name_in_use(docker: Docker) -> None:
    first = docker.ok("create", "--name", docker.name, "busybox")
    result = docker("create", "--name", docker.name, "busybox")
    assert result.status == 1
    sentence = f'The container name "/{docker.name}" is already in use by container "{first}"'
    assert sentence in result.err


def test_an_ambiguous_prefix(docker: Docker) -> None:
    containers = [docker.ok("create", "busybox") for _ in range(17)]
    firsts = [container[0] for container in containers]
    prefix = next(first for first in firsts if firsts.count(first) > 1)
    assert f"multiple IDs found with provided prefix: {prefix}" in docker("start", prefix).err


@pytest.mark.parametrize("data", [b"", b"junk", b"\x1f\x8bjunk", b"x" * 2048])
def test_load_of_what_is_no_archive(docker: Docker, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(data)
    before = set(docker.ok("images", "-aq").split())
    assert docker("load", "-i", str(file)).status == 1
    assert set(docker.ok("images", "-aq").split()) == before


def test_import_of_what_is_no_archive(docker: Docker) -> None:
    assert docker("import", "-", stdin=b"x" * 2048).status == 1


def test_a_socket_where_nobody_listens(docker: Docker, tmp_path: Path) -> None:
    docker.env["DOCKER_HOST"], host = f"unix://{tmp_path}/s", docker.env["DOCKER_HOST"]
    result = docker("ps")
    docker.env["DOCKER_HOST"] = host
    assert result.status == 1
    assert f"Cannot connect to the Docker daemon at unix://{tmp_path}/s" in result.err


def test_exec_in_what_does_not_run(docker: Docker) -> None:
    container = docker.ok("create", "busybox")
    result = docker("exec", container, "true")
    assert result.status == 1
    assert f"container {container} is not running" in result.err


def test_json_that_is_none(engine: Engine) -> None:
    if engine.daemon is None:
        pytest.skip("asks seacand without a client between")
    request = engine.daemon.request
    for path, body, status in (
        ("/containers/create", {"Image": 1}, 400),
        ("/containers/create", [], 400),
        ("/containers/create", {"Image": "nosuch"}, 404),
        ("/containers/create", {"Image": "busybox", "HostConfig": {"Binds": "x"}}, 400),
        ("/containers/create?name=..", {"Image": "busybox"}, 400),
        ("/v1.99/containers/create", {"Image": "busybox"}, 400),
        ("/nosuch/path", {}, 404),
    ):
        got, answer = request("POST", path, body)
        assert got == status, (path, answer)
        assert list(answer) == ["message"], path
