from typing import Any

import pytest

from seacan.cli.mount_flag import read_mount


@pytest.mark.parametrize(
    ("text", "mount"),
    [
        ("dst=/a", {"Type": "volume", "Target": "/a"}),
        (
            "type=BIND,source=/tmp,destination=/a,readonly",
            {"Type": "bind", "Source": "/tmp", "Target": "/a", "ReadOnly": True},
        ),
        (
            'type=bind,"src=/tmp/a,b",dst=/a,ro=false,bind-propagation=slave',
            {
                "Type": "bind",
                "Source": "/tmp/a,b",
                "Target": "/a",
                "ReadOnly": False,
                "BindOptions": {"Propagation": "slave"},
            },
        ),
        (
            "type=bind,src=/t,dst=/a,bind-recursive=disabled",
            {
                "Type": "bind",
                "Source": "/t",
                "Target": "/a",
                "BindOptions": {"NonRecursive": True},
            },
        ),
        (
            "type=bind,src=/t,dst=/a,ro,bind-recursive=writable",
            {
                "Type": "bind",
                "Source": "/t",
                "Target": "/a",
                "ReadOnly": True,
                "BindOptions": {"ReadOnlyNonRecursive": True},
            },
        ),
        (
            "type=bind,src=/t,dst=/a,ro,bind-propagation=rprivate,bind-recursive=readonly",
            {
                "Type": "bind",
                "Source": "/t",
                "Target": "/a",
                "ReadOnly": True,
                "BindOptions": {"Propagation": "rprivate", "ReadOnlyForceRecursive": True},
            },
        ),
        (
            "type=tmpfs,dst=/a,tmpfs-size=1m,tmpfs-mode=1777",
            {
                "Type": "tmpfs",
                "Target": "/a",
                "TmpfsOptions": {"SizeBytes": 1 << 20, "Mode": 0o1777},
            },
        ),
        (
            "dst=/a,volume-nocopy,volume-label=a=b,volume-label=c,volume-driver=d,volume-opt=o=p",
            {
                "Type": "volume",
                "Target": "/a",
                "VolumeOptions": {
                    "NoCopy": True,
                    "Labels": {"a": "b", "c": ""},
                    "DriverConfig": {"Name": "d", "Options": {"o": "p"}},
                },
            },
        ),
    ],
)
def test_mounts(text: str, mount: dict[str, Any]) -> None:
    assert read_mount(text) == mount


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "EOF"),
        ("x", "invalid field 'x' must be a key=value pair"),
        ("type=bind,src=/tmp", "target is required"),
        ("dst=/a,foo=bar", "unexpected key 'foo' in 'foo=bar'"),
        ("dst=/a,ro=zz", "invalid value for ro: zz"),
        ("type=tmpfs,dst=/a,tmpfs-mode=9", "invalid value for tmpfs-mode: 9"),
        ("type=tmpfs,dst=/a,tmpfs-size=zz", "invalid value for tmpfs-size: zz"),
        (
            "type=bind,src=/t,dst=/a,volume-nocopy",
            "cannot mix 'volume-*' options with mount type 'bind'",
        ),
        (
            "type=bind,src=/t,dst=/a,bind-recursive=zz",
            "invalid value for bind-recursive: zz "
            '(must be "enabled", "disabled", "writable", or "readonly")',
        ),
        (
            "type=bind,src=/t,dst=/a,bind-recursive=readonly",
            "option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction",
        ),
    ],
)
def test_wrong_mounts_are_refused_in_dockers_words(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read_mount(text)
    assert str(caught.value) == message
