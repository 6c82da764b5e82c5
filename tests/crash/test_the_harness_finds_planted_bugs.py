"""The test of the test, on Ponte itself: one function is made wrong and must be found out."""

from pathlib import Path

import pytest

from tests.crash.killer import Violence, ponte_up
from tests.crash.plan import Profile
from tests.crash.planted import BUGS, launcher
from tests.crash.run import run

# What each bug must be convicted of, at the least.
CRIMES = {
    "answer_before_commit": "lost",
    "handled_before_effect": "lost",
    "check_then_act": "duplicated",
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("bug", BUGS)
def test_a_ponte_with_one_planted_bug_is_found_out(bug: str, tmp_path: Path) -> None:
    server = ponte_up(tmp_path, launcher=launcher(bug))
    profile = Profile(seed=3, rate_per_s=60.0, twins=0.3, with_externo=0.3)

    try:
        verdict = run(
            server,
            Violence(kills=4, seed=3, longest_s=0.8, during_start=0.0),
            profile=profile,
            drain_within_s=3.0,
        )
    finally:
        server.stop()

    assert verdict.count(CRIMES[bug]) > 0, str(verdict)
