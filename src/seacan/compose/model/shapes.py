"""The sections of a compose model: their keys, in the order in which they are written, and types.

The order matters beyond looks: docker compose marks each container with a digest of its service,
written as JSON in this order, and both tools are to come to the same one (config_hash.py).
"""

from __future__ import annotations

from seacan.compose.model import kinds
from seacan.compose.model.shape import Field, ListOf, MapOf, Shape


def _texts(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name) for name in names)


def _lists(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, kinds.texts) for name in names)


def _numbers(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, kinds.number) for name in names)


_ULIMITS = Field("ulimits", MapOf(kinds.ulimit))
_LABELS = Field("labels", kinds.mapping)
_DRIVER_OPTIONS = Field("driver_opts", kinds.mapping)

FILE_REFERENCE = Shape(
    *_texts("source", "target", "uid", "gid"), Field("mode", kinds.mode, keep=True)
)

BUILD = Shape(
    *_texts("context", "dockerfile", "dockerfile_inline"),
    *_lists("entitlements"),
    Field("args", kinds.optional_mapping),
    *_texts("provenance", "sbom"),
    Field("ssh", kinds.ssh_keys),
    _LABELS,
    *_lists("cache_from", "cache_to"),
    Field("no_cache", kinds.boolean),
    Field("additional_contexts", kinds.mapping),
    Field("pull", kinds.boolean),
    Field("extra_hosts", kinds.hosts),
    *_texts("isolation", "network", "target"),
    Field("secrets", ListOf(FILE_REFERENCE)),
    Field("shm_size", kinds.size),
    *_lists("tags"),
    _ULIMITS,
    *_lists("platforms"),
    Field("privileged", kinds.boolean),
)

HOOK = Shape(
    Field("command", kinds.command, keep=True, always=None),
    *_texts("user"),
    Field("privileged", kinds.boolean),
    *_texts("working_dir"),
    Field("environment", kinds.optional_mapping),
)

WATCH_TRIGGER = Shape(
    Field("path", keep=True),
    Field("action", keep=True),
    *_texts("target"),
    Field("exec", HOOK, always={"command": None}),
    *_lists("include", "ignore"),
    Field("initial_sync", kinds.boolean),
)

_THROTTLES = ListOf(
    Shape(
        Field("path", keep=True, json_name="Path"),
        Field("rate", kinds.size, keep=True, json_name="Rate"),
    )
)
BLKIO = Shape(
    *_numbers("weight"),
    Field(
        "weight_device",
        ListOf(
            Shape(
                Field("path", keep=True, json_name="Path"),
                Field("weight", kinds.number, keep=True, json_name="Weight"),
            )
        ),
    ),
    Field("device_read_bps", _THROTTLES),
    Field("device_read_iops", _THROTTLES),
    Field("device_write_bps", _THROTTLES),
    Field("device_write_iops", _THROTTLES),
)

DEVICE_REQUEST = Shape(
    *_lists("capabilities"),
    *_texts("driver"),
    Field("count", kinds.device_count),
    *_lists("device_ids"),
    Field("options", kinds.mapping),
)

RESOURCE = Shape(
    Field("cpus", kinds.real),
    Field("memory", kinds.size),
    *_numbers("pids"),
    Field("devices", ListOf(DEVICE_REQUEST)),
    Field(
        "generic_resources",
        ListOf(
            Shape(
                Field(
                    "discrete_resource_spec",
                    Shape(Field("kind", keep=True), Field("value", kinds.number, keep=True)),
                )
            )
        ),
    ),
)

UPDATE = Shape(
    Field("parallelism", kinds.number, keep=True),
    Field("delay", kinds.duration),
    *_texts("failure_action"),
    Field("monitor", kinds.duration),
    Field("max_failure_ratio", kinds.real),
    *_texts("order"),
)

