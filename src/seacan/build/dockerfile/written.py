"""An instruction as it is written, its words told apart."""

import msgspec

from seacan.build.dockerfile import words
from seacan.build.dockerfile.heredocs import Mark, marks
from seacan.build.dockerfile.instructions import Heredoc, Source


class Written(msgspec.Struct, frozen=True):
    source: Source
    keyword: str  # in capitals
    options: list[str]
    rest: str
    escape: str
    heredocs: tuple[Heredoc, ...] = ()

    @classmethod
    def read(cls, source: Source, escape: str) -> "Written":
        keyword, text = words.split_keyword(source.text)
        options, rest = words.split_options(text, escape)
        return cls(source, keyword.upper(), options, rest, escape)

    def marks(self) -> list[Mark]:
        """Return the here-documents that follow the line."""
        keyword, rest = self.keyword, self.rest
        if keyword == "ONBUILD":
            keyword, text = words.split_keyword(rest)
            _, rest = words.split_options(text, self.escape)
        has_documents = keyword.upper() in ("ADD", "COPY", "RUN")
        if not has_documents or words.json_list(rest) is not None:
            return []
        return marks(self.source.text)
