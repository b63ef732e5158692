"""GET /system/df, by version and by what is asked for."""

import pytest
from tests.api.conftest import Api
from tests.fakes.images import IMAGE_ID


def test_what_takes_up_how_much(api: Api) -> None:
    found = api.ask("GET", "/system/df").json
    assert found["LayersSize"] == 1984348
    image, unnamed = found["Images"]
    assert (image["Id"], image["RepoTags"], image["RepoDigests"]) == (
        IMAGE_ID,
        ["busybox:latest"],
        None,
    )
    assert (image["Size"], image["SharedSize"], image["Containers"]) == (1984348, 5, 1)
    assert unnamed["RepoTags"] is None
    (container,) = found["Containers"]
    assert (container["Names"], container["SizeRootFs"]) == (["/first"], 1984348)
    assert "SizeRw" not in container  # none written: dockerd leaves it out
    assert found["Volumes"] == []
    (entry,) = found["BuildCache"]
    assert (entry["Type"], entry["Description"], entry["Size"]) == ("regular", "RUN true", 9)
    assert (entry["LastUsedAt"], entry["UsageCount"]) == ("1970-01-01T00:00:02.000000000Z", 3)


@pytest.mark.parametrize(("version", "size"), [("1.24", 9), ("1.41", 9), ("1.42", None)])
def test_size_of_the_build_cache(api: Api, version: str, size: int | None) -> None:
    assert api.ask("GET", f"/v{version}/system/df").json.get("BuilderSize") == size


@pytest.mark.parametrize(("version", "is_there"), [("1.24", True), ("1.43", True), ("1.44", False)])
def test_virtual_size(api: Api, version: str, is_there: bool) -> None:
    image = api.ask("GET", f"/v{version}/system/df").json["Images"][0]
    assert ("VirtualSize" in image) is is_there


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/system/df?type=image", {"Images"}),
        ("/system/df?type=container", {"Containers"}),
        ("/system/df?type=volume&type=build-cache", {"Volumes", "BuildCache"}),
        ("/v1.41/system/df?type=image", {"Images", "Containers", "Volumes", "BuildCache"}),
    ],
)
def test_types(api: Api, path: str, given: set[str]) -> None:
    found = api.ask("GET", path).json
    assert {key for key, value in found.items() if isinstance(value, list)} == given
    assert (found["LayersSize"] > 0) is ("Images" in given)


def test_a_type_that_there_is_not(api: Api) -> None:
    answer = api.ask("GET", "/system/df?type=x")
    assert (answer.status, answer.message) == (400, "unknown object type: x")
