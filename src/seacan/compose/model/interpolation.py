"""Variables in the values of a file, and the types that their places ask for.

A value that came from a variable is a text; where the specification has a number or a boolean, it
is made one, so that `replicas: ${N}` is as good as `replicas: 3`.
"""

from __future__ import annotations

from seacan.compose.model.kinds import boolean, number, real
from seacan.compose.model.path_table import ITEM, PathTable, joined
from seacan.compose.model.variables import InvalidTemplate, MissingVariable, substitute
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.compose.model.notices import Notices
    from seacan.compose.model.path_table import Path
    from seacan.compose.model.variables import Lookup

_NUMBERS = """
    cpu_count cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares deploy.replicas
    deploy.update_config.parallelism deploy.rollback_config.parallelism
    deploy.restart_policy.max_attempts deploy.placement.max_replicas_per_node healthcheck.retries
    oom_score_adj pids_limit ports.*.target scale ulimits.* ulimits.*.hard ulimits.*.soft
""".split()
_REALS = """
    cpu_percent cpus deploy.update_config.max_failure_ratio
    deploy.rollback_config.max_failure_ratio
""".split()
_BOOLEANS = """
    init healthcheck.disable oom_kill_disable privileged read_only stdin_open tty
    volumes.*.read_only volumes.*.volume.nocopy
""".split()
_TOP_BOOLEANS = """
    networks.*.external networks.*.internal networks.*.attachable networks.*.enable_ipv4
    networks.*.enable_ipv6 volumes.*.external secrets.*.external configs.*.external
""".split()

_CASTS = PathTable(
    {
        **{f"services.*.{key}": number for key in _NUMBERS},
        **{f"services.*.{key}": real for key in _REALS},
        **{f"services.*.{key}": boolean for key in _BOOLEANS},
        **{key: boolean for key in _TOP_BOOLEANS},
    }
)


def interpolate(value: Any, lookup: Lookup, notices: Notices, path: Path = ()) -> Any:
    """Return a copy of `value` with the variables in its texts replaced.

    Raises InvalidArgument, which names the path, for a text that is wrong or a missing variable.
    """
    if isinstance(value, dict):
        return {
            key: interpolate(item, lookup, notices, (*path, key)) for key, item in value.items()
        }
    if isinstance(value, list):
        return [interpolate(item, lookup, notices, (*path, ITEM)) for item in value]
    return _text(value, lookup, notices, path) if isinstance(value, str) else value


def _text(text: str, lookup: Lookup, notices: Notices, path: Path) -> Any:
    try:
        replaced = substitute(text, lookup, notices.unset_variable)
    except InvalidTemplate as err:
        raise InvalidArgument(
            f"invalid interpolation format for {joined(path)}.\n"
            f"You may need to escape any $ with another $.\n{err}"
        ) from None
    except MissingVariable as err:
        raise InvalidArgument(f"error while interpolating {joined(path)}: {err}") from None
    cast = _CASTS.find(path)
    if cast is None:
        return replaced
    try:
        return cast(replaced)
    except ValueError as err:
        raise InvalidArgument(
            f"error while interpolating {joined(path)}: failed to cast to expected type: {err}"
        ) from None
