"""What BuildKit of dockerd 28.5.2 makes of values of LABEL: tests/golden/build/buildkit.json."""

import json
from pathlib import Path

import pytest

from seacan.build.arguments import Wanted
from seacan.build.dockerfile.parse import parse
from seacan.build.evaluation import Evaluated, evaluate
from seacan.build.plan import plan

EXPECTED = json.loads(
    (Path(__file__).parents[2] / "golden" / "build" / "buildkit.json").read_text()
)
ENVIRONMENT = r"""a=1 e="" v=v1.2.3-rc1 p=/usr/local/site q="'x' \"y\"" s="a*b?c" """


@pytest.mark.parametrize("written", EXPECTED)
def test_expansion(written: str) -> None:
    text = f"FROM scratch\nENV {ENVIRONMENT}\nLABEL l={written}\n"
    found = plan(parse(text.encode()), Wanted())
    labels = evaluate(found, found.target, Evaluated({})).config.get("Labels")
    assert labels == {"l": EXPECTED[written]}
