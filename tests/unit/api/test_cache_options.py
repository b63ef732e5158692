"""What is said of caches: read, or refused by its name."""

from typing import Any

import pytest

from seacan.api.cache_options import CacheImport, ExportedCache, exports, imports, parse
from seacan.errors import InvalidArgument, SeacanError, Unsupported
from seacan.images import references

REF = references.parse("r.test/c:1")


def export(kind: str, **attributes: str) -> ExportedCache:
    said = {name.replace("_", "-"): value for name, value in attributes.items()}
    (found,) = exports([(kind, said)])
    return found


def test_exports() -> None:
    assert export("inline").is_inline
    assert export("registry", ref="r.test/c:1") == ExportedCache(REF)
    assert export(
        "local", dest="/c", mode="max", image_manifest="false", compression="uncompressed",
        ignore_error="true", tag="t", oci_mediatypes="true", force_compression="false",
    ) == ExportedCache(None, "/c", True, False, False, True)  # fmt: skip


def test_imports_each_once() -> None:
    digest = f"sha256:{'0' * 64}"
    local = ("local", {"src": "/c", "digest": digest, "tag": "t"})
    registry = ("registry", {"ref": "r.test/c:1", "registry.insecure": "false"})
    assert imports([local, registry, local]) == [
        CacheImport(directory="/c", digest=digest),
        CacheImport(REF),
    ]
    assert imports([("registry", {"ref": "x"})])[0].shown == "x:latest"


@pytest.mark.parametrize(
    ("kind", "attributes", "error"),
    [
        ("registry", {}, InvalidArgument),
        ("registry", {"ref": "UPPER"}, InvalidArgument),
        ("registry", {"ref": f"x@sha256:{'0' * 64}"}, InvalidArgument),
        ("registry", {"ref": "x", "mode": "most"}, InvalidArgument),
        ("registry", {"ref": "x", "ignore-error": "maybe"}, InvalidArgument),
        ("registry", {"ref": "x", "registry.insecure": "true"}, Unsupported),
        ("registry", {"ref": "x", "dest": "/c"}, Unsupported),
        ("registry", {"ref": "x", "new": "1"}, Unsupported),
        ("registry", {"ref": "x", "compression": "estargz"}, Unsupported),
        ("registry", {"ref": "x", "compression-level": "9"}, Unsupported),
        ("registry", {"ref": "x", "force-compression": "true"}, Unsupported),
        ("registry", {"ref": "x", "oci-mediatypes": "false"}, Unsupported),
        ("local", {}, InvalidArgument),
        ("new", {}, Unsupported),
    ],
)
def test_what_cannot_be_written(
    kind: str, attributes: dict[str, str], error: type[SeacanError]
) -> None:
    with pytest.raises(error):
        exports([(kind, attributes)])


@pytest.mark.parametrize(
    ("kind", "attributes", "error"),
    [
        ("registry", {}, InvalidArgument),
        ("registry", {"ref": "../x"}, InvalidArgument),
        ("local", {"src": "/c"}, InvalidArgument),
        ("local", {"src": "/c", "digest": "sha256:../x"}, InvalidArgument),
        ("local", {"digest": f"sha256:{'0' * 64}"}, InvalidArgument),
        ("local", {"src": "/c", "new": "1"}, Unsupported),
        ("inline", {}, Unsupported),
    ],
)
def test_what_cannot_be_read(kind: str, attributes: dict[str, str], error: Any) -> None:
    with pytest.raises(error):
        imports([(kind, attributes)])


def test_directories_that_would_be_told_the_same_digest() -> None:
    two = [("local", {"dest": "/a"}), ("local", {"dest": "/b", "mode": "max"})]
    with pytest.raises(Unsupported, match="with different options"):
        exports(two)
    assert len(exports([two[0], ("registry", {"ref": "x", "mode": "max"})])) == 2


def test_options_of_a_command_line() -> None:
    assert parse('type=registry,ref=r.test/c:1,"mode=max"') == (
        "registry",
        {"ref": "r.test/c:1", "mode": "max"},
    )
    for text in ("type=registry,ref", 'type=x,"y=z'):
        with pytest.raises(InvalidArgument, match="invalid cache"):
            parse(text)
    with pytest.raises(Unsupported, match="unknown type"):
        exports([parse("ref=x")])
