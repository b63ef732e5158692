import pytest

from seacan.api.door import Call, Route
from seacan.api.versions import NEWEST, TooOld, Version, parse_version, split_version
from seacan.errors import InvalidArgument
from seacan.http.messages import Reply


async def _handler(_: Call) -> Reply:
    return Reply(200)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/images/busybox/json", "busybox"),
        ("/images/registry:5000/a/b:c/json", "registry:5000/a/b:c"),
        ("/images/json/json", "json"),
        ("/images//json", None),
        ("/images/json", None),
        ("/images/x/jsonx", None),
        ("/containers/x/json", None),
    ],
)
def test_a_name_may_have_slashes_but_not_be_empty(path: str, name: str | None) -> None:
    assert Route("GET", "/images/{name}/json", _handler).match(path) == name


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/v1.51/info", ("1.51", "/info")),
        ("/info", (None, "/info")),
        ("/v1.51", (None, "/v1.51")),
        ("/version", (None, "/version")),
        ("/v/info", (None, "/v/info")),
        ("/v1.51/v1.40/info", ("1.51", "/v1.40/info")),
    ],
)
def test_split_version(path: str, parts: tuple[str | None, str]) -> None:
    assert split_version(path) == parts


@pytest.mark.parametrize(
    ("text", "version"),
    [(None, NEWEST), ("1.24", (1, 24)), ("1.51", (1, 51)), ("1.51.0", (1, 51)), ("01.30", (1, 30))],
)
def test_a_version_that_is_spoken(text: str | None, version: Version) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize("text", ["1.23", "1", "0.99", ".", "1."])
def test_too_old(text: str) -> None:
    with pytest.raises(TooOld, match=r"^client version .* is too old\. Minimum supported API"):
        parse_version(text)


@pytest.mark.parametrize("text", ["1.52", "1.100", "2", "999999"])
def test_too_new(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"is too new\. Maximum supported API version is"):
        parse_version(text)
