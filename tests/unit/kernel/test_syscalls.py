"""What calls of the kernel take care of beside the call."""

import subprocess
import sys
from typing import Final

# Hooks of sys.addaudithook(), as hypothesis has one, are called in the child before it is whole.
_WITHOUT_HOOKS: Final = """
import os, select, signal, sys, threading
from seacan.kernel import syscalls

sys.setswitchinterval(1e-6)
ended = threading.Event()

def run():
    while not ended.is_set():
        pass

def status(pid):
    pidfd = os.pidfd_open(pid)
    if not select.select([pidfd], [], [], 30)[0]:
        os.kill(pid, signal.SIGKILL)
    os.close(pidfd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

thread = threading.Thread(target=run, daemon=True)
thread.start()
for _ in range(20):
    pid = syscalls.clone()
    if pid == 0:
        os._exit(7)
    assert status(pid) == 7
ended.set()
thread.join()
"""


def test_clone_while_another_thread_runs() -> None:
    """A child that gave the interpreter's lock to a thread that it has not would wait for ever."""
    subprocess.run([sys.executable, "-c", _WITHOUT_HOOKS], check=True)
