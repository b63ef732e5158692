"""Whatever well-typed request arrives, the answer is a config.json or an error with a name."""

import contextlib
import json
from typing import Any, get_args, get_type_hints

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.engine.hosts import BUSYBOX, CONTAINER_ID, HOST

from seacan.engine.bundle.bundle import BundleInputs, make_config
from seacan.engine.bundle.devices import Devices
from seacan.engine.bundle.sharing import Shared
from seacan.engine.bundle.users import Accounts, find_user
from seacan.engine.creation.requests import normalise
from seacan.errors import SeacanError
from seacan.spec import engine_api

TEXT = st.text(max_size=8) | st.sampled_from(
    ["", "/", "/a", "/tmp:/a:ro", "host", "none", "private", "ALL", "c 1:3 rwm", "0", "-1", "A=b"]
)
NUMBER = st.sampled_from([-1, 0, 1, 10, 1000, 1 << 24, 1 << 63]) | st.integers()
VALUES = {
    str: TEXT,
    int: NUMBER,
    bool: st.booleans(),
    Any: st.recursive(
        st.none() | st.booleans() | NUMBER | TEXT,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
        max_leaves=4,
    ),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    if hint in VALUES:
        return VALUES[hint]
    if hint is type(None):
        return st.none()
    if isinstance(hint, type) and hasattr(hint, "__total__"):
        return objects_of(hint)
    arguments = get_args(hint)
    match getattr(hint, "__origin__", None):
        case origin if origin is list:
            return st.lists(values_of(arguments[0]), max_size=2)
        case origin if origin is dict:
            return st.dictionaries(TEXT, values_of(arguments[1]), max_size=2)
    return st.one_of(*map(values_of, arguments))


def objects_of(shape: type) -> st.SearchStrategy[dict[str, Any]]:
    hints = get_type_hints(shape)
    if not hints:
        return st.just({})
    # A few fields at a time, or the first refusal hides the others.
    return st.lists(st.sampled_from(sorted(hints)), max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: values_of(hints[name]) for name in names})
    )


@settings(max_examples=300, deadline=None)
@given(
    request=objects_of(engine_api.ContainerCreate), host_config=objects_of(engine_api.HostConfig)
)
def test_any_request_becomes_a_config_or_an_error_with_a_name(
    request: Any, host_config: Any
) -> None:
    body: Any = {"HostConfig": host_config, **request}
    with contextlib.suppress(SeacanError):
        normalised = normalise(body, BUSYBOX, CONTAINER_ID, HOST)
        config = make_config(
            BundleInputs(
                config=normalised.config,
                host_config=normalised.host_config,
                mounts=normalised.mounts,
                user=find_user("", [], Accounts()),
                devices=Devices((), ()),
                cgroup_path="/ID",
                shared=Shared(),
                host=HOST,
            )
        )
        json.dumps(config)
