"""Remote: all that the engine asks of registries.

Every method blocks, and may be called from any thread.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from typing import BinaryIO, Final, Protocol, TypeVar

from msgspec.structs import replace

from seacan.errors import Forbidden, Internal, InvalidArgument, Unauthorized
from seacan.images import references
from seacan.images.choice import fits
from seacan.images.image import Image
from seacan.images.platforms import Platform
from seacan.images.progress import Message, Progress
from seacan.images.references import Reference
from seacan.images.remote import failures
from seacan.images.remote import search as search_
from seacan.images.remote.archives import RemoteArchive, open_archive
from seacan.images.remote.artifacts import push_artifact
from seacan.images.remote.authorization import Authorization
from seacan.images.remote.credentials import NOBODY, Credentials
from seacan.images.remote.downloads import Downloads, Wanted, is_worth_keeping
from seacan.images.remote.endpoints import Purpose, endpoints
from seacan.images.remote.failures import Broken, NoCredentials, Refused
from seacan.images.remote.http import Http
from seacan.images.remote.inspect import Distribution, inspect
from seacan.images.remote.lists import Entry, push_list
from seacan.images.remote.outgoing import outgoing
from seacan.images.remote.pull import Pull, Pulled
from seacan.images.remote.push import Push
from seacan.images.remote.repository import Fetched, Repository
from seacan.images.remote.search import SearchResult
from seacan.images.remote.session import Session, first_that_can
from seacan.images.remote.settings import HUB, RegistrySettings, host_of
from seacan.images.remote.tasks import Cancellation, Slots
from seacan.images.store import Store
from seacan.spec.image import Descriptor

T = TypeVar("T")

_FAILURES = (Refused, Broken, NoCredentials, OSError, sqlite3.Error)
_LOOK_S: Final = 0.2  # between looks at whether a blob is still wanted
_ACTIONS: Mapping[Purpose, str] = {"pull": "pull", "push": "pull,push"}


class Known(Protocol):
    """The images that are here."""

    def get_for(self, name: str, platform: Platform | None) -> Image: ...

    def list(self) -> Sequence[Image]: ...

    def tell(self, action: str, reference: Reference) -> None:
        """Tell everyone that `reference` was pulled or pushed."""


class Remote:
    def __init__(self, store: Store, settings: RegistrySettings, images: Known) -> None:
        self._store = store
        self.settings = settings
        self._images = images
        self._downloads = Downloads(store.blobs, settings)
        self._uploads = Slots(settings.max_uploads)
        # Making files is the kernel's work, for which Python's lock is let go.
        self._unpackers = Slots(min(4, os.cpu_count() or 1))

    def reload(self, settings: RegistrySettings) -> None:
        """Ask registries by other settings from now on; how many layers at a time stays."""
        self.settings = self._downloads.settings = settings

    def pull(
        self,
        reference: Reference,
        *,
        platform: Platform | None,
        credentials: Credentials,
        progress: Progress,
        cancellation: Cancellation,
    ) -> None:
        """Pull what `reference` means; without tag and digest, every tag of its repository.

        `progress` gets the messages of the API's answer, from several threads. Raises NotFound,
        Unauthorized, Forbidden, InvalidArgument, Unsupported, Internal; Cancelled.
        """
        check_name(reference)

        def use(repository: Repository) -> list[Pulled]:
            pull = Pull(
                self._store,
                self._downloads,
                self._unpackers,
                repository,
                platform=platform,
                progress=progress,
                cancellation=cancellation,
            )
            if reference.tag or reference.digest:
                return [pull.run(reference)]
            return [pull.run(replace(reference, tag=tag)) for tag in _tags(repository)]

        try:
            pulled = self._with_repository(reference, "pull", credentials, use)
        except NoCredentials as err:
            raise Internal(f'Head "{err.url}": {err}') from err
        except _FAILURES as err:
            raise failures.of_pull(err, reference) from err
        for message in _outcome(reference, pulled, platform):
            progress(message)
        self._images.tell("pull", reference)

    def push(
        self,
        reference: Reference,
        *,
        platform: Platform | None,
        credentials: Credentials,
        progress: Progress,
        cancellation: Cancellation,
    ) -> None:
        """Push what a tag means; without one, all tags of the repository that are here.

        Of several platforms, the image for `platform`, else what outgoing.py says. Raises what
        pull() does; Conflict.
        """
        progress({"status": f"The push refers to repository [{reference.name}]"})
        if reference.digest:
            raise InvalidArgument("cannot push a digest reference")
        tagged = self._tagged(reference)

        def use(repository: Repository) -> None:
            push = Push(
                self._store,
                self._uploads,
                self.settings,
                repository,
                progress=progress,
                cancellation=cancellation,
            )
            for one in wanted:
                push.run(one)

        try:
            # Nothing is collected while it is being sent.
            with self._store.adding():
                wanted = [
                    outgoing(one, platform, self._images.get_for, self._store.is_whole)
                    for one in tagged
                ]
                self._with_repository(reference, "push", credentials, use)
        except _FAILURES as err:
            raise failures.of_any(err) from err
        self._images.tell("push", reference)

    def _tagged(self, reference: Reference) -> list[Reference]:
        here = [
            name
            for image in self._images.list()
            for name in image.references
            if name.name == reference.name
        ]
        if not here:
            raise Internal(
                f"An image does not exist locally with the tag: {reference.familiar_name}"
            )
        if not reference.tag:
            return sorted(here, key=lambda name: name.tag or "")
        if reference not in here:
            raise Internal(f"tag does not exist: {reference.familiar}")
        return [reference]

    def inspect(self, reference: Reference, credentials: Credentials) -> Distribution:
        """Return what the registry has. Raises as pull()."""
        return self._asked(
            reference, "pull", credentials, lambda repository: inspect(repository, reference)
        )

    def manifest(self, reference: Reference, credentials: Credentials) -> Fetched:
        """Return the manifest or the list of a name, as it is. Raises as pull()."""
        return self._asked(
            reference,
            "pull",
            credentials,
            lambda repository: repository.manifest(reference.digest or reference.tag or ""),
        )

    def push_list(
        self, reference: Reference, entries: Sequence[Entry], credentials: Credentials
    ) -> str:
        """Put a list of images of the registry under a tag; return its digest. Raises as pull()."""
        return self._asked(
            reference,
            "push",
            credentials,
            lambda repository: push_list(repository, reference, entries),
        )

    def blob(self, reference: Reference, size_bytes: int, credentials: Credentials) -> bytes:
        """Return a small blob by the digest of `reference`, verified. Raises as pull()."""
        descriptor: Descriptor = {
            "mediaType": "",
            "digest": reference.digest or "",
            "size": size_bytes,
        }
        return self._asked(
            reference,
            "pull",
            credentials,
            lambda repository: repository.small_blob(descriptor, "blob"),
        )

    def push_artifact(
        self,
        reference: Reference,
        manifest: bytes,
        blobs: Sequence[bytes],
        credentials: Credentials,
    ) -> str:
        """Put a manifest and its blobs under a tag; return its digest. Raises as pull()."""
        return self._asked(
            reference,
            "push",
            credentials,
            lambda repository: push_artifact(repository, reference, manifest, blobs),
        )

    def take_blob(
        self,
        reference: Reference,
        blob: Descriptor,
        credentials: Credentials,
        use: Callable[[BinaryIO], T],
        cancellation: Cancellation,
    ) -> T:
        """Return what `use` makes of a blob of a repository, fetched and verified before.

        Raises as pull().
        """

        def fetch(repository: Repository) -> T:
            wanted = Wanted(self._downloads, repository, blob, lambda message: None)
            keep = False
            try:
                while not wanted.is_there(_LOOK_S):
                    cancellation.check()
                with wanted.open() as file:
                    return use(file)
            except BaseException as err:
                keep = is_worth_keeping(err)
                raise
            finally:
                wanted.release(keep=keep)

        return self._asked(reference, "pull", credentials, fetch)

    def push_blobs(
        self,
        reference: Reference,
        blobs: Sequence[Descriptor],
        manifest: Descriptor,
        *,
        credentials: Credentials,
        progress: Progress,
        cancellation: Cancellation,
    ) -> None:
        """Push blobs of the store, and a manifest of them as a tag.

        Who calls keeps them meanwhile. Raises as pull().
        """

        def use(repository: Repository) -> None:
            Push(
                self._store,
                self._uploads,
                self.settings,
                repository,
                progress=progress,
                cancellation=cancellation,
            ).run_blobs(reference, [*blobs], manifest)

        self._asked(reference, "push", credentials, use)

    def login(self, credentials: Credentials) -> str:
        """Find out whether a registry takes the credentials; return an identity token, or "".

        Raises Unauthorized, Internal.
        """
        domain = host_of(credentials.server) or HUB
        with closing(Http(self.settings)) as http:
            # Never a mirror: it is none of its business.
            sessions = [
                Session(http, endpoint, Authorization(http, credentials, (), for_login=True))
                for endpoint in endpoints(self.settings, domain, "push")
                if not endpoint.is_mirror
            ]
            try:
                return first_that_can(sessions, _log_in)
            except NoCredentials as err:
                raise Internal(f'Get "{err.url}": {err}') from err
            except _FAILURES as err:
                raise failures.of_any(err) from err

    def open_archive(
        self, url: str, cancellation: Cancellation
    ) -> AbstractContextManager[RemoteArchive]:
        """Ask for the archive at a URL; see archives.py."""
        return open_archive(self.settings, url, cancellation)

    def search(self, term: str, limit: int, credentials: Credentials) -> list[SearchResult]:
        return search_.search(self.settings, term, limit, credentials)

    def _asked(
        self,
        reference: Reference,
        purpose: Purpose,
        credentials: Credentials,
        use: Callable[[Repository], T],
    ) -> T:
        """Return what `use` returns. Raises the errors of errors.py."""
        try:
            return self._with_repository(reference, purpose, credentials, use)
        except NoCredentials as err:
            raise Internal(f'Head "{err.url}": {err}') from err
        except _FAILURES as err:
            raise failures.of_any(err) from err

    def _with_repository(
        self,
        reference: Reference,
        purpose: Purpose,
        credentials: Credentials,
        use: Callable[[Repository], T],
    ) -> T:
        scopes = [f"repository:{reference.path}:{_ACTIONS[purpose]}"]
        with closing(Http(self.settings)) as http:
            sessions = [
                # What one is to a registry, one is not to its mirrors.
                Session(
                    http,
                    endpoint,
                    Authorization(http, NOBODY if endpoint.is_mirror else credentials, scopes),
                )
                for endpoint in endpoints(self.settings, reference.domain, purpose)
            ]
            return first_that_can(
                sessions,
                lambda session: use(
                    Repository(session, reference.path, self.settings.retry_delay_s)
                ),
            )


def check_name(reference: Reference) -> None:
    """Raise Forbidden for the name that stands for no image at all."""
    if reference.familiar_name == "scratch":
        raise Forbidden("'scratch' is a reserved name")


def _tags(repository: Repository) -> Iterator[str]:
    for tag in repository.tags():
        if not references.is_tag(tag):
            raise InvalidArgument(f"invalid tag format: {tag!r}")
        yield tag


def _log_in(session: Session) -> str:
    url = f"{session.endpoint.url}/"
    try:
        session.request("GET", url).close()
    except Refused as err:
        if err.code == "unauthorized" and err.is_from_token_server:
            raise Unauthorized(f'Get "{url}": {err}') from err
        raise Internal(f"login attempt to {url} failed with status: {err.status_line}") from err
    return session.authorization.identity_token


def _outcome(
    reference: Reference, pulled: list[Pulled], platform: Platform | None
) -> Iterator[Message]:
    name = reference.familiar
    if any(one.is_new for one in pulled):
        yield {"status": f"Status: Downloaded newer image for {name}"}
    else:
        yield {"status": f"Status: Image is up to date for {name}"}
    for one in pulled:
        if platform and not fits(one.platform, platform):
            yield {
                "status": f"WARNING: image with reference {name} was found but its platform"
                f" ({one.platform}) does not match the specified platform ({platform})"
            }
