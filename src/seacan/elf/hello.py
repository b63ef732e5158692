"""The program of the image hello-world: it prints a greeting and ends."""

from typing import Final

from seacan.elf.assembly import Assembly

_STDOUT: Final = 1

GREETING: Final = """\

Hello from seacan!
This message comes out of a container, so everything on the way works:

 1. The client sent your command to the daemon, over its REST API.
 2. The daemon looked up the image hello-world, decided on the container's settings,
    and asked the launcher for somebody to look after it.
 3. The launcher, already warm, forked a shim: the container's parent, which keeps
    its terminal, its log and its exit status, whatever happens to the daemon.
 4. The shim cloned the process that prints this: in namespaces, a cgroup and a
    root file system of its own, with few capabilities and a system call filter.
 5. The shim carried these lines back to the daemon, and the daemon to you.

What to try next:

    seacan images                             which images are here
    seacan load -i IMAGE.tar                  bring one, as docker save writes it
    seacan run -it --rm IMAGE sh              look around inside
    seacan run -d --name web -m 256m IMAGE    in the background, with limits
    seacan ps -a; seacan logs web; seacan exec -it web sh

Docker's own client works as well: point DOCKER_HOST at seacan's socket.

"""


def hello(program: Assembly) -> None:
    greeting = GREETING.encode()
    program.system_call("write", _STDOUT, "greeting", len(greeting))
    program.system_call("exit_group", 0)
    program.data("greeting", greeting)
