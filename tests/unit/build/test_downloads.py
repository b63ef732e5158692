"""What ADD fetches: what is asked for wrongly is not fetched at all."""

from pathlib import Path

import pytest

from seacan.build.downloads import download
from seacan.errors import Internal, InvalidArgument
from seacan.images.remote.tasks import Cancellation

NOBODY = "http://127.0.0.1:1/file"  # no server is there


@pytest.mark.parametrize("checksum", ["00", "md5:00", "sha256:00", f"sha512:{'0' * 64}", "sha256:"])
def test_a_checksum_that_nothing_can_have(tmp_path: Path, checksum: str) -> None:
    with pytest.raises(InvalidArgument, match=f"invalid checksum: {checksum}"):
        download(NOBODY, tmp_path, checksum, Cancellation())


@pytest.mark.parametrize("checksum", ["", *(f"sha{n}:{'0' * (n // 4)}" for n in (256, 384, 512))])
def test_a_checksum_that_something_may_have(tmp_path: Path, checksum: str) -> None:
    with pytest.raises(Internal, match="connection refused"):
        download(NOBODY, tmp_path, checksum, Cancellation())
