"""The Dockerfile instructions that change an image's config: of `import` and `commit --change`.

Source: Dockerfile reference; the sentences are Docker's.
"""

import json
import re
import signal
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Final

from seacan.errors import InvalidArgument
from seacan.images import words
from seacan.spec.image import ExecutionConfig, Healthcheck

_SHELL: Final = ["/bin/sh", "-c"]
_LEAST_NS: Final = 10**6
_UNITS_NS: Final = {
    "ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)", re.ASCII)
_HEALTH_TIMES: Final = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start-period": "StartPeriod",
    "start-interval": "StartInterval",
}


def apply(changes: Sequence[str], config: ExecutionConfig | None = None) -> ExecutionConfig:
    """Return the config that the instructions make of `config`, in their order.

    Raises InvalidArgument.
    """
    changed = _Changed(config or {})
    for line in _lines("\n".join(changes)):
        instruction, _, rest = line.partition(" ")
        change = _INSTRUCTIONS.get(instruction.upper())
        if change is None:
            raise InvalidArgument(f"{instruction.upper()} is not a valid change command")
        change(changed, rest.strip())
    return changed.config


class _Changed:
    def __init__(self, config: ExecutionConfig) -> None:
        self.config: ExecutionConfig = {**config}
        self._has_own_cmd = False

    @property
    def variables(self) -> dict[str, str]:
        pairs = (entry.partition("=") for entry in self.config.get("Env") or [])
        return {name: value for name, _, value in pairs}

    def cmd(self, text: str) -> None:
        self.config["Cmd"] = _command(text)
        self._has_own_cmd = True

    def entrypoint(self, text: str) -> None:
        self.config["Entrypoint"] = _command(text)
        if not self._has_own_cmd:  # that was of another entry point
            self.config.pop("Cmd", None)

    def env(self, text: str) -> None:
        environment = self.variables | dict(_pairs("ENV", text, self.variables))
        self.config["Env"] = [f"{name}={value}" for name, value in environment.items()]

    def label(self, text: str) -> None:
        labels = dict(self.config.get("Labels") or {})
        self.config["Labels"] = labels | dict(_pairs("LABEL", text, self.variables))

    def expose(self, text: str) -> None:
        ports = dict(self.config.get("ExposedPorts") or {})
        for word in self._words("EXPOSE", text):
            ports |= {port: {} for port in _ports(word)}
        self.config["ExposedPorts"] = ports

    def volume(self, text: str) -> None:
        listed = _json_list(text)
        volumes = dict(self.config.get("Volumes") or {})
        for word in self._words("VOLUME", text) if listed is None else listed:
            if not word.strip():
                raise InvalidArgument("VOLUME specified can not be an empty string")
            volumes[word] = {}
        self.config["Volumes"] = volumes

    def user(self, text: str) -> None:
        self.config["User"] = self._word("USER", text)

    def workdir(self, text: str) -> None:
        path = words.expand(text, self.variables)
        if not path:
            raise InvalidArgument("WORKDIR requires exactly one argument")
        whole = PurePosixPath("/", self.config.get("WorkingDir") or "/", path)
        self.config["WorkingDir"] = _without_dots(whole)

    def stopsignal(self, text: str) -> None:
        word = self._word("STOPSIGNAL", text)
        if not _is_signal(word):
            raise InvalidArgument(f"invalid signal: {word}")
        self.config["StopSignal"] = word

    def onbuild(self, text: str) -> None:
        trigger = text.partition(" ")[0].upper()
        if not trigger:
            raise InvalidArgument("ONBUILD requires at least one argument")
        if trigger == "ONBUILD":
            raise InvalidArgument("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
        if trigger in ("FROM", "MAINTAINER"):
            raise InvalidArgument(f"{trigger} isn't allowed as an ONBUILD trigger")
        self.config["OnBuild"] = [*(self.config.get("OnBuild") or []), text]

    def healthcheck(self, text: str) -> None:
        options, text = _options(text)
        kind, _, rest = text.partition(" ")
        match kind.upper():
            case "NONE":
                if rest or options:
                    raise InvalidArgument("HEALTHCHECK NONE takes no arguments")
                check = Healthcheck(Test=["NONE"])
            case "CMD":
                check = _healthcheck(rest.strip(), options)
            case "":
                raise InvalidArgument("HEALTHCHECK requires at least one argument")
            case other:
                raise InvalidArgument(f'Unknown type "{other}" in HEALTHCHECK (try CMD)')
        self.config["Healthcheck"] = check

    def _words(self, instruction: str, text: str) -> list[str]:
        found = words.split(text, self.variables)
        if not found:
            raise InvalidArgument(f"{instruction} requires at least one argument")
        return found

    def _word(self, instruction: str, text: str) -> str:
        found = words.split(text, self.variables)
        if len(found) != 1:
            raise InvalidArgument(f"{instruction} requires exactly one argument")
        return found[0]


_INSTRUCTIONS: Final[dict[str, Callable[[_Changed, str], None]]] = {
    "CMD": _Changed.cmd,
    "ENTRYPOINT": _Changed.entrypoint,
    "ENV": _Changed.env,
    "EXPOSE": _Changed.expose,
    "HEALTHCHECK": _Changed.healthcheck,
    "LABEL": _Changed.label,
    "ONBUILD": _Changed.onbuild,
    "STOPSIGNAL": _Changed.stopsignal,
    "USER": _Changed.user,
    "VOLUME": _Changed.volume,
    "WORKDIR": _Changed.workdir,
}


def _lines(text: str) -> list[str]:
    """Return the instructions: lines, joined where one ends in a backslash; no comments."""
    lines: list[str] = []
    goes_on = False
    for raw in text.split("\n"):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if goes_on:
            line = lines.pop() + line
        goes_on = line.endswith("\\")
        lines.append(line.removesuffix("\\"))
    return lines


def _command(text: str) -> list[str]:
    """Return a command in its JSON form, or else as a line for the shell."""
    listed = _json_list(text)
    return [*_SHELL, text] if listed is None else listed


def _json_list(text: str) -> list[str] | None:
    """Return a list of strings in JSON; None if it is something else."""
    if not text.startswith("["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if all(isinstance(item, str) for item in value) else None


def _pairs(instruction: str, text: str, variables: dict[str, str]) -> list[tuple[str, str]]:
    """Return the names and values of `A=b C="d e"`, or of the old form `A b c`."""
    name, blank, value = text.partition(" ")
    if "=" not in name:
        if not blank:
            raise InvalidArgument(f"{instruction} must have two arguments")
        return [(name, words.expand(value.strip(), variables))]
    pairs = [word.partition("=") for word in words.split(text, variables)]
    for name, equals, _ in pairs:
        if not equals:
            raise InvalidArgument(
                f"Syntax error - can't find = in {name!r}. Must be of the form: name=value"
            )
        if not name:
            raise InvalidArgument(f"{instruction} names can not be blank")
    return [(name, value) for name, _, value in pairs]


def _ports(word: str) -> list[str]:
    """Return `80/tcp` for 80; each of them for 80-82/udp."""
    numbers, _, protocol = word.partition("/")
    protocol = protocol.lower() or "tcp"
    if protocol not in ("tcp", "udp", "sctp"):
        raise InvalidArgument(f"Invalid proto: {protocol}")
    first, dash, last = numbers.partition("-")
    if not dash:
        last = first
    bounds = [int(n) if n.isascii() and n.isdigit() and len(n) < 6 else -1 for n in (first, last)]
    if not 0 <= bounds[0] <= bounds[1] <= 65535:
        raise InvalidArgument(f"Invalid containerPort: {numbers}")
    return [f"{port}/{protocol}" for port in range(bounds[0], bounds[1] + 1)]


def _options(text: str) -> tuple[dict[str, str], str]:
    """Return the options `--name=value` at the start of `text`, and the rest."""
    options = {}
    while text.startswith("--"):
        option, _, text = text.partition(" ")
        name, equals, value = option[2:].partition("=")
        if not equals:
            raise InvalidArgument(f"missing a value on flag: {name}")
        options[name] = value
        text = text.strip()
    return options, text


def _healthcheck(command: str, options: dict[str, str]) -> Healthcheck:
    if not command:
        raise InvalidArgument("Missing command after HEALTHCHECK CMD")
    listed = _json_list(command)
    check: Healthcheck = {"Test": ["CMD-SHELL", command] if listed is None else ["CMD", *listed]}
    times: dict[str, int] = {}
    for name, value in options.items():
        if name == "retries":
            if not (value.isascii() and value.isdigit() and int(value[:9]) > 0):
                raise InvalidArgument(f"--retries must be at least 1 (not {value})")
            check["Retries"] = int(value[:9])
        elif name in _HEALTH_TIMES:
            times[_HEALTH_TIMES[name]] = _duration_ns(name, value)
        else:
            raise InvalidArgument(f"unknown flag: {name}")
    return {**check, **times}  # type: ignore[typeddict-item]


def _duration_ns(name: str, text: str) -> int:
    """Return nanoseconds of a duration as Go writes it: 1m30s, 500ms, 1.5h."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise InvalidArgument(f'time: invalid duration "{text}"')
    total = sum(int(float(number) * _UNITS_NS[unit]) for number, unit in parts)
    if 0 < total < _LEAST_NS:
        raise InvalidArgument(f'Interval "{name}" cannot be less than 1ms')
    return total


def _is_signal(word: str) -> bool:
    if word.isascii() and word.isdigit():
        return 0 < int(word[:9]) <= signal.NSIG - 1
    name = "SIG" + word.upper().removeprefix("SIG")
    base = name.partition("+")[0].partition("-")[0]
    return base in signal.Signals.__members__


def _without_dots(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts[1:]:
        if part == "..":
            del parts[-1:]
        else:
            parts.append(part)
    return "/" + "/".join(parts)
