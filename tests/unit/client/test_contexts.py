"""What stands in meta.json and is not what it has to be."""

import json
from pathlib import Path
from typing import Any

import pytest

from seacan.client.contexts import Contexts
from seacan.errors import InvalidArgument


@pytest.mark.parametrize(
    ("metadata", "part"),
    [
        ({"Name": 5}, "Name is none: 5"),
        ({"Name": "a", "Metadata": "x"}, 'Metadata is none: "x"'),
        ({"Name": "a", "Endpoints": [1]}, r"Endpoints is none: \[1\]"),
        ({"Name": "a", "Endpoints": {"docker": 5}}, "Endpoints.docker is none: 5"),
        ({"Name": "a", "Endpoints": {"docker": {"Host": {}}}}, "Endpoints.docker.Host is none: {}"),
        ([], "no JSON object"),
    ],
)
def test_it_is_told_which_part(tmp_path: Path, metadata: Any, part: str) -> None:
    contexts = Contexts(str(tmp_path))
    place = Path(contexts.metadata_path("a"))
    place.mkdir(parents=True)
    (place / "meta.json").write_text(json.dumps(metadata))
    for use in (contexts.list, lambda: contexts.endpoint("a")):
        with pytest.raises(InvalidArgument, match=f"^parsing {place}/meta.json: .*{part}"):
            use()


def test_nesting_without_end_is_an_error_too(tmp_path: Path) -> None:
    contexts = Contexts(str(tmp_path))
    place = Path(contexts.metadata_path("a"))
    place.mkdir(parents=True)
    (place / "meta.json").write_text("[" * 100_000)
    with pytest.raises(InvalidArgument, match=r"meta\.json: maximum recursion depth"):
        contexts.get("a")
