"""What instructions make of an image's config: all of them but RUN, COPY and ADD.

Source: the Dockerfile reference; what history says is in the words of Docker's classic builder.
"""

import posixpath
import signal
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from seacan.build import ports
from seacan.build.dockerfile.errors import Misplaced
from seacan.build.dockerfile.instructions import (
    Cmd,
    Command,
    Entrypoint,
    Env,
    Expose,
    Healthcheck,
    Instruction,
    Label,
    Maintainer,
    Onbuild,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
)
from seacan.build.words import go_duration, go_strings
from seacan.errors import InvalidArgument
from seacan.spec.image import ExecutionConfig
from seacan.spec.image import Healthcheck as HealthConfig

_DEFAULT_SHELL: Final = ("/bin/sh", "-c")
_DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MOST_VARIABLES: Final = 2000
_MOST_TEXT: Final = 1 << 20
_MOST_PORTS: Final = 1_000_000  # of all EXPOSE together, each with those before it
_LONGEST_PATH: Final = 4096  # PATH_MAX


class Draft:
    """A config that instructions change, one after the other; the one it was made of stays."""

    def __init__(self, config: ExecutionConfig, author: str = "") -> None:
        self.config: ExecutionConfig = {**config}
        self.author = author
        self._has_own_cmd = False
        self._ports = 0

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment, by name."""
        pairs = (entry.partition("=") for entry in self.config.get("Env") or [])
        return {name: value for name, _, value in pairs}

    def set_default_path(self) -> None:
        if "PATH" not in self.variables:
            self.config["Env"] = [*(self.config.get("Env") or []), f"PATH={_DEFAULT_PATH}"]

    def argv(self, command: Command) -> tuple[str, ...]:
        """Return the words to run: a line gets the shell before it."""
        if not command.is_for_shell:
            return command.words
        shell = self.config.get("Shell") or _DEFAULT_SHELL
        return (*shell, " ".join(command.words))

    def apply(self, instruction: Instruction) -> str:
        """Change the config; return what history says of it, empty if nothing changes.

        Raises InvalidArgument.
        """
        match instruction:
            case Env(pairs=pairs):
                said = self._env({pair.name: pair.value for pair in pairs})
            case Label(pairs=pairs):
                said = self._label({pair.name: pair.value for pair in pairs})
            case Maintainer(author=author):
                self.author = author
                said = f"MAINTAINER {author}"
            case Cmd(command=command):
                said = self._cmd(self.argv(command))
            case Entrypoint(command=command):
                said = self._entrypoint(self.argv(command))
            case Healthcheck():
                said = self._healthcheck(instruction)
            case Expose(ports=written):
                said = self._expose(written)
            case Volume(paths=paths):
                said = self._volume(paths)
            case User(user=user):
                self.config["User"] = user
                said = f"USER {user}"
            case Workdir(path=path):
                return self.nop(self._workdir(path), blanks=1)
            case Stopsignal(signal=name):
                said = self._stopsignal(name)
            case Shell(words=words):
                self.config["Shell"] = [*words]
                said = f"SHELL [{' '.join(words)}]"
            case Onbuild(trigger=trigger):
                self.config["OnBuild"] = [*(self.config.get("OnBuild") or []), trigger]
                said = f"ONBUILD {trigger}"
            case _:
                return ""
        return self.nop(said)

    def nop(self, said: str, blanks: int = 2) -> str:
        """Return how history words an instruction that runs nothing."""
        shell = " ".join(self.config.get("Shell") or _DEFAULT_SHELL)
        return f"{shell} #(nop){' ' * blanks}{said}"

    def _env(self, pairs: Mapping[str, str]) -> str:
        if "" in pairs:
            raise InvalidArgument("ENV names can not be blank")
        variables = {**self.variables, **pairs}
        size = sum(len(name) + len(value) for name, value in variables.items())
        if len(variables) > _MOST_VARIABLES or size > _MOST_TEXT:
            raise InvalidArgument("the environment is too large")
        self.config["Env"] = [f"{name}={value}" for name, value in variables.items()]
        return _said("ENV", pairs)

    def _label(self, pairs: Mapping[str, str]) -> str:
        if "" in pairs:
            raise InvalidArgument("LABEL names can not be blank")
        labels = {**(self.config.get("Labels") or {}), **pairs}
        if len(labels) > _MOST_VARIABLES:
            raise InvalidArgument("too many labels")
        self.config["Labels"] = labels
        return _said("LABEL", pairs)

    def _set(self, name: Literal["Cmd", "Entrypoint"], argv: Sequence[str]) -> None:
        if argv:
            self.config[name] = [*argv]
        else:
            self.config.pop(name, None)

    def _cmd(self, argv: Sequence[str]) -> str:
        self._set("Cmd", argv)
        self._has_own_cmd = True
        return f"CMD {go_strings(argv)}"

    def _entrypoint(self, argv: Sequence[str]) -> str:
        self._set("Entrypoint", argv)
        if not self._has_own_cmd:  # that was of another entry point
            self.config.pop("Cmd", None)
        return f"ENTRYPOINT {go_strings(argv)}"

    def _healthcheck(self, check: Healthcheck) -> str:
        config: HealthConfig = {"Test": [*check.test]}
        if check.interval_ns:
            config["Interval"] = check.interval_ns
        if check.timeout_ns:
            config["Timeout"] = check.timeout_ns
        if check.start_period_ns:
            config["StartPeriod"] = check.start_period_ns
        if check.start_interval_ns:
            config["StartInterval"] = check.start_interval_ns
        if check.retries:
            config["Retries"] = check.retries
        self.config["Healthcheck"] = config
        times = (
            check.interval_ns, check.timeout_ns, check.start_period_ns, check.start_interval_ns,
        )  # fmt: skip
        durations = " ".join(go_duration(time_ns) for time_ns in times)
        return f"HEALTHCHECK &{{[{' '.join(check.test)}] {durations} {check.retries}}}"

    def _expose(self, written: Sequence[str]) -> str:
        found: dict[str, object] = {**(self.config.get("ExposedPorts") or {})}
        for text in written:
            listed = ports.exposed(text)
            self._ports += len(listed)
            if self._ports > _MOST_PORTS:
                raise InvalidArgument("EXPOSE of too many ports")
            found |= {port: {} for port in listed}
        self._ports += len(found)
        self.config["ExposedPorts"] = found
        return f"EXPOSE {' '.join(sorted(written))}"

    def _volume(self, paths: Sequence[str]) -> str:
        if "" in paths:
            raise InvalidArgument("VOLUME specified can not be an empty string")
        volumes = {**(self.config.get("Volumes") or {}), **{path: {} for path in paths}}
        if len(volumes) > _MOST_VARIABLES:
            raise InvalidArgument("too many volumes")
        self.config["Volumes"] = volumes
        return f"VOLUME [{' '.join(paths)}]"

    def _workdir(self, path: str) -> str:
        if not path:
            raise InvalidArgument("WORKDIR cannot normalize nothing")
        whole = posixpath.join("/", self.config.get("WorkingDir") or "/", path)
        # Two slashes at the start stay two, in POSIX's words; not in a container.
        found = "/" + posixpath.normpath(whole).lstrip("/")
        if len(found) > _LONGEST_PATH:
            raise InvalidArgument("WORKDIR is too long")
        self.config["WorkingDir"] = found
        return f"WORKDIR {self.config['WorkingDir']}"

    def _stopsignal(self, name: str) -> str:
        if not _is_signal(name):
            raise Misplaced(f"invalid signal: {name}", name)
        self.config["StopSignal"] = name
        return f"STOPSIGNAL {name}"


def _said(keyword: str, pairs: Mapping[str, str]) -> str:
    return " ".join([keyword, *(f"{name}={value}" for name, value in pairs.items())])


def _is_signal(text: str) -> bool:
    if text.isascii() and text.isdecimal():
        return 0 < int(text[:9]) < signal.NSIG
    name = "SIG" + text.upper().removeprefix("SIG")
    return name.partition("+")[0].partition("-")[0] in signal.Signals.__members__
