"""volume create, ls, inspect, rm, prune: what is asked, and what is printed."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.test_run import done
from tests.unit.client.scripted import reply, scripted_daemon

VOLUME = {
    "CreatedAt": "2026-11-24T01:33:18Z",
    "Driver": "local",
    "Labels": {"b": "2", "a": "1"},
    "Mountpoint": "/volumes/data/_data",
    "Name": "data",
    "Options": None,
    "Scope": "local",
}
OTHER = VOLUME | {"Name": "app", "Labels": None}


def test_create(tmp_path: Path) -> None:
    with scripted_daemon(tmp_path, **{"POST /volumes/create": reply(json.dumps(VOLUME))}) as daemon:
        words = ("-d", "other", "--label", "a=1", "--label", "b", "-o", "type=nfs", "data")
        assert done(daemon.host, "volume", "create", *words)[:2] == (0, b"data\n")
        assert json.loads(daemon.requests[-1].body) == {
            "Name": "data",
            "Driver": "other",
            "DriverOpts": {"type": "nfs"},
            "Labels": {"a": "1", "b": ""},
        }
        done(daemon.host, "volume", "create")
        assert json.loads(daemon.requests[-1].body) == {
            "Name": "",
            "Driver": "local",
            "DriverOpts": None,
            "Labels": None,
        }


@pytest.mark.parametrize(
    ("flags", "out"),
    [
        ([], b"DRIVER    VOLUME NAME\nlocal     app\nlocal     data\n"),
        (["-q"], b"app\ndata\n"),
    ],
)
def test_ls(tmp_path: Path, flags: list[str], out: bytes) -> None:
    listed = reply(json.dumps({"Volumes": [VOLUME, OTHER], "Warnings": None}))
    with scripted_daemon(tmp_path, **{"GET /volumes": listed}) as daemon:
        assert done(daemon.host, "volume", "ls", *flags, "-f", "dangling=1")[:2] == (0, out)
        assert daemon.requests[-1].query == "filters=%7B%22dangling%22%3A%5B%221%22%5D%7D"


def test_ls_as_json(tmp_path: Path) -> None:
    listed = reply(json.dumps({"Volumes": [VOLUME], "Warnings": None}))
    with scripted_daemon(tmp_path, **{"GET /volumes": listed}) as daemon:
        _, out, _ = done(daemon.host, "volume", "list", "--format", "json")
    assert json.loads(out) == {
        "Availability": "N/A",
        "Driver": "local",
        "Group": "N/A",
        "Labels": "a=1,b=2",
        "Links": "N/A",
        "Mountpoint": "/volumes/data/_data",
        "Name": "data",
        "Scope": "local",
        "Size": "N/A",
        "Status": "N/A",
    }


def test_inspect(tmp_path: Path) -> None:
    with scripted_daemon(tmp_path, **{"GET /volumes/data": reply(json.dumps(VOLUME))}) as daemon:
        for words in (("volume", "inspect", "data"), ("inspect", "data")):
            code, out, _ = done(daemon.host, *words)
            assert (code, json.loads(out)) == (0, [VOLUME])
        code, out, _ = done(daemon.host, "volume", "inspect", "nope")
        assert (code, out) == (1, b"[]\n")


def test_rm(tmp_path: Path) -> None:
    gone = b"HTTP/1.1 204 No Content\r\n\r\n"
    with scripted_daemon(tmp_path, **{"DELETE /volumes/data": gone}) as daemon:
        assert done(daemon.host, "volume", "rm", "-f", "data")[:2] == (0, b"data\n")
        assert daemon.requests[-1].query == "force=1"
        assert done(daemon.host, "volume", "rm", "data", "nope")[:2] == (1, b"data\n")


def test_prune(tmp_path: Path) -> None:
    pruned = reply('{"VolumesDeleted":["a","b"],"SpaceReclaimed":1500}')
    with scripted_daemon(tmp_path, **{"POST /volumes/prune": pruned}) as daemon:
        code, out, _ = done(daemon.host, "volume", "prune", "-f", "-a")
        assert (code, out) == (0, b"Deleted Volumes:\na\nb\n\nTotal reclaimed space: 1.5kB\n")
        assert daemon.requests[-1].query == "filters=%7B%22all%22%3A%5B%22true%22%5D%7D"
        count = len(daemon.requests)
        code, out, _ = done(daemon.host, "volume", "prune", given=b"n\n")
        assert code == 0
        assert out.startswith(
            b"WARNING! This will remove anonymous local volumes not used by at least one container."
        )
        assert "POST /v1.51/volumes/prune" not in daemon.asked()[count:]
        assert done(daemon.host, "volume", "prune", "-a", "--filter", "all=1")[0] == 1


# --- beyond Docker ----------------------------------------------------------------------------


def test_rename_and_clone(tmp_path: Path) -> None:
    replies = {
        "POST /volumes/data/rename": b"HTTP/1.1 204 No Content\r\n\r\n",
        "POST /volumes/data/clone": reply(json.dumps(OTHER)),
    }
    with scripted_daemon(tmp_path, **replies) as daemon:
        assert done(daemon.host, "volume", "rename", "data", "app")[:2] == (0, b"")
        assert daemon.requests[-1].query == "name=app"
        assert done(daemon.host, "volume", "clone", "data", "app")[:2] == (0, b"app\n")
        assert daemon.requests[-1].query == "name=app"


def test_export_and_import(tmp_path: Path) -> None:
    replies = {
        "GET /volumes/data/export": reply("tar", media_type="application/x-tar"),
        "POST /volumes/app/import": reply(json.dumps(OTHER)),
    }
    with scripted_daemon(tmp_path, **replies) as daemon:
        archive = tmp_path / "archive.tar"
        assert done(daemon.host, "volume", "export", "data")[:2] == (0, b"tar")
        assert done(daemon.host, "volume", "export", "-o", str(archive), "data")[:2] == (0, b"")
        assert archive.read_bytes() == b"tar"
        words = ("volume", "import", "--label", "a=1", "--label", "b", "app", str(archive))
        assert done(daemon.host, *words)[:2] == (0, b"app\n")
        assert daemon.requests[-1].query == "label=a%3D1&label=b"
        assert b"tar" in daemon.requests[-1].body
        assert done(daemon.host, "volume", "import", "app", str(tmp_path / "none"))[0] == 1
