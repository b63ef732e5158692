from pathlib import Path

from seacan.hood.file_system import _layers, _mount


def test_a_line_of_mountinfo() -> None:
    assert _mount(
        "36 35 98:0 /a\\040b /mnt\\040x rw,noatime master:1 - ext4 /dev/x rw,dirsync"
    ) == {
        "Target": "/mnt x",
        "Type": "ext4",
        "Source": "/dev/x[/a b]",
        "Options": ["rw", "noatime"],
        "FileSystemOptions": ["rw", "dirsync"],
    }
    assert _mount("36 35 0:5 / / rw - proc proc rw")["Source"] == "proc"


def test_layers_are_those_of_the_image_counted_from_the_lowest() -> None:
    root = Path("/data")
    assert _layers("layers/3/fs:layers/2/fs", ["sha256:low", "sha256:high"], root) == [
        {"Directory": "/data/layers/3/fs", "DiffId": "sha256:high"},
        {"Directory": "/data/layers/2/fs", "DiffId": "sha256:low"},
    ]


def test_what_an_engine_adds_on_top_is_no_layer_of_the_image() -> None:
    found = _layers("/o/x-init:/o/b:/o/a", ["low", "high"], None)
    assert [layer["DiffId"] for layer in found] == ["", "high", "low"]


def test_no_overlay_has_no_layers() -> None:
    assert _layers("", ["low"], None) == []
