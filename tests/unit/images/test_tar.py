import contextlib
import io
import tarfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.images import archives

from seacan.errors import InvalidArgument
from seacan.images.tar import HEADER_LIMIT_BYTES, Kind, TarReader

names = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=300
).filter(lambda name: not name.endswith("/"))
ids = st.integers(0, 2**32 - 2)
formats = st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
KINDS = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.SYMTYPE: Kind.SYMBOLIC_LINK,
    tarfile.LNKTYPE: Kind.HARD_LINK,
    tarfile.FIFOTYPE: Kind.FIFO,
    tarfile.CHRTYPE: Kind.CHARACTER_DEVICE,
    tarfile.BLKTYPE: Kind.BLOCK_DEVICE,
}


def read(archive: bytes) -> list[Any]:
    reader = TarReader(io.BytesIO(archive))
    return [(member, reader.read(1 << 30)) for member in reader]


@st.composite
def members(draw: st.DrawFn) -> tuple[tarfile.TarInfo, bytes]:
    kind = draw(st.sampled_from(sorted(KINDS)))
    content = draw(st.binary(max_size=1500)) if kind == tarfile.REGTYPE else b""
    return archives.member(
        draw(names),
        content,
        type=kind,
        linkname=draw(names) if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else "",
        mode=draw(st.integers(0, 0o7777)),
        uid=draw(ids),
        gid=draw(ids),
        mtime=draw(st.integers(-(2**33), 2**33)),
        devmajor=draw(st.integers(0, 4095)),
        devminor=draw(st.integers(0, 2**20)),
    )


@given(st.lists(members(), max_size=5), formats)
def test_what_tarfile_writes_is_read(entries: Any, format: int) -> None:
    found = read(archives.tar(entries, format))
    assert len(found) == len(entries)
    for (member, content), (info, expected) in zip(found, entries, strict=True):
        assert member.name.rstrip("/") == info.name.rstrip("/")
        assert (member.kind, content) == (KINDS[info.type], expected)
        assert (member.mode, member.uid, member.gid) == (info.mode, info.uid, info.gid)
        assert member.mtime_ns == info.mtime * 10**9
        assert member.link == info.linkname
        if info.type in (tarfile.CHRTYPE, tarfile.BLKTYPE):
            assert member.device == (info.devmajor, info.devminor)


@given(st.lists(members(), min_size=1, max_size=3), formats, st.data())
def test_garbage_is_read_or_refused_but_nothing_else(
    entries: Any, format: int, data: st.DataObject
) -> None:
    archive = bytearray(archives.tar(entries, format))
    for _ in range(data.draw(st.integers(1, 4))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InvalidArgument):
        read(bytes(archive[: data.draw(st.integers(0, len(archive)))]))


def test_content_that_is_not_read_is_skipped() -> None:
    reader = TarReader(io.BytesIO(archives.tar([archives.member(n, b"x" * 700) for n in "abc"])))
    found = []
    for member in reader:
        found.append(member.name + reader.read(3).decode())
    assert found == ["axxx", "bxxx", "cxxx"]


def test_old_names_in_two_parts_and_old_directories() -> None:
    long = "d" * 90 + "/" + "n" * 90
    old = archives.member("old/", type=tarfile.AREGTYPE)
    archive = archives.tar([archives.member(long, b""), old], tarfile.USTAR_FORMAT)
    assert [(m.name, m.kind) for m, _ in read(archive)] == [
        (long, Kind.FILE),
        ("old/", Kind.DIRECTORY),
    ]


def test_bytes_that_are_no_text_survive() -> None:
    name = b"caf\xe9\xff".decode(errors="surrogateescape")
    archive = archives.tar([archives.member(name)], tarfile.GNU_FORMAT)
    assert read(archive)[0][0].name.encode(errors="surrogateescape") == b"caf\xe9\xff"


def pax(records: dict[str, str], name: str = "x") -> bytes:
    return archives.tar([archives.member(name, b"", pax_headers=records)])


