import os
from pathlib import Path

import pytest

from seacan.engine.bundle.overlay import open_file

pytestmark = pytest.mark.root


def test_an_opaque_directory_hides_what_is_below_it(tmp_path: Path) -> None:
    layers = [tmp_path / name for name in ("top", "middle", "bottom")]
    for layer in layers:
        (layer / "etc").mkdir(parents=True)
    (layers[1] / "etc/group").touch()
    (layers[2] / "etc/passwd").touch()
    os.setxattr(layers[1] / "etc", "trusted.overlay.opaque", b"y")

    group = open_file(layers, "/etc/group")
    assert group is not None
    os.close(group)
    assert open_file(layers, "/etc/passwd") is None
