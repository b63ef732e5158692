"""What libseccomp makes of a profile, the way runc calls it. Run by the system's Python.

One line of JSON {"profile": …, "native": "X86_64"} in, one out: {"bpf": base64} or {"error": …};
{"names": […]} asks which of the names libseccomp does not know.
"""

import base64
import json
import sys
import tempfile
from typing import Any

import seccomp

ACTIONS = {
    "SCMP_ACT_KILL": seccomp.KILL,
    "SCMP_ACT_KILL_THREAD": seccomp.KILL,
    "SCMP_ACT_KILL_PROCESS": seccomp.KILL_PROCESS,
    "SCMP_ACT_TRAP": seccomp.TRAP,
    "SCMP_ACT_NOTIFY": seccomp.NOTIFY,
    "SCMP_ACT_LOG": seccomp.LOG,
    "SCMP_ACT_ALLOW": seccomp.ALLOW,
}


def action_of(name: str, code: int | None) -> Any:
    if name == "SCMP_ACT_ERRNO":
        return seccomp.ERRNO(1 if code is None else code)
    if name == "SCMP_ACT_TRACE":
        return seccomp.TRACE(1 if code is None else code)
    return ACTIONS[name]


def condition(arg: dict[str, Any]) -> Any:
    operator = getattr(seccomp, arg["op"].removeprefix("SCMP_CMP_"))
    return seccomp.Arg(arg["index"], operator, arg["value"], arg.get("valueTwo", 0))


def build(profile: dict[str, Any], native: str) -> bytes:
    default = action_of(profile["defaultAction"], profile.get("defaultErrnoRet"))
    rules = seccomp.SyscallFilter(default)
    for name in {native, *(a.removeprefix("SCMP_ARCH_") for a in profile["architectures"])}:
        if not rules.exist_arch(getattr(seccomp.Arch, name)):
            rules.add_arch(getattr(seccomp.Arch, name))
    if native != "X86_64":
        rules.remove_arch(seccomp.Arch.X86_64)
    for call in profile["syscalls"]:
        action = action_of(call["action"], call.get("errnoRet"))
        if action == default:
            continue
        args = [condition(arg) for arg in call.get("args") or []]
        indexes = [arg["index"] for arg in call.get("args") or []]
        alternatives = [[a] for a in args] if len(set(indexes)) < len(indexes) else [args]
        for name in call["names"]:
            if is_known(name):
                for conditions in alternatives:
                    rules.add_rule(action, name, *conditions)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def is_known(name: str) -> bool:
    try:
        return bool(seccomp.resolve_syscall(seccomp.Arch(), name) != -1)
    except ValueError:
        return False


for line in sys.stdin:
    request = json.loads(line)
    if "names" in request:
        reply: dict[str, Any] = {"unknown": [n for n in request["names"] if not is_known(n)]}
    else:
        try:
            program = build(request["profile"], request["native"])
            reply = {"bpf": base64.b64encode(program).decode()}
        except (RuntimeError, ValueError, OSError) as error:
            reply = {"error": str(error)}
    print(json.dumps(reply), flush=True)
