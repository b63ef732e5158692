"""Which commands there are, how they are spelled, and what they take.

Command(("ps", "container ls", …), "[OPTIONS]", "List containers", …)
         first spelling: what the module is called, with `_` for a blank
"""

from __future__ import annotations

UNLIMITED = 1_000_000


class Command:
    """One command. `least` and `most` bound its arguments; `common` puts it first in the help.

    `runs_another`: flags end at the first argument, as what follows is another command's.
    """

    __slots__ = ("arguments", "common", "least", "most", "names", "runs_another", "summary")

    def __init__(
        self,
        names: tuple[str, ...],
        arguments: str,
        summary: str,
        *,
        least: int = 0,
        most: int = 0,
        common: bool = False,
        runs_another: bool = False,
    ) -> None:
        self.names = names
        self.arguments = arguments
        self.summary = summary
        self.least = least
        self.most = most
        self.common = common
        self.runs_another = runs_another

    @property
    def module(self) -> str:
        """The name of the module that does it; `import`, a word of Python's, gets an underscore."""
        name = self.names[0].replace(" ", "_")
        return f"seacan.cli.commands.{'import_rootfs' if name == 'import' else name}"

    @property
    def spellings(self) -> list[str]:
        """All ways to call it, the management ones first."""
        return [*self.names[1:], self.names[0]]

    def usage_line(self, spelling: str = "") -> str:
        return f"seacan {spelling or self.names[0]} {self.arguments}".rstrip()


class Group:
    """A management command: the first word of some spellings."""

    __slots__ = ("name", "summary")

    def __init__(self, name: str, summary: str) -> None:
        self.name = name
        self.summary = summary


GROUPS = (
    Group("container", "Manage containers"),
    Group("image", "Manage images"),
    Group("manifest", "Manage lists of images, one for each platform"),
    Group("network", "Manage networks"),
    Group("registry", "Serve images to others"),
    Group("system", "Manage the daemon"),
    Group("volume", "Manage volumes"),
)

_ONE_OR_MORE = "[OPTIONS] CONTAINER [CONTAINER...]"

