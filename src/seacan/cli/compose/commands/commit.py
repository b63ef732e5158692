"""`seacan compose commit`: an image made of a container of a service."""

from __future__ import annotations

from seacan.cli.compose.one_container import INDEX, container_of, delegate, flag_words
from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH_ON, TEXT, TEXTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("author", "a", TEXT, "Who made it"),
    Flag("change", "c", TEXTS, "Instruction of a Dockerfile to apply"),
    INDEX,
    Flag("message", "m", TEXT, "What was changed"),
    Flag("pause", "p", SWITCH_ON, "Pause the container meanwhile", shown="true"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    container = container_of(composition, values, arguments[0], all_states=True)
    words = flag_words(values, "author", "message")
    words += [f"--change={change}" for change in values.texts("change")]
    words.append(f"--pause={str(values.on('pause')).lower()}")
    return delegate(composition, "commit", [*words, "--", container.id, *arguments[1:]])
