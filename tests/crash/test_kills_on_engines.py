"""P1, P2, P3 by violence on servers: roles are killed while their engines lose their power."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers.engines import REQUIRED, Absent
from tests.crash.killer import API_KEY, Violence
from tests.crash.plan import Profile
from tests.crash.run import run
from tests.crash.sets import BROKERS, Motores, Unrest, motores, ponte_on, started_cluster, watched
from tests.crash.watcher import Watcher
from tests.postgres import Cluster

pytestmark = pytest.mark.violence

# On a quiet machine five seconds. What is held here is that it ends at all: a worker that
# dies is known to be dead after ten, and neighbours make everything three times as slow.
DRAINS_WITHIN_S = 90.0


@pytest.fixture(scope="module")
def victim() -> Iterator[Cluster]:
    """A PostgreSQL that no other test leans on."""
    try:
        with started_cluster() as cluster:
            yield cluster
    except Absent as absent:
        _is_absent(absent)


@pytest.fixture(params=BROKERS)
def engines(request: pytest.FixtureRequest, victim: Cluster, tmp_path: Path) -> Iterator[Motores]:
    """Each engine set, running."""
    try:
        with motores(request.param, victim, tmp_path / "broker") as running:
            yield running
    except Absent as absent:
        _is_absent(absent)


def _is_absent(absent: Absent) -> None:
    if os.environ.get("PONTE_TEST_ENGINES") == REQUIRED:
        pytest.fail(str(absent))
    pytest.skip(str(absent))


@pytest.mark.timeout(480)
def test_kill_9_of_any_role_while_its_engines_fall_loses_and_doubles_nothing(
    engines: Motores, tmp_path: Path
) -> None:
    server = ponte_on(engines, tmp_path)
    unrest = Unrest(engines, server, seed=21, shortest_s=5.0, longest_s=10.0)
    watcher = Watcher(server.portas, API_KEY, seed=21)

    try:
        verdict = run(
            server,
            Violence(kills=10, seed=21),
            profile=Profile(seed=21, rate_per_s=12.0, at_least=100),
            drain_within_s=DRAINS_WITHIN_S,
            unrest=watched(unrest, watcher),
        )
        code, said = server.verify()
    finally:
        server.stop()

    assert verdict.faults == {}, str(verdict)
    assert verdict.acked == verdict.attempted > 0
    assert verdict.recovered > 0, "no request was cut off or refused: the kills proved nothing"
    assert verdict.kills == 10
    assert min(unrest.cuts.values()) >= unrest.at_least, unrest.cuts
    assert verdict.drain_s < DRAINS_WITHIN_S, str(verdict)
    assert code == 0, said
    assert watcher.faults == []
    assert watcher.resumed > 0, "the socket was never cut: the kills proved nothing"
