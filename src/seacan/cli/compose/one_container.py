"""Commands about one container of a service: that container found, then seacan's own command."""

from __future__ import annotations

from seacan.cli import flags as flag_parser
from seacan.cli.flags import Flag
from seacan.cli.values import INT
from seacan.compose.containers import containers_of
from seacan.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values
    from seacan.compose.containers import Found

INDEX = Flag("index", "", INT, "Of a service with several containers, that with this number")


def container_of(
    composition: Composition, values: Values, service: str, *, all_states: bool = False
) -> Found:
    """Return the container of `service` that --index names, the first one without it.

    One of `run` is taken if there is no other. Raises NotFound.
    """
    composition.refuse_dry_run()
    index = values.number("index")
    found = containers_of(
        composition.client,
        composition.name(),
        services=[service],
        all_states=all_states,
        one_off=None,
    )
    chosen = [container for container in found if index in (0, container.number)]
    if not chosen:
        number = f" container #{index}" if index else ""
        raise NotFound(f'service "{service}" is not running{number}')
    return min(chosen, key=lambda container: (container.is_one_off, container.number))


def delegate(composition: Composition, command: str, words: list[str]) -> int:
    """Run `seacan COMMAND WORDS`; return its exit code. Flags in `words` are before a `--`."""
    composition.refuse_dry_run()
    module = __import__(f"seacan.cli.commands.{command}", fromlist=["run"])
    values, arguments = flag_parser.parse(module.FLAGS, words)
    code: int = module.run(composition.session, values, arguments)
    return code


def flag_words(values: Values, *names: str) -> list[str]:
    """Return the words for those flags of `names` that were given, each with one text."""
    return [f"--{name}={values.text(name)}" for name in names if values.is_given(name)]