COMMANDS = (
    Command(
        ("run", "container run"),
        "[OPTIONS] IMAGE [COMMAND] [ARG...]",
        "Create a container from an image and run it",
        least=1,
        most=UNLIMITED,
        common=True,
        runs_another=True,
    ),
    Command(
        ("exec", "container exec"),
        "[OPTIONS] CONTAINER COMMAND [ARG...]",
        "Run a command in a container that runs",
        least=2,
        most=UNLIMITED,
        common=True,
        runs_another=True,
    ),
    Command(
        ("ps", "container ls", "container list", "container ps"),
        "[OPTIONS]",
        "List containers",
        common=True,
    ),
    Command(
        ("images", "image ls", "image list"),
        "[OPTIONS] [REPOSITORY[:TAG]]",
        "List images",
        most=1,
        common=True,
    ),
    Command(
        ("pull", "image pull"),
        "[OPTIONS] NAME[:TAG|@DIGEST]",
        "Fetch an image from a registry",
        least=1,
        most=1,
        common=True,
    ),
    Command(
        ("push", "image push"),
        "[OPTIONS] NAME[:TAG]",
        "Send an image to a registry",
        least=1,
        most=1,
        common=True,
    ),
    Command(
        ("login",),
        "[OPTIONS] [SERVER]",
        "Show a registry who you are",
        most=1,
        common=True,
    ),
    Command(("logout",), "[SERVER]", "Forget who you are to a registry", most=1, common=True),
    Command(
        ("search",),
        "[OPTIONS] TERM",
        "Look for images in a registry",
        least=1,
        most=1,
        common=True,
    ),
    Command(("version",), "[OPTIONS]", "Show the versions of client and daemon", common=True),
    Command(("info", "system info"), "[OPTIONS]", "Show what the daemon is", common=True),
    Command(
        ("attach", "container attach"),
        "[OPTIONS] CONTAINER",
        "Join the terminal to a container that runs",
        least=1,
        most=1,
    ),
    Command(
        ("commit", "container commit"),
        "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
        "Make an image of what a container changed",
        least=1,
        most=2,
    ),
    Command(
        ("create", "container create"),
        "[OPTIONS] IMAGE [COMMAND] [ARG...]",
        "Create a container from an image",
        least=1,
        most=UNLIMITED,
        runs_another=True,
    ),
    Command(("events", "system events"), "[OPTIONS]", "Show what happens, as it happens"),
    Command(
        ("diff", "container diff"),
        "CONTAINER",
        "Show what a container changed of its image's files",
        least=1,
        most=1,
    ),
    Command(
        ("export", "container export"),
        "[OPTIONS] CONTAINER",
        "Write the root file system of a container as a tar",
        least=1,
        most=1,
    ),
    Command(
        ("history", "image history"),
        "[OPTIONS] IMAGE",
        "Show the steps that an image was made in",
        least=1,
        most=1,
    ),
    Command(
        ("import", "image import"),
        "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
        "Make an image of a root file system's tar",
        least=1,
        most=2,
    ),
    Command(
        ("inspect",),
        "[OPTIONS] NAME|ID [NAME|ID...]",
        "Show all that is known of containers, images, networks and volumes",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("container inspect",),
        _ONE_OR_MORE,
        "Show all that is known of containers",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("image inspect",),
        "[OPTIONS] IMAGE [IMAGE...]",
        "Show all that is known of images",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("kill", "container kill"),
        _ONE_OR_MORE,
        "Send a signal to containers, SIGKILL unless told",
        least=1,
        most=UNLIMITED,
    ),
    Command(("load", "image load"), "[OPTIONS]", "Load images from an archive of `save` or of OCI"),
    Command(
        ("logs", "container logs"),
        "[OPTIONS] CONTAINER",
        "Show what a container has printed",
        least=1,
        most=1,
    ),
    Command(
        ("manifest annotate",),
        "[OPTIONS] LIST MANIFEST",
        "Say what an image of a list is for",
        least=2,
        most=2,
    ),
    Command(
        ("manifest create",),
        "[OPTIONS] LIST MANIFEST [MANIFEST...]",
        "Begin a list of images that are in a registry",
        least=2,
        most=UNLIMITED,
    ),
    Command(
        ("manifest inspect",),
        "NAME",
        "Show a list that was begun here, or what a registry has",
        least=1,
        most=1,
    ),
    Command(
        ("manifest push",),
        "[OPTIONS] LIST",
        "Put a list into its registry",
        least=1,
        most=1,
    ),
    Command(
        ("manifest rm",),
        "LIST [LIST...]",
        "Forget lists that were begun here",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("network connect",),
        "[OPTIONS] NETWORK CONTAINER",
        "Connect a container to a network",
        least=2,
        most=2,
    ),
    Command(
        ("network create",),
        "[OPTIONS] NETWORK",
        "Make a network",
        least=1,
        most=1,
    ),
    Command(
        ("network disconnect",),
        "[OPTIONS] NETWORK CONTAINER",
        "Take a container out of a network",
        least=2,
        most=2,
    ),
    Command(
        ("network inspect",),
        "[OPTIONS] NETWORK [NETWORK...]",
        "Show all that is known of networks",
        least=1,
        most=UNLIMITED,
    ),
    Command(("network ls", "network list"), "[OPTIONS]", "List networks"),
    Command(
        ("network prune",),
        "[OPTIONS]",
        "Remove all networks that no container runs in",
    ),
    Command(
        ("network rm", "network remove"),
        "NETWORK [NETWORK...]",
        "Remove networks",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("pause", "container pause"),
        "CONTAINER [CONTAINER...]",
        "Let all processes of containers stand still",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("port", "container port"),
        "CONTAINER [PRIVATE_PORT[/PROTO]]",
        "Show where the ports of a container are published",
        least=1,
        most=2,
    ),
    Command(
        ("container prune",),
        "[OPTIONS]",
        "Remove all containers that do not run",
    ),
    Command(("registry serve",), "[OPTIONS]", "Serve a directory as a registry"),
    Command(("registry verify",), "[OPTIONS]", "Read all of a registry, and say what is wrong"),
    Command(("image prune",), "[OPTIONS]", "Remove images that nobody needs"),
    Command(
        ("rename", "container rename"),
        "CONTAINER NEW_NAME",
        "Give a container another name",
        least=2,
        most=2,
    ),
    Command(
        ("restart", "container restart"),
        _ONE_OR_MORE,
        "Stop containers and start them again",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("rm", "container rm", "container remove"),
        _ONE_OR_MORE,
        "Remove containers",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("rmi", "image rm", "image remove"),
        "[OPTIONS] IMAGE [IMAGE...]",
        "Remove images",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("save", "image save"),
        "[OPTIONS] IMAGE [IMAGE...]",
        "Write images as an archive that `load` can read",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("start", "container start"),
        _ONE_OR_MORE,
        "Start containers that are stopped",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("stop", "container stop"),
        _ONE_OR_MORE,
        "Stop containers that run",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("stats", "container stats"),
        "[OPTIONS] [CONTAINER...]",
        "Show what containers use, again and again",
        most=UNLIMITED,
    ),
    Command(("system check",), "[OPTIONS]", "Read the store of images, and tell what is wrong"),
    Command(("system df",), "[OPTIONS]", "Show what takes up how much of the disk"),
    Command(("system prune",), "[OPTIONS]", "Remove all that nobody needs"),
    Command(
        ("tag", "image tag"),
        "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
        "Give an image one more name",
        least=2,
        most=2,
    ),
    Command(
        ("top", "container top"),
        "CONTAINER [ps OPTIONS]",
        "Show the processes of a container",
        least=1,
        most=UNLIMITED,
        runs_another=True,
    ),
    Command(
        ("unpause", "container unpause"),
        "CONTAINER [CONTAINER...]",
        "Let the processes of paused containers go on",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("update", "container update"),
        _ONE_OR_MORE,
        "Change limits of containers, while they run",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("volume clone",),
        "VOLUME NEW_NAME",
        "Make a volume with all that another one has",
        least=2,
        most=2,
    ),
    Command(
        ("volume create",),
        "[OPTIONS] [VOLUME]",
        "Make a volume",
        most=1,
    ),
    Command(
        ("volume export",),
        "[OPTIONS] VOLUME",
        "Write all that is in a volume as a tar",
        least=1,
        most=1,
    ),
    Command(
        ("volume import",),
        "[OPTIONS] VOLUME file|-",
        "Make a volume of a tar",
        least=2,
        most=2,
    ),
    Command(
        ("volume inspect",),
        "[OPTIONS] VOLUME [VOLUME...]",
        "Show all that is known of volumes",
        least=1,
        most=UNLIMITED,
    ),
    Command(("volume ls", "volume list"), "[OPTIONS]", "List volumes"),
    Command(("volume prune",), "[OPTIONS]", "Remove the volumes that no container has"),
    Command(
        ("volume rename",),
        "VOLUME NEW_NAME",
        "Give a volume that no container has another name",
        least=2,
        most=2,
    ),
    Command(
        ("volume rm", "volume remove"),
        "[OPTIONS] VOLUME [VOLUME...]",
        "Remove volumes, with all that is in them",
        least=1,
        most=UNLIMITED,
    ),
    Command(
        ("wait", "container wait"),
        "CONTAINER [CONTAINER...]",
        "Wait until containers stop, and print their exit codes",
        least=1,
        most=UNLIMITED,
    ),
)

BY_SPELLING = {name: command for command in COMMANDS for name in command.names}
GROUPS_BY_NAME = {group.name: group for group in GROUPS}


def in_group(name: str) -> list[tuple[str, str]]:
    """Return second words and summaries of a group's commands; a synonym is not repeated."""
    rows = []
    for command in COMMANDS:
        spelled = next((n for n in command.names if n.startswith(f"{name} ")), None)
        if spelled:
            rows.append((spelled.partition(" ")[2], command.summary))
    return sorted(rows)
