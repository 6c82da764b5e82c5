"""P1 and P3 at enumerated points: one order, killed at each write that it makes in turn."""

from pathlib import Path

import pytest

from tests.crash.killer import naive, ponte_up
from tests.crash.points import (
    crash_first_start,
    first_start_points,
    opened,
    sample,
    tracing_or_skip,
)
from tests.crash.run import settle

pytestmark = pytest.mark.violence

# One point costs a crash and a start, so each syscall is sampled; the soak visits all.
EACH = 3
EACH_WITH_CANCEL = 2
EACH_NAIVE = 5


@pytest.fixture(scope="module", autouse=True)
def _tracing_is_permitted() -> None:
    tracing_or_skip()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("cancel", "each"), [(False, EACH), (True, EACH_WITH_CANCEL)], ids=["order", "order+cancel"]
)
def test_a_crash_at_any_write_of_an_order_loses_and_doubles_nothing(
    cancel: bool, each: int, tmp_path: Path
) -> None:
    server = ponte_up(tmp_path)

    with opened(server, cancel=cancel) as points:
        chosen = sample(points.discover(), each)
        for point in chosen:
            points.crash_at(point)
        verdict = settle(server)
        code, said = server.verify()

    assert verdict.faults == {}, str(verdict)
    assert points.reached >= len(chosen) // 2, f"{points.reached} of {len(chosen)} crashed"
    assert code == 0, said


@pytest.mark.timeout(150)
def test_a_crash_at_any_write_of_the_first_start_leaves_a_ponte_that_starts(
    tmp_path: Path,
) -> None:
    found = first_start_points(ponte_up(tmp_path / "unharmed"))
    # Every file but the database is made by a `write`; SQLite is trusted with a sample.
    chosen = [p for p in found if p.syscall == "write"]
    chosen += sample([p for p in found if p.syscall == "pwrite64"], 2)
    assert chosen

    for point in chosen:
        server = ponte_up(tmp_path / str(point))
        try:
            crash_first_start(server, point)
            code, said = server.verify()
        finally:
            server.stop()

        assert code == 0, f"{point}: {said}"


@pytest.mark.parametrize(
    ("bug", "crime"),
    [
        (None, None),
        ("answer_before_commit", "lost"),
        ("handled_before_effect", "lost"),
        ("ack_apart_from_effect", "duplicated"),
    ],
)
def test_the_points_clear_an_honest_server_and_convict_a_naive_one(
    bug: str | None, crime: str | None, tmp_path: Path
) -> None:
    with opened(naive(tmp_path, bug)) as points:
        for point in sample(points.discover(), EACH_NAIVE):
            points.crash_at(point)
        verdict = settle(points.server, 1.0)

    assert points.reached > 0
    if crime is None:
        assert verdict.faults == {}, str(verdict)
    else:
        assert verdict.count(crime) > 0, str(verdict)
