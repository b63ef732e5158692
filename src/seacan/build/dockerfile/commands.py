"""One logical line → its instruction. The sentences are Docker's, since people look for them."""

from collections.abc import Callable, Mapping
from typing import Final

from seacan.build.dockerfile import copies, health, words
from seacan.build.dockerfile.errors import Misplaced, suggestion
from seacan.build.dockerfile.instructions import (
    Arg,
    Cmd,
    Command,
    Declaration,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Instruction,
    Label,
    Maintainer,
    Onbuild,
    Pair,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
)
from seacan.build.dockerfile.names import check_stage_name
from seacan.build.dockerfile.options import Options
from seacan.build.dockerfile.words import json_list
from seacan.build.dockerfile.written import Written
from seacan.build.words import go_string
from seacan.errors import InvalidArgument

_NETWORKS: Final = ("", "default", "none", "host")
_SECURITY: Final = ("", "sandbox", "insecure")


def read(written: Written) -> Instruction | From:
    """Return the instruction. Raises InvalidArgument."""
    reader = _READERS.get(written.keyword)
    if reader is None:
        meant = suggestion(written.keyword, _READERS)
        keyword = written.source.name
        if keyword.islower():
            meant = meant.lower()
        raise Misplaced(f"unknown instruction: {keyword}{meant}", keyword)
    return reader(written)


def _from(written: Written) -> From:
    parts = words.split_blanks(written.rest)
    if len(parts) != 1 and not (len(parts) == 3 and parts[1].lower() == "as"):
        raise InvalidArgument("FROM requires either one or three arguments")
    name = parts[2] if len(parts) == 3 else ""
    check_stage_name(name)
    options = Options(written.options, texts=["platform"])
    return From(written.source, parts[0], name.lower(), options.text("platform"))


def _arg(written: Written) -> Arg:
    Options(written.options)
    declarations = []
    for word in words.split_quoted(written.rest, written.escape):
        name, equals, value = word.partition("=")
        if not name:
            raise Misplaced("ARG names can not be blank", word)
        declarations.append(Declaration(name, value if equals else None))
    _check_count("ARG", declarations)
    return Arg(written.source, tuple(declarations))


def _env(written: Written) -> Env:
    return Env(written.source, _pairs(written))


def _label(written: Written) -> Label:
    return Label(written.source, _pairs(written))


def _pairs(written: Written) -> tuple[Pair, ...]:
    """Return the pairs of `A=b C="d e"`, or the one of the old form `A b c`."""
    Options(written.options)
    parts = words.split_quoted(written.rest, written.escape)
    _check_count(written.keyword, parts)
    if "=" not in parts[0]:
        name, value = words.split_keyword(written.rest)
        if not value:
            raise Misplaced(f"{written.keyword} must have two arguments", is_syntax=True)
        return (Pair(name, value, is_legacy=True),)
    pairs = []
    for word in parts:
        name, equals, value = word.partition("=")
        if not equals:
            raise Misplaced(
                f"Syntax error - can't find = in {go_string(word)}. "
                "Must be of the form: name=value",
                word,
                is_syntax=True,
            )
        if not name:
            raise Misplaced(f"{written.keyword} names can not be blank", word)
        pairs.append(Pair(name, value))
    return tuple(pairs)


def _maintainer(written: Written) -> Maintainer:
    return Maintainer(written.source, _text(written))


def _run(written: Written) -> Run:
    options = Options(written.options, texts=["network", "security"], lists=["mount"])
    network, security = options.text("network"), options.text("security")
    if network not in _NETWORKS:
        raise Misplaced(f'invalid network mode "{network}"', network)
    if security not in _SECURITY:
        raise Misplaced(f'security "{security}" is not valid', security)
    command = _command(written)
    if not command.words:
        raise InvalidArgument("RUN requires at least one argument")
    return Run(written.source, command, options.all("mount"), network, security)


def _cmd(written: Written) -> Cmd:
    Options(written.options)
    return Cmd(written.source, _command(written))


def _entrypoint(written: Written) -> Entrypoint:
    Options(written.options)
    return Entrypoint(written.source, _command(written))


def _command(written: Written) -> Command:
    listed = json_list(written.rest)
    if listed is not None:
        return Command(tuple(listed), is_for_shell=False)
    line = (written.rest,) if written.rest else ()
    return Command(line, is_for_shell=True, heredocs=written.heredocs)


def _expose(written: Written) -> Expose:
    Options(written.options)
    ports = words.split_blanks(written.rest)
    _check_count("EXPOSE", ports)
    return Expose(written.source, tuple(sorted(ports)))


def _volume(written: Written) -> Volume:
    Options(written.options)
    listed = json_list(written.rest)
    paths = words.split_blanks(written.rest) if listed is None else listed
    _check_count("VOLUME", paths)
    if not all(path.strip() for path in paths):
        raise InvalidArgument("VOLUME specified can not be an empty string")
    return Volume(written.source, tuple(path.strip() for path in paths))


def _user(written: Written) -> User:
    return User(written.source, _text(written))


def _workdir(written: Written) -> Workdir:
    return Workdir(written.source, _text(written))


def _stopsignal(written: Written) -> Stopsignal:
    return Stopsignal(written.source, _text(written))


def _shell(written: Written) -> Shell:
    Options(written.options)
    listed = json_list(written.rest)
    if listed is None and written.rest:
        raise InvalidArgument("SHELL requires the arguments to be in JSON form")
    _check_count("SHELL", listed or ())
    return Shell(written.source, tuple(listed or ()))


def _onbuild(written: Written) -> Onbuild:
    Options(written.options)
    keyword, _ = words.split_keyword(written.rest)
    match keyword.upper():
        case "":
            raise InvalidArgument("ONBUILD requires at least one argument")
        case "ONBUILD":
            raise InvalidArgument("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
        case "MAINTAINER" | "FROM" as name:
            raise InvalidArgument(f"{name} isn't allowed as an ONBUILD trigger")
    trigger = written.rest
    for heredoc in written.heredocs:
        trigger += f"\n{heredoc.content}{heredoc.name}"
    return Onbuild(written.source, trigger)


def _text(written: Written) -> str:
    """Return all that was written, as one."""
    Options(written.options)
    if not written.rest:
        raise InvalidArgument(f"{written.keyword} requires exactly one argument")
    return written.rest


def _check_count(keyword: str, arguments: object) -> None:
    if not arguments:
        raise InvalidArgument(f"{keyword} requires at least one argument")


def _healthcheck(written: Written) -> Healthcheck:
    return health.read(written.source, written.options, written.rest)


# In the order that suggestions are looked for.
_READERS: Final[Mapping[str, Callable[[Written], Instruction | From]]] = {
    "ADD": copies.read_add,
    "ARG": _arg,
    "CMD": _cmd,
    "COPY": copies.read_copy,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "FROM": _from,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "MAINTAINER": _maintainer,
    "ONBUILD": _onbuild,
    "RUN": _run,
    "SHELL": _shell,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
