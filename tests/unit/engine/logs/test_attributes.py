from typing import Any, cast

import pytest
from tests.fakes.containers import make_container

from seacan.engine.containers.container import Container
from seacan.engine.logs.attributes import extra, tag
from seacan.spec.engine_api import ContainerConfig


def container(**config: Any) -> Container:
    found = make_container()
    found.config = cast(ContainerConfig, {**found.config, **config})
    return found


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", "{id12}"),
        ("{{.FullID}}", "{id}"),
        ("{{ .Name }}/{{.ImageName}}", "{name}/{image}"),
        ("{{.ImageID}} {{.ImageFullID}}", "{image_id12} {image_id}"),
        ("{{.DaemonName}}-x", "docker-x"),
        ("plain", "plain"),
    ],
)
def test_tags(template: str, expected: str) -> None:
    c = container()
    values = {"id": c.id, "id12": c.id[:12], "name": c.name, "image": c.image}
    values |= {"image_id": c.image_id, "image_id12": c.image_id[:12]}
    assert tag(c, {"tag": template}) == expected.format(**values)


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ({}, {}),
        ({"labels": "one,none", "env": "A"}, {"one": "1", "A": "a=b"}),
        ({"labels-regex": "^t", "env-regex": "B$"}, {"two": "2", "AB": ""}),
    ],
)
def test_labels_and_variables(options: dict[str, str], chosen: dict[str, str]) -> None:
    c = container(Labels={"one": "1", "two": "2"}, Env=["A=a=b", "AB=", "odd"])
    assert extra(c, options) == chosen
