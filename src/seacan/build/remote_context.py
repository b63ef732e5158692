"""A context that the daemon fetches: an archive at a URL, or a Dockerfile without any files."""

from pathlib import Path
from typing import Final

from seacan.build import archives
from seacan.build.context_tree import ContextTree
from seacan.build.downloads import download, is_git, is_url
from seacan.errors import Internal, InvalidArgument, Unsupported
from seacan.images.remote.tasks import Cancellation

_DOCKERFILE_LIMIT_BYTES: Final = 4 << 20


def fetch(
    url: str, tree: ContextTree, dockerfile: str, directory: Path, cancellation: Cancellation
) -> None:
    """Take in what is at `url`; what is no archive is the Dockerfile, and gets that name.

    `directory` is where it is kept meanwhile, in a file without a name. Blocks. Raises Unsupported
    for repositories, Internal, InvalidArgument; Internal in dockerd's words for no URL.
    """
    if is_git(url):
        raise Unsupported(f"not supported: a repository of git as context: {url}")
    if not is_url(url):
        raise Internal(f"remoteURL ({url}) could not be recognized as URL")
    with download(url, directory, "", cancellation) as file:
        if archives.is_archive(file.open):
            with file.open() as archive:
                tree.receive(archive)
            return
        if file.size_bytes > _DOCKERFILE_LIMIT_BYTES:
            raise InvalidArgument(f"{url}: neither an archive nor a Dockerfile")
        with file.open() as text:
            tree.add_file(dockerfile, text.read())
