"""`seacan compose export`: the files of a container of a service, as a tar archive."""

from __future__ import annotations

from seacan.cli.compose.one_container import INDEX, container_of, delegate, flag_words
from seacan.cli.flags import Flag
from seacan.cli.values import TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (INDEX, Flag("output", "o", TEXT, "Write to a file, instead of standard output"))


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    container = container_of(composition, values, arguments[0], all_states=True)
    return delegate(composition, "export", [*flag_words(values, "output"), "--", container.id])
