"""`seacan limit`: a running process of this host under limits; `limit rm` takes it out again."""

from __future__ import annotations

from seacan.cli import hood_process
from seacan.cli.flags import Flag
from seacan.cli.output.table import ellipsis
from seacan.cli.output.units import binary_size
from seacan.cli.session import complain
from seacan.cli.values import BYTES, CPUS, INT, SWITCH, TEXT
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session
    from seacan.spec.limits import Limited, Line

EXEC_ROOT = Flag(
    "exec-root", "", TEXT, "Where it is remembered what is limited", shown='"/run/seacan"'
)
FLAGS = (
    Flag("cpus", "", CPUS, "How many CPUs it may keep busy, as in 0.1"),
    EXEC_ROOT,
    Flag("memory", "m", BYTES, "Memory that it may take from now on, as in 512m"),
    Flag("pids-limit", "", INT, "How many processes it may be, with those it starts", also="pids"),
    Flag("watch", "", SWITCH, "Show what it uses, before and under the limit"),
)

_LEAST = {
    "cpus": (10_000_000, "0.01"),
    "memory": (6 << 20, "6m"),
    "pids-limit": (1, "1"),
}


def run(session: Session, values: Values, arguments: list[str]) -> int:
    hood_process.require_this_host(session, f"limit {arguments[0]}")
    pid = pid_of(arguments[0])
    words = [f"--{name}={values.number(name)}" for name in _LEAST if values.is_given(name)]
    if not words:
        raise InvalidArgument(
            f"nothing to limit: as in `seacan limit {pid} --cpus 0.1`, --memory 512m, --pids 20"
        )
    for name, (least, shown) in _LEAST.items():
        if values.is_given(name) and values.number(name) < least:
            raise InvalidArgument(f"--{name}: at least {shown}")
    words += ["--watch"] if values.on("watch") else []
    for line in hood_process.lines("limit", [*exec_root(values), "add", str(pid), *words]):
        _show(line)
    return 0


def _show(line: Line) -> None:
    if "Limited" in line:
        limited = line["Limited"]
        print(f"process {limited['Pid']} ({ellipsis(limited['Command'], 30)}): {_words(limited)}")
        for flag in line["Limited"]["Lowered"]:
            complain(f"{flag}: it had no more where it was, and has no more now")
    else:
        when, use = ("before", line["Before"]) if "Before" in line else ("limited", line["Now"])
        memory = binary_size(use["Memory"])
        text = f"cpu {use['Cpus'] * 100:5.1f} %, memory {memory}, processes {use['Processes']}"
        held_back = f", held back {use['HeldBack']} times" if use["HeldBack"] else ""
        print(f"{when:<8} {text}{held_back}")
    print(end="", flush=True)


def _words(limited: Limited) -> str:
    words = [f"{limited['Cpus']:g} CPUs"] if limited["Cpus"] else []
    words += [binary_size(limited["Memory"])] if limited["Memory"] else []
    words += [f"{limited['Pids']} processes"] if limited["Pids"] else []
    return f"at most {', '.join(words)}"


def pid_of(text: str) -> int:
    """Return a pid as it was typed. Raises InvalidArgument, which tells of containers."""
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 1 << 31):
        raise InvalidArgument(
            f"{text!r} is not the pid of a process; a container is limited by "
            f"`seacan update --cpus 0.1 {text}`"
        )
    return int(text)


def exec_root(values: Values) -> list[str]:
    return [f"--exec-root={values.text('exec-root')}"] if values.is_given("exec-root") else []
