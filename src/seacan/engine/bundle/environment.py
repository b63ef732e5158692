"""Environment variables of a container and of what is executed in it."""

from collections.abc import Iterable, Sequence
from typing import Final

from seacan.errors import InvalidArgument

DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def check(entries: Iterable[str]) -> None:
    """Raise InvalidArgument for an entry without a name; there is no other rule."""
    for entry in entries:
        if not entry.partition("=")[0]:
            raise InvalidArgument(f"invalid environment variable: {entry}")


def with_image(requested: Sequence[str], image: Sequence[str]) -> list[str]:
    """Return the requested entries, then those of the image whose names are not among them."""
    names = {entry.partition("=")[0] for entry in requested}
    return [*requested, *(entry for entry in image if entry.partition("=")[0] not in names)]


def override(*layers: Iterable[str]) -> list[str]:
    """Return entries `NAME=value`, a later one in place of an earlier one of its name.

    An entry that is a name alone takes the variable away.
    """
    values: dict[str, str] = {}
    for layer in layers:
        for entry in layer:
            name, equals, _ = entry.partition("=")
            if equals:
                values[name] = entry
            else:
                values.pop(name, None)
    return list(values.values())


def of_process(
    hostname: str, home: str, *layers: Iterable[str], has_terminal: bool = False
) -> list[str]:
    """Return the environment of a process: the defaults, then each of `layers` over them.

    PATH and HOSTNAME come first, as Docker has them. HOME, which OCI runtimes would add where it
    is missing, is there at once: then a container and an exec have it under every runtime.
    """
    defaults = [f"PATH={DEFAULT_PATH}", f"HOSTNAME={hostname}"]
    if has_terminal:
        defaults.append("TERM=xterm")
    entries = override(defaults, *layers)
    if not any(entry.startswith("HOME=") for entry in entries):
        entries.append(f"HOME={home}")
    return entries
