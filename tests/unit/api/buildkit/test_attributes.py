"""What a build is asked for, in BuildKit's names."""

import pytest

from seacan.api.buildkit.attributes import Directory, read
from seacan.errors import InvalidArgument, Unsupported


def test_all_that_is_acted_upon() -> None:
    asked = read(
        {
            "filename": "D",
            "target": "t",
            "build-arg:A": "b",
            "label:l": "m",
            "platform": "linux/arm64,linux/arm/v7",
            "add-hosts": "x=1.2.3.4,Y=::1",
            "shm-size": "7",
            "memory": "8",
            "ulimit": "nofile=1:2,core=3",
            "cgroup-parent": "/c",
            "force-network-mode": "host",
            "no-cache": "one,two",
            "image-resolve-mode": "pull",
            "context:image": "docker-image://busybox",
            "context:dir": "local:there",
            "context:url": "https://x/y.git",
            "context:other": "input:key",
            "local-sessionid:there": "second",
            "cache-imports": '[{"Type":"registry","Attrs":{"ref":"r"}}]',
            "cache-from": "a,b",
            "vcs:revision": "passed over",
        },
        "first",
    )
    assert asked.filename == "D"
    assert (asked.wanted.target, asked.wanted.build_args, asked.labels) == (
        "t",
        {"A": "b"},
        {"l": "m"},
    )
    assert [str(each) for each in asked.platforms] == ["linux/arm64", "linux/arm/v7"]
    assert asked.host_config == {
        "ExtraHosts": ["x:1.2.3.4", "y:::1"],
        "ShmSize": 7,
        "Memory": 8,
        "Ulimits": [
            {"Name": "nofile", "Soft": 1, "Hard": 2},
            {"Name": "core", "Soft": 3, "Hard": 3},
        ],
        "CgroupParent": "/c",
        "NetworkMode": "host",
    }
    assert (asked.uses_cache, asked.cache_off_stages, asked.pulls) == (True, ["one", "two"], True)
    assert asked.contexts.images == {"image": "busybox"}
    assert asked.contexts.directories == {"dir": Directory("there", "second")}
    assert asked.contexts.remote == {"url": "https://x/y.git"}
    assert asked.contexts.results == {"other": "key"}
    assert asked.wanted.contexts == {"image": "busybox", "dir": "", "url": "", "other": ""}
    assert [(each.type, each.attributes) for each in asked.cache_imports] == [
        ("registry", {"ref": name}) for name in ("r", "a", "b")
    ]
    assert asked.context == Directory("context", "first")


def test_what_is_so_without_a_word() -> None:
    asked = read({}, "s")
    assert (asked.filename, asked.remote, asked.uses_cache) == ("Dockerfile", "", True)
    assert not read({"no-cache": ""}, "s").uses_cache


def test_contexts_elsewhere() -> None:
    asked = read({"context": "git://x/y", "contextsubdir": "d", "dockerfilekey": "mine"}, "s")
    assert (asked.remote, asked.subdirectory, asked.has_own_dockerfile) == ("git://x/y", "d", True)
    assert asked.dockerfile == Directory("mine", "s")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shm-size", "x"),
        ("ulimit", "nofile"),
        ("ulimit", "nofile=a"),
        ("add-hosts", "x"),
        ("image-resolve-mode", "x"),
        ("cache-imports", "{"),
        ("cache-imports", "[1]"),
        ("platform", "a/b/c/d"),
    ],
)
def test_values_that_are_none(name: str, value: str) -> None:
    with pytest.raises(InvalidArgument):
        read({name: value}, "s")


def test_attestations_may_be_off() -> None:
    read({"attest:provenance": "disabled=true"}, "s")
    with pytest.raises(Unsupported, match="attest:provenance"):
        read({"attest:provenance": "mode=max"}, "s")
