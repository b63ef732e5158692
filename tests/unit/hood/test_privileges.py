import os

from seacan.hood.privileges import _verdicts
from seacan.spec.runtime import LinuxSeccomp, LinuxSyscall


def profile(default: str, *rules: tuple[str, str, bool]) -> LinuxSeccomp:
    syscalls: list[LinuxSyscall] = []
    for name, action, has_condition in rules:
        rule: LinuxSyscall = {"names": [name], "action": action}
        if has_condition:
            rule["args"] = [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]
        syscalls.append(rule)
    return {"defaultAction": default, "syscalls": syscalls}


def test_what_an_allow_list_does_not_name_is_blocked() -> None:
    rules = (("read", "SCMP_ACT_ALLOW", False), ("personality", "SCMP_ACT_ALLOW", True))
    blocked, conditional = _verdicts(profile("SCMP_ACT_ERRNO", *rules))
    assert {"mount", "bpf", "clone3"} <= set(blocked)
    assert "read" not in blocked
    assert conditional == ["personality"]


def test_of_a_deny_list_what_it_names() -> None:
    rules = (("mount", "SCMP_ACT_ERRNO", False), ("bpf", "SCMP_ACT_LOG", False))
    assert _verdicts(profile("SCMP_ACT_ALLOW", *rules)) == (["mount"], [])


def test_calls_have_this_machines_numbers() -> None:
    assert os.uname().machine in ("x86_64", "aarch64")
    assert "fork" in _verdicts(profile("SCMP_ACT_ERRNO"))[0] or os.uname().machine == "aarch64"
