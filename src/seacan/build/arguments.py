"""Build arguments that are there from the start: platforms, proxies, ARG before the first FROM."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import field

from seacan.build.dockerfile import expansion
from seacan.build.dockerfile.errors import at
from seacan.build.dockerfile.expansion import Lexer
from seacan.build.dockerfile.instructions import Dockerfile
from seacan.errors import InvalidArgument
from seacan.images.platforms import Platform, host

# Known without ARG, and RUN's alone: neither cache nor history tells them apart.
PROXIES: Final = frozenset(
    name
    for upper in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
    for name in (upper, upper.lower())
)


class Wanted(msgspec.Struct, frozen=True):
    """What a build is asked for, beside its Dockerfile."""

    target: str = ""  # the name of a stage; empty: the last
    build_args: Mapping[str, str] = field(default_factory=dict)
    platform: Platform = field(default_factory=host)
    build_platform: Platform = field(default_factory=host)
    # By name, those beside the main one: the image that one is, or nothing if it is files.
    contexts: Mapping[str, str] = field(default_factory=dict)
    # As dockerd's classic builder has it, where BuildKit has it otherwise: ENV hides any ARG, new
    # directories of WORKDIR are root's, of COPY all but the last; wildcards have to match.
    is_classic: bool = False


def global_values(file: Dockerfile, wanted: Wanted, lexer: Lexer) -> dict[str, str]:
    """Return the values that FROM sees, and that ARG takes over into a stage.

    Raises DockerfileError.
    """
    values = platform_values(wanted, wanted.target or file.stages[-1].begin.name)
    for arg in file.global_args:
        for each in arg.declarations:
            if each.name in wanted.build_args:
                values[each.name] = wanted.build_args[each.name]
            elif each.default is not None:
                try:
                    values[each.name] = expansion.expand(lexer, each.default, values).text
                except InvalidArgument as err:
                    raise at(arg.source, err) from err
    return values


def platform_values(wanted: Wanted, target: str) -> dict[str, str]:
    """Return the predefined arguments; a build argument of the same name has precedence."""
    values: dict[str, str] = {}
    for prefix, platform in (("BUILD", wanted.build_platform), ("TARGET", wanted.platform)):
        values |= {
            f"{prefix}PLATFORM": str(platform),
            f"{prefix}OS": platform.os,
            f"{prefix}OSVERSION": "",
            f"{prefix}ARCH": platform.architecture,
            f"{prefix}VARIANT": platform.variant,
        }
    values["TARGETSTAGE"] = target or "default"
    return {name: wanted.build_args.get(name, value) for name, value in values.items()}
