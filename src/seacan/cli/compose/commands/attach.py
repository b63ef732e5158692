"""`seacan compose attach`: the terminal joined to a container of a service."""

from __future__ import annotations

from seacan.cli.compose.one_container import INDEX, container_of, delegate, flag_words
from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH, SWITCH_ON, TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("detach-keys", "", TEXT, "Keys that leave it: letters and ctrl-…, with commas between"),
    INDEX,
    Flag("no-stdin", "", SWITCH, "Do not attach standard input"),
    Flag("sig-proxy", "", SWITCH_ON, "Pass signals on to the process", shown="true"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    container = container_of(composition, values, arguments[0])
    words = flag_words(values, "detach-keys")
    words += [f"--{name}={str(values.on(name)).lower()}" for name in ("no-stdin", "sig-proxy")]
    return delegate(composition, "attach", [*words, "--", container.id])
