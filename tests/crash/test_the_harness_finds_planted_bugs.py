"""The test of the test, on Ponte itself: one function is made wrong and must be found out."""

from pathlib import Path

import pytest

from tests.crash.killer import Violence, ponte_up
from tests.crash.plan import Profile
from tests.crash.planted import BUGS, launcher
from tests.crash.run import run
from tests.crash.sets import Motores, ponte_on
from tests.postgres import Cluster

pytestmark = pytest.mark.violence

# What each bug must be convicted of, at the least, and how many kills that takes.
CRIMES = {
    "answer_before_commit": ("lost", 3),
    "handled_before_effect": ("lost", 3),
    "check_then_act": ("duplicated", 1),
}
# Without external ids, so that the Idempotency-Key alone must keep orders apart.
ON_A_SERVER = "handled_before_effect"
PROFILE = Profile(seed=3, rate_per_s=60.0, twins=0.3, with_externo=0.0, at_least=40)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("bug", BUGS)
def test_a_ponte_with_one_planted_bug_is_found_out(bug: str, tmp_path: Path) -> None:
    crime, kills = CRIMES[bug]
    server = ponte_up(tmp_path, launcher=launcher(bug))
    violence = Violence(kills=kills, seed=3, shortest_s=0.4, longest_s=1.0, during_start=0.0)

    try:
        verdict = run(server, violence, profile=PROFILE, drain_within_s=3.0)
    finally:
        server.stop()

    assert verdict.count(crime) > 0, str(verdict)


@pytest.mark.timeout(400)
def test_a_worker_on_a_server_that_forgets_its_work_is_found_out(
    cluster: Cluster, tmp_path: Path
) -> None:
    crime, kills = CRIMES[ON_A_SERVER]
    server = ponte_on(
        Motores(cluster), tmp_path, papeis=("web-1", "worker-1"), launcher=launcher(ON_A_SERVER)
    )
    violence = Violence(kills=kills, seed=4, shortest_s=0.4, longest_s=1.0, during_start=0.0)

    try:
        verdict = run(server, violence, profile=PROFILE, drain_within_s=3.0)
    finally:
        server.stop()

    assert verdict.count(crime) > 0, str(verdict)
