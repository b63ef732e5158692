import pytest

from seacan.engine.containers.filters import Filters
from seacan.engine.volumes.filters import select, select_unused
from seacan.errors import InvalidArgument
from seacan.volumes.volume import ANONYMOUS, Found, Volume


def found(name: str, *holders: str, driver: str = "local", **fields: dict[str, str]) -> Found:
    volume = Volume(
        name, driver, "2026-11-24T01:33:18Z", fields.get("labels"), fields.get("options")
    )
    return Found(volume, f"/volumes/{name}", holders)


ALL = [
    found("web", "c1", labels={"tier": "web"}),
    found("db", labels={"tier": "db", "keep": ""}),
    found("anon", labels={ANONYMOUS: ""}),
    found("used", "c1", labels={ANONYMOUS: ""}),
    found("options", options={"type": "tmpfs"}, labels={ANONYMOUS: ""}),
    found("other", driver="other", labels={ANONYMOUS: ""}),
]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, "anon db options other used web"),
        ({"name": []}, "anon db options other used web"),
        ({"name": ["^u", "eb$"]}, "used web"),
        ({"name": ["("]}, ""),
        ({"driver": ["other", "x"]}, "other"),
        ({"label": ["tier"]}, "db web"),
        ({"label": ["tier=db", "keep"]}, "db"),
        ({"label": ["tier", "nope"]}, ""),
        ({"dangling": ["true"]}, "anon db options other"),
        ({"dangling": ["0"]}, "used web"),
        ({"dangling": ["true"], "driver": ["local"]}, "anon db options"),
    ],
)
def test_a_list_has_what_passes_every_filter(wanted: Filters, names: str) -> None:
    assert " ".join(one.volume.name for one in select(ALL, wanted)) == names


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, "anon"),
        ({"all": ["false"]}, "anon"),
        ({"all": ["true"]}, "db anon"),
        ({"all": ["1"], "label": ["tier"]}, "db"),
        ({"all": ["1"], "label!": ["keep"]}, "anon"),
        ({"all": ["1"], "label!": ["keep", "nope"]}, "db anon"),
        ({"label": ["tier"]}, ""),
    ],
)
def test_a_prune_takes_what_nobody_has(wanted: Filters, names: str) -> None:
    assert " ".join(one.volume.name for one in select_unused(ALL, wanted)) == names


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"nope": ["1"]}, "invalid filter 'nope'"),
        ({"dangling": ["x"]}, "invalid filter 'dangling=[x]'"),
        ({"dangling": ["true", "false"]}, "invalid filter 'dangling=[true false]'"),
    ],
)
def test_a_filter_of_a_list_is_refused(wanted: Filters, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        select(ALL, wanted)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"until": ["1"]}, "invalid filter 'until'"),
        ({"all": ["1", "true"]}, "invalid filter 'all=[1 true]': only one value is expected"),
        ({"all": ["x"]}, "invalid filter 'all': strconv.ParseBool: parsing \"x\": invalid syntax"),
    ],
)
def test_a_filter_of_a_prune_is_refused(wanted: Filters, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        select_unused(ALL, wanted)
    assert str(caught.value) == message
