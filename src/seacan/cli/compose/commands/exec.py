"""`seacan compose exec`: one more command in a container of a service."""

from __future__ import annotations

from seacan.cli.compose.one_container import INDEX, container_of, delegate, flag_words
from seacan.cli.flags import Flag
from seacan.cli.terminal import is_terminal
from seacan.cli.values import SWITCH, SWITCH_ON, TEXT, many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("detach", "d", SWITCH, "Leave it running in the background"),
    Flag("env", "e", many(str, "stringArray"), "Variable, NAME=VALUE, or NAME to pass it on"),
    INDEX,
    Flag("interactive", "i", SWITCH_ON, "Attach standard input", shown="true"),
    Flag("no-tty", "T", SWITCH, "Give it no terminal; the default where there is none here"),
    Flag("privileged", "", SWITCH, "Give it all that the daemon may do"),
    Flag("tty", "t", SWITCH_ON, "Give it a terminal", shown="true"),
    Flag("user", "u", TEXT, "User, by name or number"),
    Flag("workdir", "w", TEXT, "Directory to start in"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    container = container_of(composition, values, arguments[0])
    words = flag_words(values, "user", "workdir")
    words += [f"--env={variable}" for variable in values.texts("env")]
    words += [f"--{name}" for name in ("detach", "privileged") if values.on(name)]
    if values.on("interactive") and not values.on("detach"):
        words.append("--interactive")
    if values.on("tty") and not values.on("no-tty") and is_terminal(1):
        words.append("--tty")
    return delegate(composition, "exec", [*words, "--", container.id, *arguments[1:]])
