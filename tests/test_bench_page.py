"""The page of measured figures says what the raw results say, and a miss is called one."""

from bench import published
from bench.result import Verdict


def test_the_page_is_what_the_raw_results_make() -> None:
    assert published.PAGE.read_text() == published.page(), "python -m bench.published"


def test_every_row_that_was_measured_is_on_the_page_with_its_misses() -> None:
    text = published.PAGE.read_text()

    for name, (run, row) in published.newest().items():
        assert f"## {name}\n\n`{run['command']}`" in text
        missed = [line for line in row["lines"] if line["verdict"] == Verdict.MISSED]
        for line in missed:
            assert f"| {line['name']}" in text
    assert text.count(f"| {Verdict.MISSED} ") == sum(
        line["verdict"] == Verdict.MISSED
        for _run, row in published.newest().values()
        for line in row["lines"]
    )
