import json
import os

import pytest

from seacan.cli.platform import platform_json
from seacan.errors import InvalidArgument

OWN = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("linux/arm64", ["linux", "arm64"]),
        ("Linux/ARM/v7", ["linux", "arm", "v7"]),
        ("windows", ["windows", OWN]),
        ("arm64", ["linux", "arm64"]),
    ],
)
def test_platforms(text: str, parts: list[str]) -> None:
    found = json.loads(platform_json(text) or "")
    assert found == dict(zip(("os", "architecture", "variant"), parts, strict=False))


def test_none_and_nonsense() -> None:
    assert platform_json("") is None
    for text in ("a/b/c/d", "linux//v7"):
        with pytest.raises(InvalidArgument, match="invalid platform"):
            platform_json(text)
