"""A context that the daemon fetches: a repository, an archive, or a Dockerfile without files."""

from typing import Final

from seacan.build import archives
from seacan.build.context_tree import ContextTree
from seacan.build.downloads import download, is_url
from seacan.build.git.repositories import Repositories
from seacan.errors import Internal, InvalidArgument
from seacan.spec import git_urls

_DOCKERFILE_LIMIT_BYTES: Final = 4 << 20


def fetch(
    url: str,
    tree: ContextTree,
    repositories: Repositories,
    *,
    dockerfile: str,
    keeps_git_directory: bool,
) -> None:
    """Take in what is at `url`; what is no archive is the Dockerfile, and gets that name.

    Blocks. Raises Internal, InvalidArgument, Unavailable; Internal in dockerd's words for no URL.
    """
    repository = git_urls.parse_context(url)
    if repository is not None:
        commit = repositories.resolve(repository, keeps_git_directory=keeps_git_directory)
        repositories.receive(commit, tree)
        return
    if not is_url(url):
        raise Internal(f"remoteURL ({url}) could not be recognized as URL")
    with download(url, repositories.directory, "", repositories.access.cancellation) as file:
        if archives.is_archive(file.open):
            with file.open() as archive:
                tree.receive(archive)
            return
        if file.size_bytes > _DOCKERFILE_LIMIT_BYTES:
            raise InvalidArgument(f"{url}: neither an archive nor a Dockerfile")
        with file.open() as text:
            tree.add_file(dockerfile, text)
