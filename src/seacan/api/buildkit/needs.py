"""What a Dockerfile needs of the client of its build: credentials, secrets, ssh agents, files."""

import posixpath
from collections.abc import Iterable, Iterator

import msgspec

from seacan.build.dockerfile import mounts
from seacan.build.dockerfile.instructions import Add, Copy, Instruction, Run
from seacan.build.dockerfile.mounts import Mount, MountType
from seacan.build.downloads import is_url
from seacan.build.plan import Plan
from seacan.errors import InvalidArgument
from seacan.images import references
from seacan.spec import git_urls


class Needs(msgspec.Struct, frozen=True):
    registries: frozenset[str]  # domains
    secrets: frozenset[str]  # ids
    agents: frozenset[str]  # ids
    paths: tuple[str, ...]  # of the main context; empty: all of it
    images: frozenset[str]  # references
    repositories: frozenset[str]  # URLs of what git is to fetch
    needs_context: bool


def needs(plan: Plan) -> Needs:
    """Return what the stages that are built need; what ONBUILD of an image adds, is not known."""
    instructions = [each for stage in plan.stages for each in stage.instructions]
    written = [mount for each in instructions for mount in mounts_of(each)]
    repositories = frozenset(filter(_is_repository, _sources(instructions)))
    agents = {mount.id for mount in written if mount.type is MountType.SSH}
    images = {origin for stage in plan.stages for origin in stage.images}
    paths = [*_paths(instructions, written)]
    return Needs(
        registries=frozenset(references.parse(each.reference).domain for each in images),
        secrets=frozenset(secret_id(each) for each in written if each.type is MountType.SECRET),
        agents=frozenset(agents | ({"default"} if repositories else set())),
        paths=() if None in paths else tuple(sorted({path for path in paths if path})),
        images=frozenset(each.reference for each in images),
        repositories=repositories,
        needs_context=bool(paths),
    )


def secret_id(mount: Mount) -> str:
    """Return the id of the secret that a mount is of."""
    return mount.id or mount.source or posixpath.basename(mount.target)


def mounts_of(instruction: Instruction) -> Iterator[Mount]:
    """Yield the mounts of an instruction, but for those with variables."""
    if isinstance(instruction, Run):
        for written in instruction.mounts:
            try:
                yield mounts.parse(written, lambda text: text)
            except InvalidArgument:
                continue  # it has variables where none may be read yet; the build says what it is


def _sources(instructions: Iterable[Instruction]) -> Iterator[str]:
    for each in instructions:
        if isinstance(each, Add):
            yield from each.paths


def _is_repository(source: str) -> bool:
    return git_urls.parse_context(source) is not None


def _paths(instructions: Iterable[Instruction], written: Iterable[Mount]) -> Iterator[str | None]:
    """Yield the paths of the context that are used; None for what only the build can tell."""
    for each in instructions:
        if (isinstance(each, Copy) and not each.origin) or isinstance(each, Add):
            for source in each.paths:
                if not is_url(source) and not _is_repository(source):
                    yield _path(source)
    for mount in written:
        if mount.type in (MountType.BIND, MountType.CACHE) and not mount.origin:
            yield _path(mount.source) if mount.type is MountType.BIND else ""


def _path(source: str) -> str | None:
    """Return what of the context is meant, None if that is all of it or not to be told."""
    if any(special in source for special in ("$", "\\", '"', "'", "**")):
        return None
    path = posixpath.normpath(f"/{source}")[1:]
    return path or None
