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
    seccomp = linux["seccomp"]
    assert "SCMP_ACT_KILL_PROCESS" in seccomp["actions"]
    assert "SCMP_CMP_MASKED_EQ" in seccomp["operators"]
    assert {"SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"} <= set(seccomp["archs"])
    assert "SECCOMP_FILTER_FLAG_LOG" in seccomp["knownFlags"]
    assert set(seccomp["supportedFlags"]) <= set(seccomp["knownFlags"])
    assert linux["intelRdt"] == {"enabled": False}
    assert linux["mountExtensions"] == {"idmap": {"enabled": True}}
