"""daemon.json: every key of dockerd's, honoured or refused by name."""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from seacan.daemon import config_file, flags, main
from seacan.daemon.configuration import RELOADED, changed_keys
from seacan.daemon.refused_flags import REFUSED, STATED
from seacan.engine.networks.settings import BridgeAddresses
from seacan.errors import InvalidArgument

# dockerd's, of 28: moby, daemon/config, json tags.
KEYS = """
allow-direct-routing api-cors-header authorization-plugins bip bip6 bridge bridge-accept-fwmark
builder cdi-spec-dirs cgroup-parent containerd containerd-namespace containerd-plugin-namespace
cpu-rt-period cpu-rt-runtime cri-containerd data-root debug default-address-pools
default-cgroupns-mode default-gateway default-gateway-v6 default-init default-ipc-mode
default-network-opts default-runtime default-shm-size default-ulimits dns dns-opts dns-search
exec-opts exec-root experimental features firewall-backend fixed-cidr fixed-cidr-v6 group
host-gateway-ip host-gateway-ips hosts http-proxy https-proxy icc init init-path
insecure-registries ip ip-forward ip-forward-no-drop ip-masq ip6tables iptables ipv6 labels
live-restore log-driver log-format log-level log-opts max-concurrent-downloads
max-concurrent-uploads max-download-attempts metrics-addr mtu network-control-plane-mtu
network-diagnostic-port no-new-privileges no-proxy node-generic-resources pidfile raw-logs
registry-mirrors resolv-conf rootless runtimes seccomp-profile selinux-enabled shutdown-timeout
storage-driver storage-opts swarm-default-advertise-addr swarm-raft-election-tick
swarm-raft-heartbeat-tick tls tlscacert tlscert tlskey tlsverify userland-proxy
userland-proxy-path userns-remap allow-nondistributable-artifacts
""".split()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "daemon.json"


def read(path: Path, said: Any, *words: str) -> flags.Flags:
    path.write_text(said if isinstance(said, str) else json.dumps(said))
    return flags.read(["--config-file", str(path), *words])


def refusal(path: Path, said: Any) -> str:
    with pytest.raises(InvalidArgument) as caught:
        read(path, said)
    return str(caught.value)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_honoured_or_refused_by_name(path: Path, key: str) -> None:
    flag = config_file.flag_of(key)
    if flag in REFUSED:
        # One of these is of the kind that dockerd has.
        refusals = [refusal(path, {key: value}) for value in ("x", True, 7, ["x"])]
        assert len([r for r in refusals if f"--{flag} is not supported by seacand" in r]) == 1
    elif flag in STATED:
        stated = {"true": True, "false": False}.get(STATED[flag], STATED[flag])
        read(path, {key: stated})
        other = not stated if isinstance(stated, bool) else "other"
        words = f"--{flag}={str(other).lower()} is not supported: it is always"
        assert words in refusal(path, {key: other})
    elif key == "builder":
        read(path, {key: {"gc": {"defaultKeepStorage": "1GB"}}})
        with pytest.raises(InvalidArgument, match=r"builder\.entitlements is not supported"):
            read(path, {key: {"entitlements": {"network-host": True}}})
    elif key == "default-init":
        read(path, {key: {}})
        with pytest.raises(InvalidArgument, match=f"{key} is not supported"):
            read(path, {key: {"x": True}})
    else:
        # Of a flag that there is: what is no value for it names the key, or it is any text.
        with pytest.raises(InvalidArgument, match=f"{key}: not a value for it"):
            read(path, {key: {"x": ["y"]}})


