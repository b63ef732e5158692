"""The instructions of a Dockerfile, as records: one class for each.

Words are as they were written, variables and quotes in them: build/evaluation.py gives them their
values, once it is known what a stage is based on. Source: the Dockerfile reference.
"""

import msgspec


class Source(msgspec.Struct, frozen=True):
    """Where an instruction stands."""

    name: str  # the keyword, as it was written
    text: str  # the whole, its lines joined
    first_line: int  # from 1
    last_line: int  # of its here-documents, if it has any
    comments: tuple[str, ...] = ()  # the lines right above, without the #


class Heredoc(msgspec.Struct, frozen=True):
    """A here-document: what stands between `<<NAME` and NAME."""

    name: str
    content: str  # of whole lines, each with its end
    is_expanded: bool = True  # false if the name was quoted
    strips_tabs: bool = False  # <<-NAME
    descriptor: int = 0  # 3 of 3<<NAME


class Pair(msgspec.Struct, frozen=True):
    name: str
    value: str
    is_legacy: bool = False  # `NAME value`, without a =


class From(msgspec.Struct, frozen=True):
    source: Source
    base: str
    name: str = ""  # in lower case; empty if the stage has none
    platform: str = ""


class Declaration(msgspec.Struct, frozen=True):
    """A variable that ARG makes known; `default` is None if it has none."""

    name: str
    default: str | None = None


class Arg(msgspec.Struct, frozen=True):
    source: Source
    declarations: tuple[Declaration, ...]


class Env(msgspec.Struct, frozen=True):
    source: Source
    pairs: tuple[Pair, ...]


class Label(msgspec.Struct, frozen=True):
    source: Source
    pairs: tuple[Pair, ...]


class Maintainer(msgspec.Struct, frozen=True):
    source: Source
    author: str


class Document(msgspec.Struct, frozen=True):
    """A file that is written in the Dockerfile itself."""

    name: str
    content: str
    is_expanded: bool = True


class Copy(msgspec.Struct, frozen=True):
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


class Add(msgspec.Struct, frozen=True):
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


class Command(msgspec.Struct, frozen=True):
    """What RUN, CMD, ENTRYPOINT run: the words of a list, or one line for the shell."""

    words: tuple[str, ...]
    is_for_shell: bool
    heredocs: tuple[Heredoc, ...] = ()


class Run(msgspec.Struct, frozen=True):
    source: Source
    command: Command
    mounts: tuple[str, ...] = ()  # as written; see mounts.py
    network: str = ""  # default, none, host
    security: str = ""  # sandbox, insecure


class Cmd(msgspec.Struct, frozen=True):
    source: Source
    command: Command


class Entrypoint(msgspec.Struct, frozen=True):
    source: Source
    command: Command


class Healthcheck(msgspec.Struct, frozen=True):
    """How health is checked: `test` as in the image's config; times of 0 mean the default."""

    source: Source
    test: tuple[str, ...]
    interval_ns: int = 0
    timeout_ns: int = 0
    start_period_ns: int = 0
    start_interval_ns: int = 0
    retries: int = 0


class Expose(msgspec.Struct, frozen=True):
    source: Source
    ports: tuple[str, ...]


class Volume(msgspec.Struct, frozen=True):
    source: Source
    paths: tuple[str, ...]


class User(msgspec.Struct, frozen=True):
    source: Source
    user: str


class Workdir(msgspec.Struct, frozen=True):
    source: Source
    path: str


class Stopsignal(msgspec.Struct, frozen=True):
    source: Source
    signal: str


class Shell(msgspec.Struct, frozen=True):
    source: Source
    words: tuple[str, ...]


class Onbuild(msgspec.Struct, frozen=True):
    source: Source
    trigger: str  # an instruction, with its here-documents


# What a stage is made of; FROM begins one.
Instruction = (
    Arg | Env | Label | Maintainer | Copy | Add | Run | Cmd | Entrypoint | Healthcheck | Expose
    | Volume | User | Workdir | Stopsignal | Shell | Onbuild
)  # fmt: skip


class Stage(msgspec.Struct, frozen=True):
    begin: From
    instructions: tuple[Instruction, ...]


class Dockerfile(msgspec.Struct, frozen=True):
    global_args: tuple[Arg, ...]  # those before the first FROM
    stages: tuple[Stage, ...]
    escape: str = "\\"  # or a backtick
    checks: str = ""  # of the directive `# check=`
    syntax: str = ""  # of the directive `# syntax=`
    empty_continuations: tuple[int, ...] = ()  # lines that end what has an empty line in it
