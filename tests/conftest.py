"""What tests of several folders share."""

from collections.abc import Iterator

import pytest
from tests.support.valkey import PASSWORD, wipe

from openoutcry.adapters.local.valkey_cluster import ValkeyCluster


@pytest.fixture(scope="session")
def shared_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyCluster]:
    with ValkeyCluster(tmp_path_factory.mktemp("valkey"), password=PASSWORD) as cluster:
        yield cluster


@pytest.fixture
def valkey(shared_valkey: ValkeyCluster) -> ValkeyCluster:
    """A cluster of three primaries with a replica each, empty. Not to be broken."""
    wipe(shared_valkey)
    return shared_valkey


@pytest.fixture
def own_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyCluster]:
    """A cluster for one test, which may kill its nodes."""
    with ValkeyCluster(tmp_path_factory.mktemp("valkey"), password=PASSWORD) as cluster:
        yield cluster
