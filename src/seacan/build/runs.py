"""RUN: a command in the root that a stage has come to, and the layer of what it changed."""

import posixpath
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final, cast

import msgspec

from seacan.build.dockerfile.instructions import Run
from seacan.build.evaluation import Step
from seacan.build.origins import Origin
from seacan.build.run_mounts import RunMounts
from seacan.build.running import Output, RunStep, StepRunner
from seacan.build.state import State
from seacan.build.workbench import Workbench
from seacan.errors import Forbidden, Internal
from seacan.images.building import BuiltLayer
from seacan.spec.engine_api import HostConfig

HOSTNAME: Final = "buildkitsandbox"  # as with BuildKit: always the same, for what notes it


class CommandFailed(Internal):
    """A command of the Dockerfile ended with another status than 0."""

    def __init__(self, argv: Sequence[str], status: int) -> None:
        super().__init__(f"The command '{' '.join(argv)}' returned a non-zero code: {status}")
        self.argv = tuple(argv)
        self.status = status


class RunSteps(msgspec.Struct, frozen=True):
    bench: Workbench
    runner: StepRunner
    mounts: RunMounts
    host_config: HostConfig  # limits, network and hosts of the whole build
    hostname: str = ""  # as in RunStep; one of its own is part of a command's key

    async def said(self, step: Step, origins: Mapping[Origin, State]) -> Sequence[Any]:
        """Return what a command's key is made of, beside its words."""
        instruction = cast(Run, step.instruction)
        return [
            list(step.argv),
            sorted(step.args.items()),
            instruction.network or self.host_config.get("NetworkMode") or "",
            instruction.security,
            await self.mounts.said(step, origins),
            *([self.hostname] if self.hostname not in ("", HOSTNAME) else []),
        ]

    async def do(
        self,
        step: Step,
        state: State,
        origins: Mapping[Origin, State],
        started: Callable[[str], Awaitable[None]],
        output: Output,
    ) -> BuiltLayer | None:
        """Run the command. Raises CommandFailed, and what keeps it from being started."""
        config = step.config
        async with AsyncExitStack() as held:
            mounted = await held.enter_async_context(self.mounts.ready(step, origins))
            environment = {**step.environment, **mounted.environment}
            host_config = self._host_config(cast(Run, step.instruction))
            # Who shares another's network has its name.
            is_shared = (host_config.get("NetworkMode") or "").startswith("container:")
            run = RunStep(
                argv=step.argv,
                environment=[f"{name}={value}" for name, value in environment.items()],
                user=config.get("User") or "",
                working_dir=posixpath.normpath(config.get("WorkingDir") or "/"),
                layers=self.bench.layers(state),
                host_config=host_config,
                mounts=mounted.mounts,
                hostname="" if is_shared else self.hostname,
            )
            ran = await held.enter_async_context(self.runner.run(run, started, output))
            if ran.status:
                raise CommandFailed(step.argv, ran.status)
            return await self.bench.layer(state, ran.upper)

    def _host_config(self, instruction: Run) -> HostConfig:
        """Return that of one command. Raises Forbidden."""
        host_config: HostConfig = {**self.host_config}
        if instruction.network and instruction.network != "default":
            if instruction.network == "host" and host_config.get("NetworkMode") != "host":
                raise Forbidden("network.host is not allowed")
            host_config["NetworkMode"] = instruction.network
        if instruction.security == "insecure":
            raise Forbidden("security.insecure is not allowed")
        return host_config
