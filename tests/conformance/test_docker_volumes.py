"""docker volume, and volumes with a name in containers. What holds for seacan holds for dockerd."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Engine

pytestmark = [pytest.mark.root, pytest.mark.conformance]

NONE = ("--network", "none")

Make = Callable[..., str]


@pytest.fixture
def make(docker: Docker) -> Iterator[Make]:
    """Make a volume of the test's own, and remove all that it has in the end."""
    count = 0

    def make(*options: str) -> str:
        nonlocal count
        count += 1
        return docker.ok("volume", "create", *options, f"{docker.name}-{count}")

    yield make
    docker.remove_containers()
    names = docker.ok("volume", "ls", "-q", "--filter", f"name={docker.name}").split()
    if names:
        docker.ok("volume", "rm", "-f", *names)


def _run(docker: Docker, script: str, *flags: str) -> str:
    return docker.ok("run", "--rm", *NONE, *flags, "busybox", "sh", "-c", script)


# --- docker volume ----------------------------------------------------------------------------


def test_create_inspect_ls_rm(docker: Docker, make: Make) -> None:
    name = make("--label", "tier=db", "--label", "flag")
    assert name == f"{docker.name}-1"
    (volume,) = json.loads(docker.ok("volume", "inspect", name))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", volume["CreatedAt"])
    assert volume["Mountpoint"].endswith(f"/volumes/{name}/_data")
    assert volume["Labels"] == {"tier": "db", "flag": ""}
    assert (volume["Driver"], volume["Scope"], volume["Options"]) == ("local", "local", None)
    assert list(volume) == [
        *["CreatedAt", "Driver", "Labels", "Mountpoint", "Name", "Options", "Scope"]
    ]
    row = docker.ok("volume", "ls", "--filter", f"name={name}").splitlines()
    assert [line.split() for line in row] == [["DRIVER", "VOLUME", "NAME"], ["local", name]]
    assert make("--label", "other=1").endswith("-2")
    assert docker.ok("volume", "rm", name) == name
    assert docker("volume", "inspect", name).err.strip() == (
        f"Error response from daemon: get {name}: no such volume"
    )


def test_a_volume_that_is_there_is_returned(docker: Docker, make: Make) -> None:
    name = make("--label", "first=1")
    assert docker.ok("volume", "create", "--label", "second=2", name) == name
    assert docker.ok("volume", "inspect", "-f", "{{json .Labels}}", name) == '{"first":"1"}'


def test_a_volume_without_a_name(docker: Docker) -> None:
    name = docker.ok("volume", "create")
    try:
        assert re.fullmatch("[0-9a-f]{64}", name)
        labels = docker.ok("volume", "inspect", "-f", "{{json .Labels}}", name)
        assert json.loads(labels) == {"com.docker.volume.anonymous": ""}
    finally:
        docker.ok("volume", "rm", name)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("create", "a"), "create a: volume name is too short, names should be at least two "
         "alphanumeric characters"),
        (("create", "a/b"), 'create a/b: "a/b" includes invalid characters for a local volume '
         'name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host '
         "directory, use absolute path"),
        (("create", "-d", "nosuch-driver", "x-y"), "create x-y: error looking up volume plugin "
         'nosuch-driver: plugin "nosuch-driver" not found'),
        (("rm", "nosuch-volume"), "get nosuch-volume: no such volume"),
        (("ls", "--filter", "nosuch=1"), "invalid filter 'nosuch'"),
        (("ls", "--filter", "dangling=x"), "invalid filter 'dangling=[x]'"),
        (("prune", "-f", "--filter", "until=1h"), "invalid filter 'until'"),
        (("prune", "-f", "--filter", "all=x"), "invalid filter 'all': strconv.ParseBool: "
         'parsing "x": invalid syntax'),
    ],
)  # fmt: skip
def test_refusals(docker: Docker, words: tuple[str, ...], error: str) -> None:
    result = docker("volume", *words)
    assert result.status == 1
    assert error in result.err


def test_a_missing_one_may_be_removed_by_force(docker: Docker) -> None:
    assert docker.ok("volume", "rm", "-f", "nosuch-volume") == "nosuch-volume"


def test_filters_of_a_list(docker: Docker, make: Make) -> None:
    first, second = make("--label", "tier=db"), make("--label", "tier=web", "--label", "x")
    docker.ok("create", *NONE, "-v", f"{second}:/v", "busybox", "true")

    def listed(*filters: str) -> list[str]:
        flags = [word for text in filters for word in ("--filter", text)]
        found = docker.ok("volume", "ls", "-q", *flags).split()
        return [name for name in found if name.startswith(docker.name)]

    assert listed("label=tier") == [first, second]
    assert listed("label=tier=web") == [second]
    assert listed("label=tier", "label=x") == [second]
    assert listed(f"name={docker.name}-1") == [first]
    assert listed("name=^nothing") == []
    assert listed("driver=local") == [first, second]
    assert listed("driver=other") == []
    assert listed("dangling=true") == [first]
    assert listed("dangling=0") == [second]


