"""The test of the test: the judge clears an honest server and convicts each naive one."""

from pathlib import Path

import pytest

from tests.crash.killer import Violence, naive
from tests.crash.naive_server import BUGS
from tests.crash.plan import Profile
from tests.crash.run import run
from tests.crash.verdict import Verdict

pytestmark = pytest.mark.violence

VIOLENCE = Violence(kills=5, seed=7, longest_s=0.4, during_start=0.0)
# 120 orders ask for some 70 units of the scarce product, of which there are 40.
PROFILE = Profile(seed=7, rate_per_s=80.0, scarce=0.6, at_least=120)

# What each bug must be convicted of, at the least.
CRIMES = {
    "answer_before_commit": "lost",
    "handled_before_effect": "lost",
    "check_then_act": "duplicated",
    "ack_apart_from_effect": "duplicated",
    "number_apart_from_nota": "nota_gaps",
    "oversell": "negative_stock",
    "ledger_forgotten": "stock_drift",
}


def _run(tmp_path: Path, bug: str | None) -> Verdict:
    server = naive(tmp_path, bug)
    try:
        return run(server, VIOLENCE, profile=PROFILE, drain_within_s=2.0)
    finally:
        server.stop()


def test_an_honest_server_is_cleared_of_everything(tmp_path: Path) -> None:
    verdict = _run(tmp_path, None)

    assert verdict.faults == {}, str(verdict)
    assert verdict.acked == verdict.attempted
    assert verdict.recovered > 0, "no request was cut off: the kills proved nothing"
    assert verdict.repeated > 0


@pytest.mark.parametrize("bug", BUGS)
def test_a_server_with_a_bug_is_found_out(bug: str, tmp_path: Path) -> None:
    verdict = _run(tmp_path, bug)

    assert verdict.count(CRIMES[bug]) > 0, str(verdict)
