"""The words between the daemon and a build's worker: JSON packets of supervisor/protocol.py.

    worker ──started─▸ daemon      with a pidfd of its own, by which it can be ended
    daemon ──work──▸ worker        one packet; with it the descriptors that the work needs
    worker ──done──▸ daemon        or an error; then the worker ends

Descriptors, in this order: of `copy` the archive that is read, of `copy-listed` the list
(listing.py) and the contents; of all the stream that is written.
"""

from typing import Literal, NotRequired, TypedDict

from seacan.supervisor.protocol import RootfsRequest


class Place(TypedDict):
    """Where `copy` puts an archive's members, and whose they are then."""

    destination: str  # absolute
    is_directory: bool  # whatever is there; else it may be the name that its one member gets
    owner: tuple[int, int] | None  # None: as the archive says, and of new directories root
    mode: str  # of all that is copied, as chmod(1) has it; empty: as the archive says
    has_whiteouts: bool  # the archive is of layers: such names take away what is there
    owns_parents: NotRequired[Literal[True]]  # owner and mode are of all new directories, too
    is_linked: NotRequired[Literal[True]]  # as if the root were empty, whatever is below


class Chosen(TypedDict):
    """What `read` and `digest` take of a root; see selection.py."""

    paths: list[str]
    excludes: list[str]
    has_parents: bool


class Found(TypedDict):
    digest: str  # of names, kinds, modes, owners and content
    count: int  # of sources, wildcards replaced
    is_directory: bool  # the one source is a directory


class Work(TypedDict):
    """What a worker does: one of these.

    copy    put an archive's members into a root, and write what that changed as a layer
    copy-listed  the same of members that come as a list
    layer   write what a command changed in a root as a layer
    read    write an archive of parts of a root
    digest  write what is found of the same: `Found`, in JSON
    """

    verb: Literal["copy", "copy-listed", "layer", "read", "digest"]
    layers: RootfsRequest
    scratch: str  # a directory to mount on, in the worker's own mount namespace
    latest_s: NotRequired[int | None]  # since 1970: what is newer in a layer gets this time
    place: NotRequired[Place | None]  # None: make nothing but the directory
    chosen: NotRequired[Chosen]
    donor: NotRequired[str]  # of `copy-listed`: a directory whose files may be linked, from layers'


class Done(TypedDict):
    done: bool
    size_bytes: int  # of the files in a layer, as Docker counts an image's