def test_a_volume_in_use_stays(docker: Docker, make: Make) -> None:
    name = make()
    first = docker.ok("create", *NONE, "-v", f"{name}:/v", "busybox", "true")
    second = docker.ok("run", "-d", *NONE, "-v", f"{name}:/v", "busybox", "sleep", "1000")
    for force in ((), ("-f",)):
        result = docker("volume", "rm", *force, name)
        assert result.status == 1
        assert f"remove {name}: volume is in use - [{first}, {second}]" in result.err
    docker.ok("rm", "-f", "-v", first, second)
    assert docker.ok("volume", "inspect", "-f", "{{.Name}}", name) == name
    assert docker.ok("volume", "rm", name) == name


def test_prune_takes_what_nobody_has(docker: Docker, make: Make) -> None:
    used, kept = make("--label", docker.name), make("--label", docker.name, "--label", "keep")
    docker.ok("create", *NONE, "-v", f"{used}:/v", "busybox", "true")
    _run(docker, "head -c 1000 /dev/zero >/v/file", "-v", f"{kept}:/v")
    mine = ("--filter", f"label={docker.name}")
    output = docker.ok("volume", "prune", "-f", *mine)
    assert output == "Total reclaimed space: 0B", "they have names"
    output = docker.ok("volume", "prune", "-f", "-a", *mine, "--filter", "label!=keep")
    assert output == "Total reclaimed space: 0B"
    output = docker.ok("volume", "prune", "-f", "-a", *mine)
    assert output.splitlines() == ["Deleted Volumes:", kept, "", "Total reclaimed space: 1kB"]


def test_prune_takes_anonymous_ones(docker: Docker) -> None:
    name = docker.ok("volume", "create", "--label", docker.name)
    output = docker.ok("volume", "prune", "-f", "--filter", f"label={docker.name}")
    assert output.splitlines()[:2] == ["Deleted Volumes:", name]


def test_system_df(docker: Docker, make: Make) -> None:
    name = make()
    _run(docker, "head -c 5000 /dev/zero >/v/a; ln /v/a /v/b", "-v", f"{name}:/v")
    docker.ok("create", *NONE, "-v", f"{name}:/v", "busybox", "true")
    shown = json.loads(docker.ok("system", "df", "-v", "--format", "json"))["Volumes"]
    (row,) = [one for one in shown if one["Name"] == name]
    assert (row["Links"], row["Size"]) == ("1", "5kB")


# --- in containers ----------------------------------------------------------------------------


def test_what_one_writes_the_next_reads(docker: Docker) -> None:
    name = f"{docker.name}-made"
    try:
        _run(docker, "echo kept >/v/file", "-v", f"{name}:/v")
        assert docker.ok("volume", "inspect", "-f", "{{.Labels}}", name) == "map[]"
        assert _run(docker, "cat /v/file", "--mount", f"type=volume,src={name},dst=/v") == "kept"
        read_only = f"type=volume,src={name},dst=/v,readonly"
        assert "Read-only" in _run(docker, "touch /v/x 2>&1; true", "--mount", read_only)
        assert "Read-only" in _run(docker, "touch /v/x 2>&1; true", "-v", f"{name}:/v:ro")
    finally:
        docker.ok("volume", "rm", "-f", name)


def test_an_empty_volume_gets_what_the_image_has_once(docker: Docker, make: Make) -> None:
    name = make()
    assert "root:" in _run(docker, "cat /etc/passwd; rm /etc/passwd", "-v", f"{name}:/etc")
    assert _run(docker, "ls /etc/passwd 2>&1; true", "-v", f"{name}:/etc").startswith("ls:")
    other = make()
    assert _run(docker, "ls -A /usr", "-v", f"{other}:/usr:nocopy") == ""
    mount = f"type=volume,src={other},dst=/usr,volume-nocopy"
    assert _run(docker, "ls -A /usr", "--mount", mount) == ""


