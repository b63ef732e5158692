"""A stage whose base is known: its steps, with values for variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from seacan.build.dockerfile.instructions import Instruction
from seacan.build.dockerfile.mounts import Mount
from seacan.build.origins import Origin
from seacan.spec.image import ExecutionConfig


@dataclass(frozen=True, slots=True)
class Step:
    """An instruction as it is to be done, and the config of the image after it."""

    instruction: Instruction  # its variables have their values
    config: ExecutionConfig
    author: str
    args: Mapping[str, str]  # build arguments in use, as RUN sees them and history names them
    proxies: Mapping[str, str] = field(default_factory=dict)  # for RUN, but in no cache key
    argv: tuple[str, ...] = ()  # of RUN, the shell before it
    origin: Origin | None = None  # of COPY and ADD
    mounts: tuple[tuple[Mount, Origin], ...] = ()  # of RUN
    is_onbuild: bool = False  # a trigger of the base

    @property
    def environment(self) -> dict[str, str]:
        """What RUN's process has: the arguments, the proxies, and over them the config's Env."""
        pairs = (entry.partition("=") for entry in self.config.get("Env") or [])
        return {**self.proxies, **self.args, **{name: value for name, _, value in pairs}}
