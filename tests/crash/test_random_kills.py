"""P1, P2, P3 and P16 by violence: kill -9 at random moments, judged from the outside."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.killer import Server, Violence, ponte_split, ponte_up
from tests.crash.plan import Profile
from tests.crash.run import run

pytestmark = pytest.mark.violence

# The promise (P16) is 5 s and 10 s, on a machine of one's own; `make soak` says what it was.
# Beside other tests on two processors three times as long is not held against Ponte (chosen).
SERVES_AGAIN_WITHIN_S = 15.0
DRAINS_WITHIN_S = 30.0


@pytest.mark.timeout(150)
@pytest.mark.parametrize(
    ("install", "kills"), [(ponte_up, 10), (ponte_split, 6)], ids=["up", "web+worker"]
)
def test_kill_9_at_random_moments_loses_and_doubles_nothing(
    install: Callable[[Path], Server], kills: int, tmp_path: Path
) -> None:
    server = install(tmp_path)

    try:
        verdict = run(
            server, Violence(kills=kills, seed=20), profile=Profile(seed=20, at_least=100)
        )
        code, said = server.verify()
    finally:
        server.stop()

    assert verdict.faults == {}, str(verdict)
    assert verdict.acked == verdict.attempted > 0
    assert verdict.recovered > 0, "no request was cut off: the kills proved nothing"
    assert verdict.recovery_p50_s < SERVES_AGAIN_WITHIN_S, str(verdict)
    assert verdict.recovery_max_s < 2 * SERVES_AGAIN_WITHIN_S, str(verdict)
    assert verdict.drain_s < DRAINS_WITHIN_S, str(verdict)
    assert code == 0, said
