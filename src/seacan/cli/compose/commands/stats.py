"""`seacan compose stats`: what the containers of a project use."""

from __future__ import annotations

from seacan.cli.compose.one_container import delegate, flag_words
from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH, TEXT
from seacan.compose.containers import containers_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("all", "a", SWITCH, "Show all containers, not only those that run"),
    Flag("format", "", TEXT, "table, json, or a Go template"),
    Flag("no-stream", "", SWITCH, "Show it once"),
    Flag("no-trunc", "", SWITCH, "Print whole ids"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    found = containers_of(
        composition.client,
        composition.name(),
        services=arguments,
        all_states=values.on("all"),
        one_off=None,
    )
    if not found:
        return 0
    words = flag_words(values, "format")
    words += [f"--{name}" for name in ("no-stream", "no-trunc") if values.on(name)]
    return delegate(composition, "stats", [*words, "--", *(one.id for one in found)])
