from seacan.runtime.commands.features import features


def test_features() -> None:
    document = features()
    linux = document["linux"]
    assert document["ociVersionMin"] == "1.0.0"
    assert document["ociVersionMax"].startswith("1.2.")
    assert document["hooks"] == [
        *("prestart", "createRuntime", "createContainer", "startContainer", "poststart"),
        "poststop",
    ]
    assert {"ro", "rro", "bind", "rbind", "rshared", "noatime", "rnoatime"} <= set(
        document["mountOptions"]
    )
    assert linux["namespaces"] == [
        *("cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts")
    ]
    assert len(linux["capabilities"]) == 41
    assert linux["cgroup"] == dict.fromkeys(("v1", "v2", "systemd", "systemdUser", "rdma"), True)
    assert linux["apparmor"] == linux["selinux"] == {"enabled": True}
    assert linux["intelRdt"] == {"enabled": False}
    assert linux["mountExtensions"] == {"idmap": {"enabled": True}}
    assert set(document["annotations"]) == {"org.seacan.version"}
    assert document["potentiallyUnsafeConfigAnnotations"] == ["org.systemd.property."]


def test_features_of_seccomp_are_those_of_the_specification() -> None:
    seccomp = features()["linux"]["seccomp"]
    kinds = ("ALLOW", "ERRNO", "KILL", "KILL_PROCESS", "KILL_THREAD", "LOG", "NOTIFY", "TRACE")
    assert seccomp["actions"] == [f"SCMP_ACT_{kind}" for kind in (*kinds, "TRAP")]
    operators = ("EQ", "GE", "GT", "LE", "LT", "MASKED_EQ", "NE")
    assert seccomp["operators"] == [f"SCMP_CMP_{operator}" for operator in operators]
    assert len(seccomp["archs"]) == 23
    assert {"SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64"} <= set(seccomp["archs"])
    flags = ("LOG", "SPEC_ALLOW", "TSYNC", "WAIT_KILLABLE_RECV")
    assert seccomp["knownFlags"] == [f"SECCOMP_FILTER_FLAG_{flag}" for flag in flags]
    assert seccomp["supportedFlags"] == seccomp["knownFlags"]
