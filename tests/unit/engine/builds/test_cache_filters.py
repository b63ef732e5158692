import pytest

from seacan.engine.builds.cache import CacheEntry
from seacan.engine.builds.cache_filters import reading
from seacan.errors import InvalidArgument, Unsupported


def entry(name: str, kind: str, description: str, *, is_shared: bool = False) -> CacheEntry:
    return CacheEntry(name, kind, description, is_shared, 1, 0.0, 0.0, 0)  # type: ignore[arg-type]


ENTRIES = (
    entry("ab1", "regular", "RUN make", is_shared=True),
    entry("ab2", "exec.cachemount", "cached mount /c"),
    entry("b3", "regular", 'COPY a "b", c'),
)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([], "ab1 ab2 b3"),
        (["", ""], "ab1 ab2 b3"),
        (["type==regular"], "ab1 b3"),
        (["type==regular,shared"], "ab1"),
        (["type==regular,private"], "b3"),
        (["type==regular", "id==ab2"], "ab1 ab2 b3"),
        (["id~=^ab"], "ab1 ab2"),
        (["id~=ab,type!=regular"], "ab2"),
        (["type!==regular"], "ab2"),
        (["type~==^reg"], "ab1 b3"),
        (["description==RUN make"], "ab1"),
        (['description~="mount"'], "ab2"),
        (["immutable"], "ab1 ab2 b3"),
        (["inuse"], ""),
        (["mutable"], ""),
        (["parents==x"], ""),
        (["shared==true"], "ab1"),
    ],
)
def test_what_passes(texts: list[str], found: str) -> None:
    passes = reading(texts)
    assert " ".join(each.id for each in ENTRIES if passes(each)) == found


@pytest.mark.parametrize("text", ["==a", "type=regular", "a b", 'id=="a', "type==a,,b"])
def test_no_filter(text: str) -> None:
    with pytest.raises((InvalidArgument, Unsupported)):
        assert reading([text])(ENTRIES[0]) is None


def test_a_field_that_there_is_not() -> None:
    with pytest.raises(Unsupported, match=r"^not supported: filter foo==bar$"):
        reading(["type==regular,foo==bar,shared"])
