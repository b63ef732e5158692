import pytest
from tests.root.cgroup_contract import CgroupContract

pytestmark = pytest.mark.root


class TestOnThisHost(CgroupContract):
    """Whichever version it has."""
