"""What commands ask of templates."""

from __future__ import annotations

from seacan.cli.output.templates.execution import ExecutionError, execute
from seacan.cli.output.templates.functions import DOCKER, HEADER
from seacan.cli.output.templates.lexer import TemplateError
from seacan.cli.output.templates.parser import Template, parse
from seacan.cli.output.templates.values import Record
from seacan.cli.session import Exit
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

_PROBLEM = "template parsing error"
_USAGE_CODE = 64


def parsed(text: str, *, name: str = "", problem: str = _PROBLEM) -> Template:
    """Return the template `text`. Raises InvalidArgument, which says `problem` first."""
    try:
        return parse(text, DOCKER, name=name)
    except TemplateError as err:
        raise InvalidArgument(f"{problem}: {err}") from None


def parsed_or_exit(text: str, *, name: str = "", problem: str = _PROBLEM) -> Template:
    """Return the template `text`, or raise Exit with the code that Docker ends with."""
    try:
        return parsed(text, name=name, problem=problem)
    except InvalidArgument as err:
        raise Exit(_USAGE_CODE, str(err)) from None


def text(template: Template, data: Any) -> str:
    """Return what `template` prints for `data`. Raises InvalidArgument."""
    try:
        return execute(template, data, DOCKER)
    except ExecutionError as err:
        raise InvalidArgument(str(err)) from None


def print_one(template: Template, data: Any, *, end: str = "\n") -> None:
    """Print what `template` makes of `data`, or what it had until it failed, and `end`.

    Raises InvalidArgument then.
    """
    try:
        print(execute(template, data, DOCKER), end=end)
    except ExecutionError as err:
        print(err.output, end=end)
        raise InvalidArgument(str(err)) from None


def each(template: Template, records: Iterable[Record]) -> list[str]:
    """Return what `template` prints for each. Raises InvalidArgument."""
    try:
        return [execute(template, record, DOCKER) for record in records]
    except TemplateError as err:
        raise InvalidArgument(f"{_PROBLEM}: {err}") from None


def header(
    template: Template, headers: Mapping[str, str], methods: Mapping[str, Callable[[str], str]]
) -> str:
    """Return the line above a table; what fails there shows as far as it came."""
    try:
        return execute(template, _Headers(headers, methods), HEADER)
    except ExecutionError as err:
        return err.output


class _Headers(Record):
    """Headers by field; one that there is none of is `<no value>`."""

    def __init__(
        self, headers: Mapping[str, str], methods: Mapping[str, Callable[[str], str]]
    ) -> None:
        super().__init__("formatter.SubHeaderContext", headers, methods=methods)

    def __contains__(self, name: str) -> bool:
        return True

    def get(self, name: str) -> Any:
        return self._fields.get(name)


def inspected(template: Template, found: Record, *, is_struct_alone: bool = False) -> str:
    """Return what `template` prints for a struct; if that fails, for the JSON that it was made of.

    `is_struct_alone`: without the second try. Raises InvalidArgument with the last failure.
    """
    try:
        return execute(template, found, DOCKER)
    except ExecutionError as err:
        if is_struct_alone:
            raise InvalidArgument(f"{_PROBLEM}: {err}") from None
    try:
        return execute(template, found.wire, DOCKER, is_strict=True)
    except ExecutionError as err:
        raise InvalidArgument(f"{_PROBLEM}: {err}") from None


def used_names(template: Template, record: Record, *, problem: str) -> set[str]:
    """Execute `template` for nothing, and return the fields it asked for.

    Raises InvalidArgument, which says `problem` first.
    """
    try:
        execute(template, record, DOCKER)
    except ExecutionError as err:
        raise InvalidArgument(f"{problem}: {err}") from None
    return record.used
