"""The instructions of a Dockerfile, as records: one class for each.

Words are as they were written, variables and quotes in them: build/evaluation.py gives them their
values, once it is known what a stage is based on. Source: the Dockerfile reference.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """Where an instruction stands."""

    name: str  # the keyword, as it was written
    text: str  # the whole, its lines joined
    first_line: int  # from 1
    last_line: int  # of its here-documents, if it has any
    comments: tuple[str, ...] = ()  # the lines right above, without the #


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A here-document: what stands between `<<NAME` and NAME."""

    name: str
    content: str  # of whole lines, each with its end
    is_expanded: bool = True  # false if the name was quoted
    strips_tabs: bool = False  # <<-NAME
    descriptor: int = 0  # 3 of 3<<NAME


@dataclass(frozen=True, slots=True)
class Pair:
    name: str
    value: str
    is_legacy: bool = False  # `NAME value`, without a =


@dataclass(frozen=True, slots=True)
class From:
    source: Source
    base: str
    name: str = ""  # in lower case; empty if the stage has none
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A variable that ARG makes known; `default` is None if it has none."""

    name: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Arg:
    source: Source
    declarations: tuple[Declaration, ...]


@dataclass(frozen=True, slots=True)
class Env:
    source: Source
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Label:
    source: Source
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Maintainer:
    source: Source
    author: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file that is written in the Dockerfile itself."""

    name: str
    content: str
    is_expanded: bool = True


@dataclass(frozen=True, slots=True)
class Copy:
    source: Source
    paths: tuple[str, ...]
    documents: tuple[Document, ...]
    destination: str
    origin: str = ""  # --from; empty for the context
    chown: str = ""
    chmod: str = ""
    is_linked: bool = False
    has_parents: bool = False
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Add:
    source: Source
    paths: tuple[str, ...]
    documents: tuple[Document, ...]
    destination: str
    chown: str = ""
    chmod: str = ""
    is_linked: bool = False
    excludes: tuple[str, ...] = ()
    checksum: str = ""
    keeps_git_directory: bool = False
    unpacks: bool | None = None  # None: a local archive is unpacked, a downloaded one is not


@dataclass(frozen=True, slots=True)
class Command:
    """What RUN, CMD, ENTRYPOINT run: the words of a list, or one line for the shell."""

    words: tuple[str, ...]
    is_for_shell: bool
    heredocs: tuple[Heredoc, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    source: Source
    command: Command
    mounts: tuple[str, ...] = ()  # as written; see mounts.py
    network: str = ""  # default, none, host
    security: str = ""  # sandbox, insecure


@dataclass(frozen=True, slots=True)
class Cmd:
    source: Source
    command: Command


@dataclass(frozen=True, slots=True)
class Entrypoint:
    source: Source
    command: Command


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """How health is checked: `test` as in the image's config; times of 0 mean the default."""

    source: Source
    test: tuple[str, ...]
    interval_ns: int = 0
    timeout_ns: int = 0
    start_period_ns: int = 0
    start_interval_ns: int = 0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Expose:
    source: Source
    ports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Volume:
    source: Source
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class User:
    source: Source
    user: str


@dataclass(frozen=True, slots=True)
class Workdir:
    source: Source
    path: str


@dataclass(frozen=True, slots=True)
class Stopsignal:
    source: Source
    signal: str


@dataclass(frozen=True, slots=True)
class Shell:
    source: Source
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Onbuild:
    source: Source
    trigger: str  # an instruction, with its here-documents


# What a stage is made of; FROM begins one.
Instruction = (
    Arg | Env | Label | Maintainer | Copy | Add | Run | Cmd | Entrypoint | Healthcheck | Expose
    | Volume | User | Workdir | Stopsignal | Shell | Onbuild
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stage:
    begin: From
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    global_args: tuple[Arg, ...]  # those before the first FROM
    stages: tuple[Stage, ...]
    escape: str = "\\"  # or a backtick
    checks: str = ""  # of the directive `# check=`
    syntax: str = ""  # of the directive `# syntax=`
    empty_continuations: tuple[int, ...] = ()  # lines that end what has an empty line in it
