"""An application's files as the layers of an artifact: those that it names go with it, renamed.

Files of other directories get names of their own, so that all can lie in one.
"""

from __future__ import annotations

import os

from seacan.compose.artifacts import VARIABLES_TYPE, Layer
from seacan.compose.model.documents import LIMIT_BYTES, STDIN
from seacan.compose.model.remote_files import is_remote
from seacan.compose.model.sha256 import sha256_hex
from seacan.compose.model.variables import substitute
from seacan.compose.renaming import with_other_names
from seacan.errors import InvalidArgument
from seacan.files import read_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def layers_of(
    files: Sequence[str], directory: str, environment: Mapping[str, str], *, with_variables: bool
) -> list[Layer]:
    """Return the layers of an application of `files`, whose paths are taken from `directory`.

    `with_variables`: its env_files are among them. Raises InvalidArgument.
    """
    if STDIN in files:
        raise InvalidArgument("standard input cannot be published")
    found = _Files(environment)
    layers = [
        Layer(os.path.basename(file), found.renamed(file, directory).encode()) for file in files
    ]
    done: set[str] = set()
    while left := [file for file in found.extended if file not in done]:
        for file in left:
            data = found.renamed(file, os.path.dirname(file)).encode()
            layers.append(Layer(found.extended[file], data, is_extended=True))
            done.add(file)
    for file, name in found.variables.items() if with_variables else ():
        if os.path.exists(file):
            layers.append(Layer(name, _read(file), VARIABLES_TYPE))
    return layers


class _Files:
    """What files name, by their paths: the names that they get."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.variables: dict[str, str] = {}
        self.extended: dict[str, str] = {}

    def renamed(self, file: str, directory: str) -> str:
        """Return the text of `file` with the new names, which are noted down."""

        def absolute(path: str) -> str:
            replaced = substitute(path, self._environment.get, lambda _: None)
            return os.path.abspath(os.path.join(directory, os.path.expanduser(replaced)))

        def env_file(path: str) -> str:
            place = absolute(path)
            return self.variables.setdefault(place, f"{sha256_hex(place.encode())}.env")

        def extended(path: str) -> str | None:
            if is_remote(path):
                return None
            place = absolute(path)
            return self.extended.setdefault(place, f"{sha256_hex(place.encode())}.yaml")

        return with_other_names(_read(file).decode(), env_file, extended)


def _read(file: str) -> bytes:
    try:
        return read_named(file, LIMIT_BYTES)
    except OSError as err:
        raise InvalidArgument(f"open {file}: {(err.strerror or str(err)).lower()}") from err