def test_inspect_shows_its_volumes(docker: Docker, make: Make) -> None:
    name = make()
    container = docker.ok("create", *NONE, "-v", f"{name}:/v:ro", "busybox", "true")
    (mount,) = json.loads(docker.inspect(container, "{{json .Mounts}}"))
    assert mount.pop("Source").endswith(f"/volumes/{name}/_data")
    assert mount == {
        "Type": "volume",
        "Name": name,
        "Destination": "/v",
        "Driver": "local",
        "Mode": "ro",
        "RW": False,
        "Propagation": "",
    }
    assert docker.ok("ps", "-aq", "--no-trunc", "--filter", f"volume={name}") == container


def test_labels_of_a_mount_are_the_new_volumes(docker: Docker) -> None:
    name = f"{docker.name}-labels"
    mount = f"type=volume,src={name},dst=/v,volume-label=a=b,volume-label=c"
    try:
        _run(docker, "true", "--mount", mount)
        labels = docker.ok("volume", "inspect", "-f", "{{json .Labels}}", name)
        assert json.loads(labels) == {"a": "b", "c": ""}
    finally:
        docker.ok("volume", "rm", "-f", name)


def test_anonymous_ones_go_with_the_container_and_others_stay(docker: Docker, make: Make) -> None:
    name = make()
    container = docker.ok("create", *NONE, "-v", f"{name}:/v", "-v", "/w", "busybox", "true")
    template = '{{range .Mounts}}{{if eq .Destination "/w"}}{{.Name}}{{end}}{{end}}'
    anonymous = docker.inspect(container, template)
    docker.ok("rm", "-v", container)
    assert docker("volume", "inspect", anonymous).status == 1
    assert docker("volume", "inspect", name).status == 0


def test_events(docker: Docker, make: Make) -> None:
    since = f"{time.time():.6f}"
    name = make()
    container = docker.ok("run", "-d", *NONE, "-v", f"{name}:/v:ro", "busybox", "true")
    docker.ok("wait", container)
    docker.ok("rm", container)
    docker.ok("volume", "rm", name)
    lines = docker.ok(
        "events", "--since", since, "--until", f"{time.time():.6f}", "--format", "json",
        "--filter", f"volume={name}",
    )  # fmt: skip
    told = [json.loads(line) for line in lines.splitlines()]
    assert [(event["Action"], event["Actor"]["Attributes"]) for event in told] == [
        ("create", {"driver": "local"}),
        (
            "mount",
            {
                "container": container,
                "destination": "/v",
                "driver": "local",
                "propagation": "",
                "read/write": "false",
            },
        ),
        ("unmount", {"container": container, "driver": "local"}),
        ("destroy", {"driver": "local"}),
    ]


# --- parts ------------------------------------------------------------------------------------


def test_a_part_of_a_volume(docker: Docker, make: Make) -> None:
    name = make()
    script = "mkdir -p /v/a/b; echo deep >/v/a/b/file; ln -s a /v/link; ln -s / /v/out"
    _run(docker, script, "-v", f"{name}:/v")

    def part(path: str) -> str:
        return f"type=volume,src={name},dst=/w,volume-subpath={path}"

    assert _run(docker, "ls /w", "--mount", part("a/b")) == "file"
    assert _run(docker, "ls /w", "--mount", part("link/b")) == "file"
    assert _run(docker, "cat /w", "--mount", part("a/b/file")) == "deep"
    assert _run(docker, "echo more >>/w/file; cat /w/file", "--mount", part("a/b")) == "deep\nmore"
    for path, status, error in (
        ("none", 127, "/_data/none: "),
        ("none", 127, "no such file or directory"),
        ("out", 125, "path concatenation escapes the base directory"),
        ("out/etc", 125, "path concatenation escapes the base directory"),
        ("../x", 125, "subpath must be a relative path within the volume"),
    ):
        result = docker("run", "--rm", *NONE, "--mount", part(path), "busybox", "true")
        assert result.status == status
        assert error in result.err


def test_copying_from_a_part_of_a_stopped_container(
    docker: Docker, make: Make, engine: Engine
) -> None:
    if engine.daemon is None:
        pytest.skip("dockerd 28 shows the whole volume there")
    name = make()
    _run(docker, "mkdir /v/a; echo x >/v/a/file; ln -s / /v/out", "-v", f"{name}:/v")
    mount = f"type=volume,src={name},dst=/w,volume-subpath=a"
    container = docker.ok("create", *NONE, "--mount", mount, "busybox", "true")
    assert b"file" in docker.ok("cp", f"{container}:/w", "-").encode()


# --- options ----------------------------------------------------------------------------------