def test_what_the_keys_come_to(path: Path) -> None:
    given = read(
        path,
        {
            "debug": True,
            "hosts": ["unix:///a.sock", "unix:///b.sock"],
            "labels": ["a=1", "b=2"],
            "log-driver": "local",
            "log-opts": {"max-size": "1m"},
            "storage-opts": ["overlay2.size=10M"],
            "insecure-registries": ["h:5"],
            "registry-mirrors": ["http://m"],
            "max-concurrent-downloads": 7,
            "proxies": {"https-proxy": "http://p:1"},
            "default-address-pools": [{"base": "10.9.0.0/16", "size": 24}],
            "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 10, "Hard": 20}},
            "default-shm-size": "8M",
            "runtimes": {
                "other": {"path": "/bin/true"},
                "looked-up": {"path": "true", "runtimeArgs": ["--debug", "--log=x"], "args": []},
            },
            "experimental": True,
            "default-runtime": "other",
            "dns": ["192.0.2.1"],
            "dns-opts": ["ndots:1"],
            "dns-search": ["example"],
            "icc": False,
            "mtu": 1400,
            "bip": "10.7.1.1/24",
            "fixed-cidr": "10.7.1.128/25",
            "default-gateway": "10.7.1.254",
            "ipv6": True,
            "fixed-cidr-v6": "fd00:7::/64",
            "default-gateway-v6": "fd00:7::fe",
            "init": True,
            "no-new-privileges": True,
            "live-restore": False,
            "shutdown-timeout": 60,
            "metrics-addr": "127.0.0.1:9323",
            "iptables": True,
            "exec-opts": ["native.cgroupdriver=systemd"],
            "features": {"buildkit": False, "containerd-snapshotter": False},
            "host-gateway-ips": ["192.0.2.9", "2001:db8::9"],
            "default-network-opts": {"bridge": {"com.docker.network.driver.mtu": "1450"}},
            "ip-forward-no-drop": True,
            "raw-logs": True,
            "tlsverify": True,
            "certs-dir": "/c",
            "published-ports": "relay",
            "bridge-names": True,
        },
    )
    settings, containers = given.settings, given.settings.containers
    assert (given.log_level, settings.is_debugging) == ("debug", True)
    assert given.hosts == ["unix:///a.sock", "unix:///b.sock"]
    assert (settings.live_restore, settings.shutdown_timeout_s) == (False, 60)
    assert given.metrics_addresses == [("127.0.0.1", 9323)]
    assert settings.labels == ("a=1", "b=2")
    assert (settings.cgroup_driver, settings.cgroup_parent) == ("systemd", "system.slice")
    assert settings.log_config == {"Type": "local", "Config": {"max-size": "1m"}}
    assert settings.storage_bytes == 10 << 20
    assert settings.registries.insecure == ("h:5",)
    assert settings.registries.mirrors == ("http://m/",)
    assert settings.registries.max_downloads == 7
    assert settings.registries.https_proxy == "http://p:1"
    assert [(str(p.base), p.size) for p in settings.network.pools] == [("10.9.0.0/16", 24)]
    assert (settings.network.icc, settings.network.mtu) == (False, 1400)
    assert settings.network.host_gateways == ("192.0.2.9", "2001:db8::9")
    mtu = {"com.docker.network.driver.mtu": "1450"}
    assert settings.network.default_options == {"bridge": mtu}
    assert settings.network.bridge_addresses == {
        4: BridgeAddresses("10.7.1.1/24", "10.7.1.128/25", "10.7.1.254"),
        6: BridgeAddresses("", "fd00:7::/64", "fd00:7::fe"),
    }
    assert (settings.network.published_ports, settings.network.bridge_names) == ("relay", True)
    assert containers.ulimits == [{"Name": "nofile", "Soft": 10, "Hard": 20}]
    assert containers.shm_bytes == 8 << 20
    true = shutil.which("true")
    assert containers.runtimes == {
        "other": ["/bin/true"],
        "looked-up": [true, "--debug", "--log=x"],
    }
    assert containers.runtime == "other"
    assert settings.is_experimental
    assert not settings.prefers_buildkit
    assert (containers.dns, containers.dns_options) == (["192.0.2.1"], ["ndots:1"])
    assert containers.dns_search == ["example"]
    assert containers.init
    assert containers.security_options == ["no-new-privileges"]
    assert given.tls.verifies_clients
    assert settings.registries.directories[0] == Path("/c")


