import pytest

from seacan.errors import Conflict
from seacan.images import references, removal
from seacan.images.image import Image, ImageId, Use
from seacan.images.removal import Removal

ID = ImageId("sha256:" + "ab12" * 16)
SHORT = "ab12ab12ab12"
DIGEST = "sha256:" + "0" * 64
RUNNING, STOPPED = Use("c1" * 32, is_running=True), Use("c2" * 32, is_running=False)


def image(*names: str) -> Image:
    parsed = [references.parse(name) for name in names]
    return Image(
        id=ID,
        references=tuple(r for r in parsed if r.tag),
        digests=tuple(r for r in parsed if r.digest),
        config={"rootfs": {}},
        manifest_digest=DIGEST,
        size_bytes=0,
        layers=(),
        tagged_at=None,
    )


def removal_of(*names: str, delete: bool) -> Removal:
    return Removal(tuple(references.parse(name) for name in names), (ID,) if delete else ())


@pytest.mark.parametrize(
    ("names", "name", "force", "uses", "expected"),
    [
        (["a:1"], "a:1", False, [], removal_of("a:1", delete=True)),
        (["a:latest"], "a", False, [], removal_of("a:latest", delete=True)),
        (["a:1", "a:2"], "a:1", False, [], removal_of("a:1", delete=False)),
        (["a:1", "b:1"], "a:1", False, [STOPPED], removal_of("a:1", delete=False)),
        (["a:1", f"a@{DIGEST}"], "a:1", False, [], removal_of("a:1", f"a@{DIGEST}", delete=True)),
        (["a:1", f"b@{DIGEST}"], "a:1", False, [], removal_of("a:1", delete=False)),
        (["a:1", f"a@{DIGEST}"], f"a@{DIGEST}", False, [], removal_of(f"a@{DIGEST}", delete=False)),
        (["a:1"], "a:1", True, [STOPPED], removal_of("a:1", delete=True)),
        (["a:1"], "a:1", True, [RUNNING], removal_of("a:1", delete=False)),
        ([], SHORT, False, [], removal_of(delete=True)),
        (["a:1"], ID, False, [], removal_of("a:1", delete=True)),
        (["a:1"], "ab", False, [], removal_of("a:1", delete=True)),
        (["a:1", f"a@{DIGEST}"], ID, False, [], removal_of("a:1", f"a@{DIGEST}", delete=True)),
        (["a:1", "b:1"], ID, True, [STOPPED], removal_of("a:1", "b:1", delete=True)),
    ],
)
def test_what_goes(
    names: list[str], name: str, force: bool, uses: list[Use], expected: Removal
) -> None:
    found = removal.plan(image(*names), name, force=force, uses={ID: uses}, parents=())
    assert found == expected


def test_a_parent_loses_its_name_alone() -> None:
    found = removal.plan(image("a:1"), "a:1", force=True, uses={}, parents={ID})
    assert found == removal_of("a:1", delete=False)
    with pytest.raises(Conflict) as caught:
        removal.plan(image("a:1"), SHORT, force=True, uses={}, parents={ID})
    assert str(caught.value) == (
        f"conflict: unable to delete {SHORT} (cannot be forced) - image has dependent child images"
    )


@pytest.mark.parametrize(
    ("names", "name", "force", "uses", "message"),
    [
        (
            ["a:1"],
            "a:1",
            False,
            [STOPPED],
            'conflict: unable to remove repository reference "a:1" (must force) - '
            f"container c2c2c2c2c2c2 is using its referenced image {SHORT}",
        ),
        (
            ["a:1"],
            SHORT,
            False,
            [STOPPED],
            f"conflict: unable to delete {SHORT} (must be forced) - "
            "image is being used by stopped container c2c2c2c2c2c2",
        ),
        (
            ["a:1"],
            SHORT,
            True,
            [STOPPED, RUNNING],
            f"conflict: unable to delete {SHORT} (cannot be forced) - "
            "image is being used by running container c1c1c1c1c1c1",
        ),
        (
            ["a:1", "a:2"],
            SHORT,
            False,
            [],
            f"conflict: unable to delete {SHORT} (must be forced) - "
            "image is referenced in multiple repositories",
        ),
    ],
)
def test_what_stands_against_it(
    names: list[str], name: str, force: bool, uses: list[Use], message: str
) -> None:
    with pytest.raises(Conflict) as caught:
        removal.plan(image(*names), name, force=force, uses={ID: uses}, parents=())
    assert str(caught.value) == message
