from collections.abc import Callable

import pytest

from seacan.build.dockerfile import mounts
from seacan.build.dockerfile.mounts import Mount, MountType, Sharing
from seacan.errors import InvalidArgument


def same(text: str) -> str:
    return text


@pytest.mark.parametrize(
    ("written", "mount"),
    [
        ("target=/a", Mount(target="/a")),
        ("type=bind,source=x,dst=/a,rw", Mount(source="x", target="/a", is_read_only=False)),
        ("type=bind,from=b,target=a,ro=false", Mount(origin="b", target="a", is_read_only=False)),
        ("TYPE=Cache,target=/c/", Mount(MountType.CACHE, target="/c/", is_read_only=False, id="/c",
                                        sharing=Sharing.SHARED)),
        ("type=cache,target=/c,id=x,sharing=locked,readonly,mode=0700,uid=1,gid=2",
         Mount(MountType.CACHE, target="/c", id="x", sharing=Sharing.LOCKED, mode=0o700, uid=1,
               gid=2)),
        ("type=tmpfs,target=/t,size=1m",
         Mount(MountType.TMPFS, target="/t", is_read_only=False, size_bytes=1 << 20)),
        ("type=secret,id=a", Mount(MountType.SECRET, target="/run/secrets/a", id="a")),
        ("type=secret,src=a,env=A", Mount(MountType.SECRET, id="a", environment="A")),
        ("type=secret,target=/x/y", Mount(MountType.SECRET, target="/x/y", id="y")),
        ('type=secret,id=a,"target=/x,y"', Mount(MountType.SECRET, target="/x,y", id="a")),
        ("type=ssh,required", Mount(MountType.SSH, id="default", is_required=True)),
    ],
)  # fmt: skip
def test_mounts(written: str, mount: Mount) -> None:
    assert mounts.parse(written, same) == mount


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("type=bnd,target=/a", 'unsupported mount type "bnd" (did you mean bind?)'),
        ("type=cache,target=/a,sharing=lock", 'unsupported sharing value "lock" '
         "(did you mean locked?)"),
        ("targt=/a", "unexpected key 'targt' in 'targt=/a' (did you mean target?)"),
        ("target", "invalid field 'target' must be a key=value pair"),
        ("target=/a,ro=x", "invalid value for ro: x"),
        ("target=/a,size=1", "unexpected key 'size' for mount type 'bind'"),
        ("target=/a,required", "unexpected key 'required' for mount type 'bind'"),
        ("target=/a,uid=1", 'uid not allowed for "bind" type mounts'),
        ("type=tmpfs,target=/a,mode=1", 'mode not allowed for "tmpfs" type mounts'),
        ("type=cache,target=/a,mode=9", "invalid value 9 for mode"),
        ("type=cache,target=/a,uid=4294967296", "invalid value 4294967296 for uid"),
        ("type=cache,target=/a,uid=-1", "invalid value -1 for uid"),
        ("type=tmpfs,target=/a,size=x", "invalid value for size: x"),
        ("type=secret", "invalid secret mount. one of source, target required"),
        ("type=secret,id=a,src=b", "both source and id can't be set"),
        ("type=secret,id=a,from=b", "secret mount should not have a from"),
        ("type=secret,id=a,sharing=locked", "secret mount should not define sharing"),
        ("type=ssh,sharing=locked", "invalid cache sharing set for ssh mount"),
        ("target=/a,env=B", "unexpected key 'env' for mount type 'bind'"),
        ('"target', "failed to parse csv mounts: unexpected end of data"),
    ],
)  # fmt: skip
def test_errors(written: str, sentence: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        mounts.parse(written, same)
    assert str(raised.value) == sentence


def test_variables_have_values() -> None:
    expand: Callable[[str], str] = {"$t": "cache", "/c-$a": "/c-1"}.__getitem__
    mount = mounts.parse("type=$t,target=/c-$a", expand)
    assert (mount.type, mount.target, mount.id) == (MountType.CACHE, "/c-1", "/c-1")


def test_origin_is_known_without_values() -> None:
    assert mounts.origin_name("type=$t,from=a,target=/x") == "a"
    assert mounts.origin_name("target=/x") == ""
    with pytest.raises(InvalidArgument, match="'from' doesn't support variable expansion"):
        mounts.origin_name("from=$a")


@pytest.mark.parametrize(
    ("written", "directory", "target"),
    [
        ("target=.", "/src", "/src"),
        ("from=a", "/src", "/src"),
        ("type=cache,target=target/", "/src", "/src/target"),
        ("target=../x", "/src", "/x"),
        ("target=//x", "/src", "/x"),
        ("type=secret,id=a", "/src", "/run/secrets/a"),
        ("type=secret,id=a,target=a", "/src", "/src/a"),
        ("type=secret,id=a,env=A", "/src", ""),
        ("type=ssh", "/src", ""),
    ],
)
def test_a_target_is_below_the_working_directory(written: str, directory: str, target: str) -> None:
    assert mounts.below(mounts.parse(written, same), directory).target == target


@pytest.mark.parametrize("written", ["target=/", "type=cache", "target=/a/..", "target=."])
def test_the_root_is_no_target(written: str) -> None:
    with pytest.raises(InvalidArgument, match='invalid mount target "/"'):
        mounts.below(mounts.parse(written, same), "/")
