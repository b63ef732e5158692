from seacan import version
from seacan.client.version import (
    API_VERSION,
    CLIENT_VERSION,
    LEAST_API_VERSION,
    version_key,
)


def test_versions_are_those_of_the_release() -> None:
    assert version.VERSION == CLIENT_VERSION
    assert version.API_VERSION == API_VERSION
    assert version.API_VERSION_LEAST == LEAST_API_VERSION


def test_versions_sort_by_number() -> None:
    assert sorted(["1.24", "1.9", "1.100"], key=version_key) == ["1.9", "1.24", "1.100"]