DEPLOY = Shape(
    *_texts("mode"),
    Field("replicas", kinds.number, keep=True),
    _LABELS,
    Field("update_config", UPDATE, keep=True),
    Field("rollback_config", UPDATE, keep=True),
    Field(
        "resources",
        Shape(Field("limits", RESOURCE, keep=True), Field("reservations", RESOURCE, keep=True)),
        always={},
    ),
    Field(
        "restart_policy",
        Shape(
            *_texts("condition"),
            Field("delay", kinds.duration, keep=True),
            Field("max_attempts", kinds.number, keep=True),
            Field("window", kinds.duration, keep=True),
        ),
        keep=True,
    ),
    Field(
        "placement",
        Shape(
            *_lists("constraints"),
            Field("preferences", ListOf(Shape(*_texts("spread")))),
            *_numbers("max_replicas_per_node"),
        ),
        always={},
    ),
    *_texts("endpoint_mode"),
)

HEALTH_CHECK = Shape(
    Field("test", kinds.health_test),
    Field("timeout", kinds.duration, keep=True),
    Field("interval", kinds.duration, keep=True),
    Field("retries", kinds.number, keep=True),
    Field("start_period", kinds.duration, keep=True),
    Field("start_interval", kinds.duration, keep=True),
    Field("disable", kinds.boolean),
)

SERVICE_NETWORK = Shape(
    *_lists("aliases"),
    _DRIVER_OPTIONS,
    *_numbers("gw_priority"),
    *_texts("interface_name", "ipv4_address", "ipv6_address"),
    *_lists("link_local_ips"),
    *_texts("mac_address"),
    *_numbers("priority"),
)

PORT = Shape(
    *_texts("name", "mode", "host_ip"),
    *_numbers("target"),
    *_texts("published", "protocol", "app_protocol"),
)

VOLUME_MOUNT = Shape(
    *_texts("type", "source", "target"),
    Field("read_only", kinds.boolean),
    *_texts("consistency"),
    Field(
        "bind",
        Shape(
            *_texts("selinux", "propagation"),
            Field("create_host_path", kinds.boolean),
            *_texts("recursive"),
        ),
        keep=True,
    ),
    Field(
        "volume",
        Shape(_LABELS, Field("nocopy", kinds.boolean), *_texts("subpath")),
        keep=True,
    ),
    Field("tmpfs", Shape(Field("size", kinds.size), *_numbers("mode")), keep=True),
    Field("image", Shape(*_texts("subpath")), keep=True),
)

ENV_FILE = Shape(*_texts("path"), Field("required", kinds.boolean, keep=True), *_texts("format"))

DEPENDENCY = Shape(
    *_texts("condition"),
    Field("restart", kinds.boolean),
    Field("required", kinds.boolean, keep=True),
)

