from typing import Any

import pytest

from seacan.cli.gpu_flag import read_gpus


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("all", {"Count": -1}),
        ("2", {"Count": 2}),
        ("count=3,driver=x", {"Count": 3, "Driver": "x"}),
        ('"device=0,1"', {"DeviceIDs": ["0", "1"]}),
        ('"capabilities=b,a"', {"Count": 1, "Capabilities": [["a", "b", "gpu"]]}),
        ('"options=a=b,c"', {"Count": 1, "Options": {"a": "b", "c": ""}}),
    ],
)  # fmt: skip
def test_requests(text: str, changed: dict[str, Any]) -> None:
    usual = {"Driver": "", "Count": 0, "DeviceIDs": None, "Options": {}, "Capabilities": [["gpu"]]}
    assert read_gpus(text) == usual | changed


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("none", "invalid count \\(none\\)"),
        ("x=1", "unexpected key 'x' in 'x=1'"),
        ("driver=a,driver=b", "gpu request key 'driver' can be specified only once"),
    ],
)
def test_what_is_none(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_gpus(text)
