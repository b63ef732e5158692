import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from seacan.images import tar_writer
from seacan.images.sparse import Segment
from seacan.images.tar import Kind, Member, TarReader

names = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=300
).filter(lambda name: name.strip("/") == name)
numbers = st.integers(0, 2**32 - 2)


@st.composite
def members(draw: st.DrawFn) -> Member:
    kind = draw(st.sampled_from(Kind))
    is_link = kind in (Kind.HARD_LINK, Kind.SYMBOLIC_LINK)
    is_device = kind in (Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE)
    size_bytes = draw(st.integers(0, 2000)) if kind is Kind.FILE else 0
    return Member(
        name=draw(names),
        kind=kind,
        mode=draw(st.integers(0, 0o7777)),
        uid=draw(numbers),
        gid=draw(numbers),
        mtime_ns=draw(st.integers(-(2**32), 2**33)) * 10**9,
        size_bytes=size_bytes,
        link=draw(names) if is_link else "",
        device=(draw(st.integers(0, 4095)), draw(st.integers(0, 2**20))) if is_device else (0, 0),
        xattrs=draw(st.dictionaries(st.sampled_from(["user.a", "user.b"]), st.binary(min_size=1))),
        segments=(Segment(0, size_bytes),) if size_bytes else (),
    )


def archive(entries: list[Member]) -> bytes:
    parts = []
    for member in entries:
        stored = sum(segment.length for segment in member.segments)
        parts += [tar_writer.head(member), b"x" * stored, tar_writer.padding(stored)]
    return b"".join(parts) + tar_writer.END


@given(st.lists(members(), max_size=4))
def test_what_is_written_is_read(entries: list[Member]) -> None:
    reader = TarReader(io.BytesIO(archive(entries)))
    found = []
    for member in reader:
        content = b"".join(iter(lambda: reader.read(1 << 20), b""))
        assert content == b"x" * member.size_bytes
        found.append(member)
    for member, expected in zip(found, entries, strict=True):
        for field in ("name", "kind", "mode", "uid", "gid", "mtime_ns", "link", "device", "xattrs"):
            assert getattr(member, field) == getattr(expected, field), field
        assert member.size_bytes == expected.size_bytes


@given(st.lists(members(), max_size=4))
def test_what_is_written_is_read_by_others(entries: list[Member]) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive(entries))) as tar:
        infos = tar.getmembers()
    for info, member in zip(infos, entries, strict=True):
        assert (info.name, info.mode, info.uid) == (member.name, member.mode, member.uid)
        assert (info.linkname, info.size) == (member.link, member.size_bytes)


def test_a_file_with_holes_has_its_parts_alone() -> None:
    parts = (Segment(4096, 3), Segment(1 << 40, 2))
    member = Member("big", Kind.FILE, 0o644, 1, 2, 0, size_bytes=1 << 41, segments=parts)
    data = archive([member])
    assert len(data) == 7 * 512
    (found,) = TarReader(io.BytesIO(data))
    assert (found.name, found.size_bytes, found.segments) == ("big", 1 << 41, parts)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        info = tar.getmember("big")
        assert info.size == 1 << 41


def test_a_long_name_in_two_parts_needs_no_record() -> None:
    name = "d" * 120 + "/" + "n" * 90 + "/"
    member = Member(name, Kind.DIRECTORY, 0o755, 0, 0, 0)
    assert len(tar_writer.head(member)) == 512
    (found,) = TarReader(io.BytesIO(archive([member])))
    assert found.name == name