TMPFS = ("-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=1m,mode=0750")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("foo=x",), 'invalid option: "foo"'),
        (("type=tmpfs",), 'missing required option: "device"'),
        (("device=tmpfs",), 'missing required option: "type"'),
        (("o=x", "type=tmpfs"), 'missing required option: "device"'),
        (("size=x",), "invalid size: 'x'"),
        (("type=cifs", "device=//host:445/x"),
         "port not allowed in CIFS device URL, include 'port' in 'o='"),
    ],
)  # fmt: skip
def test_options_that_are_refused(docker: Docker, options: tuple[str, ...], error: str) -> None:
    flags = [word for option in options for word in ("-o", option)]
    result = docker("volume", "create", *flags, "some-volume")
    assert (result.status, f"create some-volume: {error}" in result.err) == (1, True)


def test_a_tmpfs_is_shared_while_somebody_has_it(docker: Docker, make: Make) -> None:
    name = make(*TMPFS)
    options = json.loads(docker.ok("volume", "inspect", "-f", "{{json .Options}}", name))
    assert options == {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,mode=0750"}
    flags = ("-v", f"{name}:/v")
    first = docker.ok(
        "run", "-d", *NONE, *flags, "busybox", "sh", "-c", "echo x >/v/file; exec sleep 1000"
    )
    script = "while ! cat /v/file 2>/dev/null; do sleep 0.1; done; grep ' /v ' /proc/mounts"
    seen, mounted = _run(docker, script, *flags).splitlines()
    assert seen == "x"
    assert mounted.startswith("tmpfs /v tmpfs ")
    assert "size=1024k,mode=750" in mounted
    docker.ok("rm", "-f", first)
    assert _run(docker, "ls -A /v", *flags) == "", "it is another one"


def test_a_directory_of_the_host(docker: Docker, make: Make, tmp_path: Path) -> None:
    name = make("-o", "type=none", "-o", f"device={tmp_path}", "-o", "o=bind")
    assert "root:" in _run(docker, "cat /etc/passwd", "-v", f"{name}:/etc")
    assert (tmp_path / "passwd").exists(), "it was empty, so it has what the image has"
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".seacan")]
    (tmp_path / "own").write_text("kept")
    docker.ok("volume", "rm", name)
    assert (tmp_path / "own").read_text() == "kept"


def test_what_cannot_be_mounted_is_told_at_the_start(docker: Docker, make: Make) -> None:
    name = make("-o", "type=none", "-o", "device=/nosuch/directory", "-o", "o=bind")
    result = docker("run", "--rm", *NONE, "-v", f"{name}:/v", "busybox", "true")
    assert result.status == 127
    assert f"/volumes/{name}/_data': failed to mount local volume: mount /nosuch/dir" in result.err
    assert "no such file or directory" in result.err


def test_a_part_of_a_tmpfs(docker: Docker, make: Make) -> None:
    name = make(*TMPFS)
    docker.ok("run", "-d", *NONE, "-v", f"{name}:/v", "busybox", "sh", "-c",
              "mkdir /v/a; echo x >/v/a/file; touch /v/done; exec sleep 1000")  # fmt: skip
    _run(docker, "while ! [ -e /v/done ]; do sleep 0.1; done", "-v", f"{name}:/v")
    part = f"type=volume,src={name},dst=/w,volume-subpath=a"
    assert _run(docker, "cat /w/file", "--mount", part) == "x"


def test_options_of_a_mount_are_the_new_volumes(docker: Docker) -> None:
    name = f"{docker.name}-options"
    mount = (
        f"type=volume,src={name},dst=/v,volume-driver=local,volume-opt=type=tmpfs,"
        "volume-opt=device=tmpfs,volume-opt=o=size=2m"
    )
    try:
        assert "size=2048k" in _run(docker, "grep ' /v ' /proc/mounts", "--mount", mount)
    finally:
        docker.ok("volume", "rm", "-f", name)


def test_prune_and_df_leave_out_what_is_mounted(docker: Docker, make: Make) -> None:
    name = make(*TMPFS, "--label", docker.name)
    docker.ok("volume", "prune", "-a", "-f", "--filter", f"label={docker.name}")
    assert docker.ok("volume", "inspect", "-f", "{{.Name}}", name) == name
    shown = json.loads(docker.ok("system", "df", "-v", "--format", "json"))["Volumes"]
    assert name not in [row["Name"] for row in shown]


def test_copying_to_a_stopped_container(docker: Docker, make: Make, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "file").write_text("copied")
    name = make("-o", "type=none", "-o", f"device={tmp_path}/there", "-o", "o=bind")
    container = docker.ok("create", *NONE, "-v", f"{name}:/v", "busybox", "true")
    docker.ok("cp", str(tmp_path / "file"), f"{container}:/v/")
    assert (tmp_path / "there/file").read_text() == "copied"
