"""The instructions that change an image's config without a build: `commit --change`, `import -c`.

Source: moby, daemon/builder/dockerfile, BuildFromConfig; the sentences are dockerd's.
"""

from collections.abc import Sequence
from typing import Final

from seacan.build.config import Draft
from seacan.build.dockerfile import commands
from seacan.build.dockerfile.expansion import Lexer
from seacan.build.dockerfile.instructions import From, Source
from seacan.build.dockerfile.lines import Lines
from seacan.build.dockerfile.words import split_keyword
from seacan.build.dockerfile.written import Written
from seacan.build.values import Expander, with_values
from seacan.errors import InvalidArgument
from seacan.spec.image import ExecutionConfig

_KEYWORDS: Final = frozenset(
    "CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL ONBUILD STOPSIGNAL USER VOLUME WORKDIR".split()
)


def apply(changes: Sequence[str], config: ExecutionConfig | None = None) -> ExecutionConfig:
    """Return the config that the instructions make of `config`, in their order.

    Raises InvalidArgument.
    """
    draft = Draft(config or {})
    lines = Lines("\n".join(changes).encode("utf-8", "replace"))
    lexer = Lexer(escape=lines.escape)
    for line in lines:
        keyword, _ = split_keyword(line.text)
        if keyword.upper() not in _KEYWORDS:
            raise InvalidArgument(f"{keyword} is not a valid change command")
        source = Source(keyword, line.text, line.first, line.last)
        instruction = commands.read(Written.read(source, lines.escape))
        assert not isinstance(instruction, From)
        draft.apply(with_values(instruction, Expander(lexer, draft.variables)))
    return draft.config
