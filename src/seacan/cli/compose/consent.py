"""Questions before something is done that its user may not have meant.

Where nobody is there to answer, the answer is no; --yes is for that.
"""

from __future__ import annotations

import sys

from seacan.compose.model.loading import Choices
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition


def require(question: str, *, default: bool) -> None:
    """Ask, and raise InvalidArgument for a no; `default` stands for an empty line."""
    sys.stdout.flush()
    print(f"{question} {'[Y/n]' if default else '[y/N]'}: ", end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    answer = line.strip().lower()
    if not (answer in ("y", "yes") or (default and line and not answer)):
        raise InvalidArgument("operation cancelled by user")


def ask_about_remote_files(composition: Composition, *, assume_yes: bool) -> None:
    """Say where an application from elsewhere is kept, and ask about what it would be given.

    That is: files that it includes from elsewhere, and variables. Raises InvalidArgument for a no.
    """
    application = composition.application
    if not application.origin:
        return
    print(
        f'Your compose stack "{application.origin}" is stored in "{application.directory}"',
        file=sys.stderr,
    )
    if assume_yes:
        return
    included = [path for path in application.remote_files if path != application.origin]
    if included:
        lines = "".join(f"  - {path}\n" for path in included)
        print(f"\nIt includes files from elsewhere:\n{lines}", file=sys.stderr)
        require("They are for you to trust. Do you want to continue?", default=False)
    table = _variables(composition)
    if table:
        print(f"\nFound the following variables in configuration:\n{table}", file=sys.stderr)
        require("Do you want to proceed with these variables?", default=True)


def _variables(composition: Composition) -> str:
    """Return what the application asks for of the environment, as a table; "" for nothing."""
    from seacan.cli.output.table import align
    from seacan.compose.model.variables import variables_of

    environment = composition.application.environment
    rows = {}
    for variable in variables_of(composition.application.model(Choices(interpolate=False))):
        default = variable.rest if variable.operator[-1:] == "-" else ""
        value, source = environment.get(variable.name), "environment"
        if value is None:
            value, source = (default, "compose file") if default else ("<unset>", "none")
        required = "yes" if variable.operator[-1:] == "?" else "no"
        rows[variable.name] = [variable.name, value, source, required, default]
    if not rows:
        return ""
    header = ["VARIABLE", "VALUE", "SOURCE", "REQUIRED", "DEFAULT"]
    return align([header, *(rows[name] for name in sorted(rows))], least=0, gap=3)
