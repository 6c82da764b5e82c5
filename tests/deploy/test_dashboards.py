"""Every query of the shipped dashboards has something to show of a Ponte that works."""

import json
import math
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.acceptance.servidor import free_port
from tests.cli.terminal import new_terminal
from tests.deploy.conftest import ROOT
from tests.deploy.test_rules import ITS_OWN, PROMISED, exported, metrics_in
from tests.deploy.vigiado import PATIENCE_S, Prometheus, outside, scraping, until, working

FOLDER = ROOT / "deploy" / "grafana"
BOARDS = {p.stem: json.loads(p.read_text()) for p in sorted(FOLDER.glob("dashboards/*.json"))}
OF_PROCESSES = {"process_resident_memory_bytes", "process_cpu_seconds_total"}
QUERIES = [
    pytest.param(target["expr"], id=f"{name}-{panel['title']}-{target['refId']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
    for target in panel["targets"]
]


@pytest.fixture(scope="module")
def observed(prometheus: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("observado")
    with pytest.MonkeyPatch.context() as patch:
        terminal = new_terminal(folder, patch)
        with (
            outside() as base_url,
            working(terminal, base_url),
            scraping(prometheus, folder, target=terminal.porta, port=free_port()) as found,
        ):
            until(lambda: found.query('sum(hub_circuit_breaker_state{state="open"})') == [1])
            yield found


@pytest.mark.parametrize("expr", QUERIES)
def test_a_panel_shows_something(observed: Prometheus, expr: str) -> None:
    asked = expr.replace("$__rate_interval", "15s").replace('"$hub"', '".*"')

    end = time.monotonic() + PATIENCE_S
    while not (values := finite(observed.query(asked))) and time.monotonic() < end:
        time.sleep(0.5)

    assert "$" not in asked
    assert values != []


def finite(values: list[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]


def test_the_choice_of_hubs_is_filled(observed: Prometheus) -> None:
    (variable,) = BOARDS["hubs"]["templating"]["list"]

    hubs = observed.get("/label/hub/values", **{"match[]": "hub_circuit_breaker_state"})

    assert variable["query"]["query"] == "label_values(hub_circuit_breaker_state, hub)"
    assert {"telegram", "webhook"} <= set(hubs)


def test_every_rule_runs_over_what_ponte_gives(observed: Prometheus) -> None:
    def run() -> bool:
        return all(rule["health"] != "unknown" for rule in rules(observed))

    until(run)

    assert {rule["health"] for rule in rules(observed)} == {"ok"}
    assert len(rules(observed)) == len(PROMISED)
    assert observed.query('up{job="ponte-hubs"}') == [1]


def rules(prometheus: Prometheus) -> list[dict[str, Any]]:
    return [rule for group in prometheus.get("/rules")["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("expr", QUERIES)
def test_a_panel_asks_for_numbers_that_ponte_gives(expr: str) -> None:
    named = metrics_in(expr) | ({"ALERTS"} if "(ALERTS)" in expr else set())

    assert named != set()
    assert named - exported() - ITS_OWN - OF_PROCESSES == set()


def test_dashboards_are_told_apart_and_find_their_source() -> None:
    provisioned = yaml.safe_load((FOLDER / "provisioning/datasources/prometheus.yml").read_text())
    (source,) = provisioned["datasources"]
    panels = [panel for board in BOARDS.values() for panel in board["panels"]]

    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS) == 3
    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}
    assert [panel["title"] for panel in panels if overlaps(panel)] == []


def overlaps(panel: dict[str, Any]) -> bool:
    place = panel["gridPos"]
    return bool(place["x"] + place["w"] > 24)