SERVICE = Shape(
    *_lists("profiles"),
    Field("annotations", kinds.mapping),
    Field("attach", kinds.boolean, keep=True),
    Field("build", BUILD, keep=True),
    Field("develop", Shape(Field("watch", ListOf(WATCH_TRIGGER))), keep=True),
    Field("blkio_config", BLKIO, keep=True),
    *_lists("cap_add", "cap_drop"),
    *_texts("cgroup_parent", "cgroup"),
    *_numbers("cpu_count"),
    Field("cpu_percent", kinds.real),
    *_numbers("cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime"),
    Field("cpus", kinds.real),
    *_texts("cpuset"),
    *_numbers("cpu_shares"),
    Field("command", kinds.command, keep=True, always=None),
    Field("configs", ListOf(FILE_REFERENCE)),
    *_texts("container_name"),
    Field("credential_spec", Shape(*_texts("config", "file", "registry")), keep=True),
    Field("depends_on", MapOf(DEPENDENCY)),
    Field("deploy", DEPLOY, keep=True),
    *_lists("device_cgroup_rules"),
    Field("devices", ListOf(Shape(*_texts("source", "target", "permissions")))),
    *_lists("dns", "dns_opt", "dns_search"),
    *_texts("dockerfile", "domainname"),
    Field("entrypoint", kinds.command, keep=True, always=None),
    Field("provider", Shape(*_texts("type"), Field("options", kinds.multiple_options)), keep=True),
    Field("environment", kinds.optional_mapping),
    Field("env_file", ListOf(ENV_FILE)),
    *_lists("expose"),
    Field("extends", Shape(*_texts("file", "service")), keep=True),
    *_lists("external_links"),
    Field("extra_hosts", kinds.hosts),
    *_lists("group_add"),
    Field("gpus", ListOf(DEVICE_REQUEST)),
    *_texts("hostname"),
    Field("healthcheck", HEALTH_CHECK, keep=True),
    *_texts("image"),
    Field("init", kinds.boolean, keep=True),
    *_texts("ipc", "isolation"),
    _LABELS,
    *_lists("label_file", "links"),
    Field("logging", Shape(*_texts("driver"), Field("options", kinds.mapping)), keep=True),
    *_texts("log_driver"),
    Field("log_opt", kinds.mapping),
    Field("mem_limit", kinds.size),
    Field("mem_reservation", kinds.size),
    Field("memswap_limit", kinds.size),
    Field("mem_swappiness", kinds.size),
    *_texts("mac_address"),
    Field("models", MapOf(Shape(*_texts("endpoint_var", "model_var")))),
    *_texts("net", "network_mode"),
    Field("networks", MapOf(SERVICE_NETWORK)),
    Field("oom_kill_disable", kinds.boolean),
    *_numbers("oom_score_adj"),
    *_texts("pid"),
    *_numbers("pids_limit"),
    *_texts("platform"),
    Field("ports", ListOf(PORT)),
    Field("privileged", kinds.boolean),
    *_texts("pull_policy"),
    Field("read_only", kinds.boolean),
    *_texts("restart", "runtime"),
    Field("scale", kinds.number, keep=True),
    Field("secrets", ListOf(FILE_REFERENCE)),
    *_lists("security_opt"),
    Field("shm_size", kinds.size),
    Field("stdin_open", kinds.boolean),
    Field("stop_grace_period", kinds.duration, keep=True),
    *_texts("stop_signal"),
    Field("storage_opt", kinds.mapping),
    Field("sysctls", kinds.mapping),
    *_lists("tmpfs"),
    Field("tty", kinds.boolean),
    _ULIMITS,
    Field("use_api_socket", kinds.boolean),
    *_texts("user", "userns_mode", "uts", "volume_driver"),
    Field("volumes", ListOf(VOLUME_MOUNT)),
    *_lists("volumes_from"),
    *_texts("working_dir"),
    Field("post_start", ListOf(HOOK)),
    Field("pre_stop", ListOf(HOOK)),
)

NETWORK = Shape(
    *_texts("name", "driver"),
    _DRIVER_OPTIONS,
    Field(
        "ipam",
        Shape(
            *_texts("driver"),
            Field(
                "config",
                ListOf(
                    Shape(
                        *_texts("subnet", "gateway", "ip_range"),
                        Field("aux_addresses", kinds.mapping),
                    )
                ),
            ),
        ),
        always={},
    ),
    *(Field(name, kinds.boolean) for name in ("external", "internal", "attachable")),
    _LABELS,
    Field("enable_ipv4", kinds.boolean, keep=True),
    Field("enable_ipv6", kinds.boolean, keep=True),
)

VOLUME = Shape(
    *_texts("name", "driver"), _DRIVER_OPTIONS, Field("external", kinds.boolean), _LABELS
)

FILE_OBJECT = Shape(
    *_texts("name", "file", "environment", "content"),
    Field("external", kinds.boolean),
    _LABELS,
    *_texts("driver"),
    _DRIVER_OPTIONS,
    *_texts("template_driver"),
)

MODEL = Shape(*_texts("name", "model"), *_numbers("context_size"), *_lists("runtime_flags"))

PROJECT = Shape(
    *_texts("name"),
    Field("services", MapOf(SERVICE, filled=True), keep=True),
    Field("networks", MapOf(NETWORK, filled=True)),
    Field("volumes", MapOf(VOLUME, filled=True)),
    Field("secrets", MapOf(FILE_OBJECT, filled=True)),
    Field("configs", MapOf(FILE_OBJECT, filled=True)),
    Field("models", MapOf(MODEL, filled=True)),
)
