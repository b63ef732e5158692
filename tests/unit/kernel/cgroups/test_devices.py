from collections.abc import Iterable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.unit.kernel.cgroups.ebpf import run

from seacan.kernel.cgroups.devices import ANY, Access, Device, lines_v1, program_v2, read_rules
from seacan.spec.runtime import LinuxDeviceCgroup

BITS = {"m": 1, "r": 2, "w": 4}
DENY_ALL: LinuxDeviceCgroup = {"allow": False, "access": "rwm"}


def allow(kind: str, major: int, minor: int, access: str = "rwm") -> LinuxDeviceCgroup:
    return {"allow": True, "type": kind, "major": major, "minor": minor, "access": access}


def test_nothing_is_allowed_at_first() -> None:
    assert read_rules([]) == Access(False, {})


def test_exceptions_of_one_device_add_up() -> None:
    rules = [DENY_ALL, allow("c", 1, 3, "r"), allow("c", 1, 3, "w")]
    assert read_rules(rules) == Access(False, {Device("c", 1, 3): 6})


def test_what_is_taken_back() -> None:
    deny: LinuxDeviceCgroup = {**allow("c", 1, 3, "wm"), "allow": False}
    assert read_rules([allow("c", 1, 3), deny]).exceptions == {Device("c", 1, 3): 2}
    assert read_rules([allow("c", 1, 3, "w"), deny]).exceptions == {}
    assert read_rules([deny]).exceptions == {}


def test_a_rule_for_all_drops_those_before() -> None:
    rules = [allow("c", 1, 3), {"allow": True, "type": "a", "access": "rwm"}]
    assert read_rules(rules) == Access(True, {})  # type: ignore[arg-type]


def test_no_number_is_every_number() -> None:
    rule: LinuxDeviceCgroup = {"allow": True, "type": "c", "access": "m"}
    assert read_rules([rule]).exceptions == {Device("c", ANY, ANY): 1}
    assert read_rules([allow("c", -1, -1, "m")]).exceptions == {Device("c", ANY, ANY): 1}


def test_lines_of_version_1() -> None:
    rules = [DENY_ALL, allow("c", 136, -1), allow("b", 8, 0, "r")]
    assert lines_v1(read_rules(rules)) == [
        ("devices.deny", "a"),
        ("devices.allow", "c 136:* rwm"),
        ("devices.allow", "b 8:0 r"),
    ]
    assert lines_v1(Access(True, {Device("c", 1, 1): 4})) == [
        ("devices.allow", "a"),
        ("devices.deny", "c 1:1 w"),
    ]


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ([allow("x", 1, 3)], "unknown type 'x'"),
        ([allow("c", 1, 3, "rx")], "access 'rx'"),
        ([allow("c", 1, 3, "")], "access ''"),
        ([allow("c", 2**32, 3)], "major 4294967296"),
        ([allow("c", 1, -2)], "minor -2"),
        (
            [allow("c", 1, -1), {**allow("c", 1, 3, "w"), "allow": False}],
            r"c 1:3 w is a part of c 1:\* w, which cannot be taken out of it",
        ),
    ],
)
def test_bad_rules(rules: list[LinuxDeviceCgroup], text: str) -> None:
    with pytest.raises(OSError, match=text):
        read_rules(rules)


NUMBERS = (0, 1, 3, 2**31, 2**32 - 1)


@st.composite
def rule_lists(draw: st.DrawFn) -> list[LinuxDeviceCgroup]:
    rules: list[LinuxDeviceCgroup] = []
    for _ in range(draw(st.integers(0, 6))):
        rules.append(
            {
                "allow": draw(st.booleans()),
                "type": draw(st.sampled_from("abccc")),
                "major": draw(st.sampled_from((ANY, *NUMBERS))),
                "minor": draw(st.sampled_from((ANY, *NUMBERS))),
                "access": "".join(draw(st.lists(st.sampled_from("rwm"), min_size=1, unique=True))),
            }
        )
    return rules


@given(rules=rule_lists(), data=st.data())
def test_the_program_answers_as_the_kernel_of_version_1(
    rules: list[LinuxDeviceCgroup], data: st.DataObject
) -> None:
    try:
        access = read_rules(rules)
    except OSError:
        assume(False)
    program = program_v2(access)
    requests = st.tuples(
        st.sampled_from("bc"),
        st.sampled_from(NUMBERS),
        st.sampled_from(NUMBERS),
        st.lists(st.sampled_from("rwm"), min_size=1, unique=True),
    )
    for kind, major, minor, wanted in data.draw(st.lists(requests, min_size=5, max_size=20)):
        bits = sum(BITS[letter] for letter in wanted)
        expected = device_cgroup(access, kind, major, minor, bits)
        assert run(program, {"b": 1, "c": 2}[kind], bits, major, minor) == expected


def device_cgroup(access: Access, kind: str, major: int, minor: int, bits: int) -> bool:
    """security/device_cgroup.c: match_exception for an allow-list, its partial kind otherwise."""
    matching: Iterable[int] = (
        held
        for device, held in access.exceptions.items()
        if device.kind == kind and device.major in (ANY, major) and device.minor in (ANY, minor)
    )
    if access.allow:
        return not any(held & bits for held in matching)
    return any(bits & ~held == 0 for held in matching)
