import pytest

from seacan.errors import InvalidArgument
from seacan.runtime import idmaps
from seacan.spec.runtime import IDMapping


def mapping(container: int, host: int, size: int) -> IDMapping:
    return {"containerID": container, "hostID": host, "size": size}


@pytest.mark.parametrize(
    "mappings",
    [
        [mapping(0, 100000, 65536)],
        [mapping(0, 1000, 1), mapping(1, 100000, 65535)],
        [mapping(1, 1, 1), mapping(0, 0, 1)],
        [mapping(0, 0, 2**32 - 1)],
        [mapping(number, number, 1) for number in range(0, 680, 2)],
    ],
)
def test_mappings_that_the_kernel_takes(mappings: list[IDMapping]) -> None:
    idmaps.check("linux.uidMappings", mappings)


@pytest.mark.parametrize(
    ("mappings", "text"),
    [
        ([], "missing"),
        ([{"containerID": 0, "hostID": 0}], "without size"),
        ([{"containerID": 0, "size": 1}], "without hostID"),
        ([mapping(0, 0, 0)], "size 0"),
        ([mapping(0, 10, 2), mapping(1, 20, 1)], "containerID 1 is mapped twice"),
        ([mapping(5, 20, 1), mapping(0, 20, 2)], "hostID 20 is mapped twice"),
        ([mapping(0, 2**32 - 2, 2)], "hostID and size go beyond 4294967294"),
        ([mapping(number, number, 1) for number in range(341)], "341 entries are more than"),
        ([mapping(2 * n, 10**9 + 2 * n, 1) for n in range(300)], "300 entries are more than"),
    ],
)
def test_mappings_that_it_does_not_take(mappings: list[IDMapping], text: str) -> None:
    with pytest.raises(InvalidArgument, match=f"linux.gidMappings: .*{text}"):
        idmaps.check("linux.gidMappings", mappings)