def test_what_is_empty_says_nothing(path: Path) -> None:
    texts = ("bip", "bridge", "cgroup-parent", "data-root", "default-ipc-mode", "fixed-cidr", "ip")
    numbers = ("max-concurrent-downloads", "max-download-attempts", "mtu", "shutdown-timeout")
    said: dict[str, Any] = {
        "log-level": "",
        "storage-driver": "",
        "containerd": "",
        "hosts": [],
        "dns": None,
    }
    empty = read(path, {**said, **dict.fromkeys(texts, ""), **dict.fromkeys(numbers, 0)})
    without = read(path, {})
    assert msgspec.structs.replace(empty, said={}) == without


# What is wrong with these is found when file and flags are taken together.
_CHECKED_WITH_FLAGS = {"labels", "exec-opts", "iptables", "ip6tables"}


def test_without_rules_ports_are_relayed(path: Path) -> None:
    network = read(path, {"iptables": False, "ip6tables": False}).settings.network
    assert (network.makes_rules, network.published_ports) == (False, "relay")


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ('{"debug": tru', "invalid JSON"),
        ("[]", "not an object"),
        ({"nonsense": 1, "bad": 2, "debug": True},
         "the following directives don't match any configuration option: bad, nonsense"),
        ({"debug": {"a": 1}}, 'debug: not a value for it: {"a": 1} (it is true or false)'),
        ({"debug": "true"}, 'debug: not a value for it: "true"'),
        ({"icc": 1}, "icc: not a value for it: 1"),
        ({"icc": []}, "icc: not a value for it: []"),
        ({"ip": []}, "ip: not a value for it: [] (it is a text)"),
        ({"data-root": True}, "data-root: not a value for it: true"),
        ({"mtu": "1400"}, 'mtu: not a value for it: "1400" (it is a number)'),
        ({"mtu": True}, "mtu: not a value for it: true"),
        ({"dns": "192.0.2.1"}, 'dns: not a value for it: "192.0.2.1" (it is a list of texts)'),
        ({"hosts": [1]}, "hosts: not a value for it: [1]"),
        ({"log-level": "loud"}, "--log-level: invalid choice: 'loud'"),
        ({"labels": ["a=1", "a=2"]}, "conflict labels for a=1 and a=2"),
        ({"runtimes": {"x": {"path": "/bin/true", "runtimeType": "io.containerd.kata.v2"}}},
         "runtimes: x: runtimeType is not supported by seacand"),
        ({"runtimes": {"x": {"path": "/bin/true", "runtimeArgs": "-x"}}}, "runtimes: not a value"),
        ({"runtimes": {"x": {"path": "nosuch"}}}, "runtime x: there is no executable nosuch"),
        ({"metrics-addr": "localhost"}, "--metrics-addr: address localhost: missing port"),
        ({"metrics-addr": "localhost:x"}, "'x' is no port"),
        ({"shutdown-timeout": "soon"}, 'shutdown-timeout: not a value for it: "soon"'),
        ({"exec-opts": ["native.cgroupdriver=other"]}, "it is cgroupfs or systemd"),
        ({"exec-opts": ["isolation=hyperv"]}, "invalid option isolation=hyperv"),
        ({"exec-opts": ["native.cgroupdriver=systemd", "native.cgroupdriver=cgroupfs"]},
         "conflicting exec options"),
        ({"exec-opts": ["native.cgroupdriver=systemd"], "cgroup-parent": "/mine"},
         'should be a valid slice named as "xxx.slice": /mine'),
        ({"ip6tables": False}, "--ip6tables=false is not supported without --iptables=false"),
        ({"iptables": False, "icc": False}, "You specified --iptables=false with --icc=false"),
        ({"fixed-cidr": "10.7.1.0"}, "--fixed-cidr: invalid CIDR address: 10.7.1.0"),
        ({"fixed-cidr": "fd00::/64"}, "--fixed-cidr: not of IPv4: 'fd00::/64'"),
        ({"fixed-cidr": "10.7.1.0/32"}, "there is no room for containers in 10.7.1.0/32"),
        ({"bip": "10.7.1.0/24"}, "--bip: not an address in a subnet: '10.7.1.0/24'"),
        ({"ipv6": True, "fixed-cidr-v6": "fe80::/80"},
         "'fe80::/80' clashes with the Link-Local prefix 'fe80::/64'"),
        ({"userns-remap": "a:b:c"}, "Invalid user/group specification in --userns-remap"),
        ({"containerd": "/x"}, "--containerd is not supported by seacand: there is no containerd"),
        ({"features": {"cdi": True}}, "feature cdi is not supported by seacand: there are no CDI"),
        ({"features": {"new": True}}, "feature new is not supported by seacand"),
        ({"features": {"new": 1}}, 'features: not a value for it: {"new": 1}'),
        ({"host-gateway-ips": ["x"]}, "--host-gateway-ip: 'x' does not appear to be"),
        ({"default-network-opts": {"bridge": "x"}}, "default-network-opts: not a value for it"),
        ({"default-ulimits": {"nofile": {"Soft": 9, "Hard": 3}}}, "soft limit must be less than"),
    ],
)  # fmt: skip
def test_what_is_wrong(path: Path, said: Any, complaint: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        read(path, said)
    assert complaint in str(caught.value)
    if not _CHECKED_WITH_FLAGS.intersection(said):
        assert f"configure the Docker daemon with file {path}" in str(caught.value)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"bip": "10.7.1.1/24", "fixed-cidr": "10.8.0.0/25"},
         "fixed CIDR 10.8.0.0/25 is not within the bridge's subnet, 10.7.1.0/24"),
        ({"bip": "10.7.1.1/24", "default-gateway": "10.8.0.1"},
         "default gateway 10.8.0.1 is not in the bridge's subnet, 10.7.1.0/24"),
        ({"default-gateway": "10.8.0.1"}, "default gateway 10.8.0.1 is in no known subnet"),
        ({"fixed-cidr-v6": "fd00:7::/64"},
         "--fixed-cidr-v6: there is no IPv6 on the bridge without --ipv6"),
        ({"default-network-opts": {"overlay": {"x": "y"}}},
         '--default-network-opt: overlay: plugin "overlay" not found'),
        ({"default-network-opts": {"bridge": {"com.docker.network.driver.mtu": "x"}}},
         "failed to parse com.docker.network.driver.mtu value: x"),
        ({"bridge": "none", "fixed-cidr": "10.7.1.0/24"},
         "there is no default bridge to have addresses: --bridge=none"),
        ({"bridge": "br0", "bip": "10.7.1.1/24"}, "You specified -b & --bip"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together(path: Path, said: Any, complaint: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        read(path, said)
    assert complaint in str(caught.value)


def test_flag_and_file_together(path: Path) -> None:
    with pytest.raises(InvalidArgument) as caught:
        read(path, {"log-level": "warn", "labels": ["a=1"]}, "-l", "debug", "--label", "b=2")
    assert (
        "the following directives are specified both as a flag and in the configuration file: "
        "log-level: (from flag: debug, from file: warn), "
        "labels: (from flag: ['b=2'], from file: ['a=1'])"
    ) in str(caught.value)
    runtimes = {"runtimes": {"x": {"path": "/bin/true"}}}
    both = read(path, runtimes, "--add-runtime", "y=/bin/false")
    assert both.settings.containers.runtimes == {"x": ["/bin/true"], "y": ["/bin/false"]}


def test_only_the_default_file_may_be_missing(path: Path) -> None:
    with pytest.raises(InvalidArgument, match=f"open {path}: no such file or directory"):
        flags.read(["--config-file", str(path)])
    path.write_text("")
    assert flags.read(["--config-file", str(path)]).said == {}


def test_validate(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_text('{"debug": true}')
    main.main(["--validate", "--config-file", str(path)])
    assert capsys.readouterr().err == "configuration OK\n"
    path.write_text('{"debug": 1, "x": 2}')
    with pytest.raises(SystemExit) as end:
        main.main(["--validate", "--config-file", str(path)])
    assert end.value.code not in (0, None)
    assert "don't match any configuration option: x" in capsys.readouterr().err


def test_what_changed_between_two_readings(path: Path) -> None:
    before = read(path, {"debug": True, "mtu": 1400, "labels": ["a=1"]})
    after = read(path, {"debug": False, "mtu": 1500, "labels": ["a=1"], "dns": ["192.0.2.1"]})
    changed = changed_keys(before, after)
    assert changed == {"debug", "mtu", "dns"}
    assert changed - RELOADED == {"mtu"}
