import io
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.images import archives

from seacan.errors import InvalidArgument
from seacan.images.tar import Member, TarReader

MIB = 1 << 20
gnu_tar = pytest.mark.skipif(shutil.which("tar") is None, reason="no GNU tar here")


def whole(member: Member, data: bytes) -> bytes:
    content = bytearray(member.size_bytes)
    for offset, length in member.segments:
        content[offset : offset + length], data = data[:length], data[length:]
    return bytes(content)


@gnu_tar
@pytest.mark.parametrize(
    "options",
    [
        ["--format=gnu"],
        ["--format=posix", "--sparse-version=0.0"],
        ["--format=posix", "--sparse-version=0.1"],
        ["--format=posix", "--sparse-version=1.0"],
    ],
)
@pytest.mark.parametrize("parts", [0, 1, 3, 30])
def test_what_gnu_tar_writes_is_read(tmp_path: Path, options: list[str], parts: int) -> None:
    with open(tmp_path / "sparse", "wb") as file:
        for part in range(parts):
            file.seek(part * MIB // 8)
            file.write(b"%04d" % part * 1000)
        file.truncate(4 * MIB)
    (tmp_path / "after").write_text("after")
    archive = subprocess.run(
        ["tar", "-C", tmp_path, "-cS", *options, "sparse", "after"], capture_output=True, check=True
    ).stdout
    assert len(archive) < MIB
    reader = TarReader(io.BytesIO(archive))
    found = {member.name: whole(member, reader.read(4 * MIB)) for member in reader}
    assert found == {"sparse": (tmp_path / "sparse").read_bytes(), "after": b"after"}


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ({"GNU.sparse.map": "0,1,2"}, "bad number"),
        ({"GNU.sparse.map": "0,1,2", "GNU.sparse.size": "9"}, "half a pair"),
        ({"GNU.sparse.map": "4,1,0,1", "GNU.sparse.size": "9"}, "out of order"),
        ({"GNU.sparse.map": "8,2", "GNU.sparse.size": "9"}, "out of order"),
        ({"GNU.sparse.map": "0,1", "GNU.sparse.size": "9"}, "does not fit its size"),
        ({"GNU.sparse.map": "0,-1", "GNU.sparse.size": "9"}, "bad number"),
        ({"GNU.sparse.map": "0,1", "GNU.sparse.size": str(2**63)}, "out of range"),
        ({"GNU.sparse.map": "0,0," * 70000 + "0,2", "GNU.sparse.size": "9"}, "over 65536 parts"),
        ({"GNU.sparse.major": "1", "GNU.sparse.realsize": "9"}, "a map of holes without an end"),
    ],
)
def test_bad_maps_are_refused(records: dict[str, str], message: str) -> None:
    archive = archives.tar([archives.member("x", b"xx", pax_headers=records)])
    with pytest.raises(InvalidArgument, match=message):
        list(TarReader(io.BytesIO(archive)))


@pytest.mark.parametrize("content", [b"x" * 512, b"99999999\n" * 60, b"3\n1\n2\n" + bytes(506)])
def test_bad_maps_in_the_content_are_refused(content: bytes) -> None:
    records = {"GNU.sparse.major": "1", "GNU.sparse.realsize": "9"}
    archive = archives.tar([archives.member("x", content[:512], pax_headers=records)])
    with pytest.raises(InvalidArgument, match="malformed tar archive"):
        list(TarReader(io.BytesIO(archive)))