def test_pax_records() -> None:
    archive = pax(
        {
            "path": "other",
            "mtime": "-1.5",
            "uid": "4000000000",
            "SCHILY.xattr.user.a": "v",
            "comment": "ignored",
        }
    )
    member = read(archive)[0][0]
    assert (member.name, member.mtime_ns, member.uid) == ("other", -1_500_000_000, 4_000_000_000)
    assert member.xattrs == {"user.a": b"v"}


def test_global_headers_say_nothing() -> None:
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"path": "global"}
    ) as archive:
        archive.addfile(tarfile.TarInfo("own"))
    assert read(buffer.getvalue())[0][0].name == "own"


def raw_pax(body: bytes) -> bytes:
    """Return a pax header with `body`, and a file after it."""
    extension = archives.tar([archives.member("x", body, type=b"x")], tarfile.USTAR_FORMAT)
    return extension[: 512 + len(body) + -len(body) % 512] + pax({})


@pytest.mark.parametrize(
    "body",
    [
        b"5 a=b\n",  # wrong length
        b"99 a=b\n",
        b"0 a=b\n",
        b"-6 a=b\n",
        b"+6 a=b\n",
        b"6_0 a=b\n",
        b"6 a=bX",
        b"5 =b\n",
        b"6 abc\n",
        b"7 a\0=b\n",
        b"12 path=a\0b\n",
        b"9 uid=x\n",
        b"18 uid=4294967295\n",
        b"11 size=-1\n",
        b"30 size=99999999999999999999\n",
        b"a=b\n",
    ],
)
def test_bad_pax_headers_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidArgument, match=r"^malformed tar archive: "):
        read(raw_pax(body))


def test_a_pax_bomb_is_refused_before_it_is_read() -> None:
    # CVE-2018-8098's class: a header that says it has gigabytes; nothing of it is read.
    info = archives.member("x", b"")[0]
    info.type = b"x"
    info.size = HEADER_LIMIT_BYTES + 1
    archive = info.tobuf(tarfile.USTAR_FORMAT)
    with pytest.raises(InvalidArgument, match="a header of 1048577 bytes"):
        read(archive)


@pytest.mark.parametrize(("kind", "size"), [(b"x", 20_000), (b"L", 20_000), (b"K", 0)])
def test_headers_before_one_member_do_not_add_up_in_memory(kind: bytes, size: int) -> None:
    # As gzip takes them they are next to nothing: 800 KiB of an upload became 1.5 GiB here.
    record = b"%d c=" % size
    body = record + b"a" * (size - len(record) - 1) + b"\n" if size else b""
    info, _ = archives.member("x", body)
    info.type = kind
    one = info.tobuf(tarfile.USTAR_FORMAT) + body + b"\0" * (-size % 512)
    stream = io.BytesIO(one * (1 + HEADER_LIMIT_BYTES // (size or 512)))
    with pytest.raises(InvalidArgument, match="over the limit of 1048576"):
        list(TarReader(stream))


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (b"junk", "it ends within a header"),
        (b"j" * 512, "bad checksum"),
        (b"\0" * 511 + b"x", "invalid tar header"),
        (archives.tar([archives.member("a", b"x" * 600)])[:600], "it ends within a member"),
        (archives.tar([archives.member("a", b"x" * 600)])[:1100], "it ends within a member"),
        (archives.tar([archives.member("a", b"x" * 600)])[:1113], "it ends within a member"),
        (pax({"comment": "x"})[:1024], "it ends after an extension header"),
        (archives.tar([archives.member("a", type=b"V")]), "of unknown type b'V'"),
    ],
)
def test_malformed_archives(archive: bytes, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        read(archive)


def test_an_archive_may_be_empty_or_lack_its_end() -> None:
    assert read(b"") == []
    assert read(b"\0" * 512) == []
    assert len(read(archives.tar([archives.member("a", b"x" * 512)])[:1024])) == 1


def test_the_last_block_may_lack_its_padding() -> None:
    # As in what the docker CLI sends for `build -f` of a Dockerfile that is not in the context.
    ((member, content),) = read(archives.tar([archives.member("a", b"x" * 600)])[:1112])
    assert (member.name, content) == ("a", b"x" * 600)
