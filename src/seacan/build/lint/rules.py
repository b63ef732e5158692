"""The rules. Names, and the pages that explain them, are Docker's: its tools know them.

Source: Docker's build checks reference.
"""

import re
from enum import Enum
from typing import Final

_PAGES: Final = "https://docs.docker.com/go/dockerfile/rule/"


class Rule(Enum):
    """A rule: what it is about, and what to do about it."""

    STAGE_NAME_CASING = (
        "StageNameCasing",
        "Stage names should be lowercase",
        "write the name in lower case; FROM and --from find it in any case",
    )
    FROM_AS_CASING = (
        "FromAsCasing",
        "The 'as' keyword should match the case of the 'from' keyword",
        "write AS as FROM is written",
    )
    NO_EMPTY_CONTINUATION = (
        "NoEmptyContinuation",
        "Empty continuation lines will become errors in a future release",
        "remove the empty lines within the instruction, or begin them with #",
    )
    CONSISTENT_INSTRUCTION_CASING = (
        "ConsistentInstructionCasing",
        "All commands within the Dockerfile should use the same casing (either upper or lower)",
        "write all instructions in upper case, or all in lower case",
    )
    DUPLICATE_STAGE_NAME = (
        "DuplicateStageName",
        "Stage names should be unique",
        "give one of the stages another name",
    )
    RESERVED_STAGE_NAME = (
        "ReservedStageName",
        "Reserved words should not be used as stage names",
        "give the stage another name: this one means something else",
    )
    JSON_ARGS_RECOMMENDED = (
        "JSONArgsRecommended",
        "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to "
        "OS signals",
        'write the command as a list, ["program", "argument"]: a shell does not pass signals on',
    )
    MAINTAINER_DEPRECATED = (
        "MaintainerDeprecated",
        "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
        'use LABEL org.opencontainers.image.authors="…"',
    )
    UNDEFINED_ARG_IN_FROM = (
        "UndefinedArgInFrom",
        "FROM command must use declared ARGs",
        "declare the variable with ARG before the first FROM",
    )
    WORKDIR_RELATIVE_PATH = (
        "WorkdirRelativePath",
        "Relative workdir without an absolute workdir declared within the build can have "
        "unexpected results if the base image changes",
        "begin the path with /",
    )
    UNDEFINED_VAR = (
        "UndefinedVar",
        "Variables should be defined before their use",
        "declare it with ARG or ENV in this stage, or give it a default: ${name:-value}",
    )
    MULTIPLE_INSTRUCTIONS_DISALLOWED = (
        "MultipleInstructionsDisallowed",
        "Multiple instructions of the same type should not be used in the same stage",
        "remove this one: a later one of the stage takes its place",
    )
    LEGACY_KEY_VALUE_FORMAT = (
        "LegacyKeyValueFormat",
        "Legacy key/value format with whitespace separator should not be used",
        "put = between name and value",
    )
    REDUNDANT_TARGET_PLATFORM = (
        "RedundantTargetPlatform",
        "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the "
        "default behavior",
        "remove --platform",
    )
    SECRETS_USED_IN_ARG_OR_ENV = (
        "SecretsUsedInArgOrEnv",
        "Sensitive data should not be used in the ARG or ENV commands",
        "use RUN --mount=type=secret: arguments and variables stay in the image",
    )
    INVALID_DEFAULT_ARG_IN_FROM = (
        "InvalidDefaultArgInFrom",
        "Default value for global ARG results in an empty or invalid base image name",
        "give the ARG a default that makes the name of an image",
    )
    COPY_IGNORED_FILE = (
        "CopyIgnoredFile",
        "Attempting to Copy file that is excluded by .dockerignore",
        "remove the path from .dockerignore, or the instruction",
    )
    INVALID_DEFINITION_DESCRIPTION = (
        "InvalidDefinitionDescription",
        "Comment for build stage or argument should follow the format: "
        "`# <arg/stage name> <description>`. If this is not intended to be a description comment, "
        "add an empty line or comment between the instruction and the comment.",
        "begin the comment with the name, or put an empty line after it",
    )
    EXPOSE_PROTO_CASING = (
        "ExposeProtoCasing",
        "Protocol in EXPOSE instruction should be lowercase",
        "write the protocol in lower case",
    )
    EXPOSE_INVALID_FORMAT = (
        "ExposeInvalidFormat",
        "IP address and host-port mapping should not be used in EXPOSE instruction. "
        "This will become an error in a future release",
        "leave the port of the container alone; where it is published says run -p",
    )
    FROM_PLATFORM_FLAG_CONST_DISALLOWED = (
        "FromPlatformFlagConstDisallowed",
        "FROM --platform flag should not use a constant value",
        "use $BUILDPLATFORM or $TARGETPLATFORM, or remove --platform and give it to the build",
    )

    def __init__(self, title: str, description: str, hint: str) -> None:
        self.title = title
        self.description = description
        self.hint = hint

    @property
    def is_experimental(self) -> bool:
        """Whether it is to be asked for."""
        return self is Rule.INVALID_DEFINITION_DESCRIPTION

    @property
    def url(self) -> str:
        words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+", self.title)
        return f"{_PAGES}{'-'.join(words).lower()}/"
