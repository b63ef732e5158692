"""The fields of an image in a list, by the names that Docker's formats give them."""

from __future__ import annotations

from seacan.cli.output.rows import Listing, Row
from seacan.cli.output.table import short_id
from seacan.cli.output.units import age, decimal_size, local_time, precise_size
from seacan.client.images import split_reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

IMAGES = Listing(
    "*formatter.imageContext",
    {
        "Repository": "REPOSITORY",
        "Tag": "TAG",
        "Digest": "DIGEST",
        "ID": "IMAGE ID",
        "CreatedSince": "CREATED",
        "CreatedAt": "CREATED AT",
        "Size": "SIZE",
        "VirtualSize": "SIZE",
        "Containers": "CONTAINERS",
        "SharedSize": "SHARED SIZE",
        "UniqueSize": "UNIQUE SIZE",
    },
    ("Repository", "Tag", "ID", "CreatedSince", "Size"),
)
COLUMNS_WITH_DIGEST = ("Repository", "Tag", "Digest", "ID", "CreatedSince", "Size")


def raw_format(*, with_digest: bool) -> str:
    digest = "digest: {{.Digest}}\n" if with_digest else ""
    return (
        f"repository: {{{{.Repository}}}}\ntag: {{{{.Tag}}}}\n{digest}image_id: {{{{.ID}}}}\n"
        "created_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n"
    )


_NONE = "<none>"


def image_fields(
    image: dict[str, Any],
    *,
    now: float,
    whole: bool = False,
    with_digests: bool = False,
    each_digest: bool = False,
) -> list[Row]:
    """Return the fields of one item of `GET /images/json`, once for each name of the image.

    `whole`: ids are not cut; `with_digests`: once for each digest of a name, too; `each_digest`:
    also of a name without tags.
    """
    used, shared, size = image.get("Containers", -1), image.get("SharedSize", -1), image["Size"]
    same = {
        "Containers": "N/A" if used == -1 else str(used),
        "CreatedAt": local_time(image["Created"]),
        "CreatedSince": f"{age(now - image['Created'])} ago",
        "ID": image["Id"] if whole else short_id(image["Id"]),
        "SharedSize": "N/A" if shared == -1 else precise_size(shared),
        "Size": decimal_size(size),
        "UniqueSize": "N/A" if shared == -1 else precise_size(size - shared),
        "VirtualSize": precise_size(size),
    }
    return [
        Row(same | {"Repository": repository, "Tag": tag, "Digest": digest})
        for repository, tag, digest in _names(image, with_digests, each_digest)
    ]


def _names(
    image: dict[str, Any], with_digests: bool, each_digest: bool
) -> Iterator[tuple[str, str, str]]:
    """Yield repository, tag and digest of each name; one known by a digest alone has no tag."""
    tags = _by_repository(image.get("RepoTags"))
    digests = _by_repository(image.get("RepoDigests"))
    for repository in tags:
        shown = digests.pop(repository, [_NONE])
        for tag in tags[repository]:
            for digest in shown if with_digests else [_NONE]:
                yield repository, tag, digest
    for repository, found in digests.items():
        for digest in found if each_digest else [""]:
            yield repository, _NONE, digest
    if not tags and not digests:
        yield _NONE, _NONE, _NONE


def _by_repository(references: list[str] | None) -> dict[str, list[str]]:
    """Return the tags or digests of each repository, without old daemons' `<none>:<none>`."""
    found: dict[str, list[str]] = {}
    for reference in references or []:
        repository, version = split_reference(reference)
        if repository != _NONE:
            found.setdefault(repository, []).append(version)
    return found
