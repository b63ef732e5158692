"""`seacan compose images`: the image of each container of a project."""

from __future__ import annotations

import calendar
import time

from seacan.cli.flags import Flag
from seacan.cli.output.table import align, short_id
from seacan.cli.output.units import age, decimal_size
from seacan.cli.values import SWITCH, TEXT
from seacan.client.images import split_reference
from seacan.compose.containers import containers_of
from seacan.errors import InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values
    from seacan.compose.containers import Found

FLAGS = (
    Flag("format", "", TEXT, "How to print it: table or json", shown='"table"'),
    Flag("quiet", "q", SWITCH, "Print ids alone"),
)
_HEADERS = ("CONTAINER", "REPOSITORY", "TAG", "PLATFORM", "IMAGE ID", "SIZE", "CREATED")


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    found = containers_of(composition.client, composition.name(), services=arguments, one_off=None)
    images = [(container, _image(composition, container)) for container in found]
    images.sort(key=lambda pair: pair[0].name)
    form = values.text("format").lower()
    if values.on("quiet"):
        ids = dict.fromkeys(image["Id"].partition(":")[2] for _, image in images)
        print("".join(f"{image_id}\n" for image_id in ids), end="")
    elif form == "json":
        _print_json(images)
    elif form in ("", "table"):
        rows = [_row(container, image) for container, image in images]
        print(align([_HEADERS, *rows], least=20, gap=3), end="")
    else:
        raise InvalidArgument(
            f'format value "{values.text("format")}" could not be parsed: parsing failed'
        )
    return 0


def _image(composition: Composition, container: Found) -> dict[str, Any]:
    try:
        return composition.client.images.inspect(container.summary["ImageID"])
    except NotFound:
        return {"Id": container.summary["ImageID"], "Size": 0, "Os": "", "Architecture": ""}


def _named(container: Found) -> tuple[str, str]:
    repository, tag = split_reference(container.summary.get("Image", ""))
    return repository, tag or "latest"


def _row(container: Found, image: dict[str, Any]) -> list[str]:
    repository, tag = _named(container)
    platform = "/".join(filter(None, (image["Os"], image["Architecture"], image.get("Variant"))))
    tagged = str((image.get("Metadata") or {}).get("LastTagTime") or image.get("Created") or "")
    created = f"{age(time.time() - _seconds(tagged))} ago" if tagged else "N/A"
    size = decimal_size(image["Size"])
    return [container.name, repository, tag, platform, short_id(image["Id"]), size, created]


def _seconds(moment: str) -> int:
    return calendar.timegm(time.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S"))


def _print_json(images: list[tuple[Found, dict[str, Any]]]) -> None:
    import json

    listed = []
    for container, image in images:
        _, repository, tag, platform, *_ = _row(container, image)
        listed.append(
            {
                "ID": image["Id"],
                "ContainerName": container.name,
                "Repository": repository,
                "Tag": tag,
                "Platform": platform,
                "Size": image["Size"],
                "LastTagTime": (image.get("Metadata") or {}).get("LastTagTime"),
            }
        )
    print(json.dumps(listed, ensure_ascii=False, separators=(",", ":")))
