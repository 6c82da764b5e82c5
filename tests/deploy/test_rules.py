"""The alert rules fire when they say, on numbers that Ponte really gives."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from ponte.resilience.numeros import HubNumbers
from ponte.telemetry import Telemetry
from tests.deploy.conftest import ROOT

FOLDER = ROOT / "deploy" / "prometheus"
TESTS = ("rules_test.yml", "rules_day_test.yml")
# Prometheus gives these itself.
ITS_OWN = {"up", "ALERTS"}
NAME = re.compile(r"(?<![\w\"'{,=~./])([a-zA-Z_:][\w:]*)(?=[{\[])|\b((?:ponte|hub|process)_\w+)")
PROMISED = {
    "PonteAbsent",
    "PonteNobodyMeasures",
    "PonteBrokerAway",
    "PonteChannelSilent",
    "HubCircuitBreakerOpen",
    "HubHighErrorRate",
    "HubHighLatency",
    "HubLowSuccessRate",
    "PonteDown",
    "PonteLowStock",
    "PonteOrderTooOld",
    "PonteQueueTooOld",
    "PonteServerErrors",
    "PonteSetAsideWork",
    "PonteTaskRestarting",
    "PonteWebhooksSilent",
}


def metrics_in(expr: str) -> set[str]:
    """Return the series that an expression names, its strings aside."""
    bare = re.sub(r'"[^"]*"', '""', expr)
    return {first or second for first, second in NAME.findall(bare)}


def exported() -> set[str]:
    """Return every series name that a process of Ponte can give."""
    registry = CollectorRegistry()
    HubNumbers(registry)
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
    return {
        family.name + suffix
        for source in (registry, Telemetry().registry)
        for family in source.collect()
        for suffix in suffixes[family.type]
    }


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_promised_alert_is_there_and_explains_itself() -> None:
    found = {rule["alert"]: rule for rule in rules()}

    unexplained = [
        name
        for name, rule in found.items()
        if rule["labels"].keys() != {"severity"}
        or rule["annotations"].keys() != {"summary", "description"}
    ]

    assert found.keys() == PROMISED
    assert unexplained == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_reads_numbers_that_ponte_gives(rule: dict[str, Any]) -> None:
    named = metrics_in(rule["expr"])

    assert named != set()
    assert named - exported() - ITS_OWN == set()


def test_a_number_that_nobody_gives_is_noticed() -> None:
    expr = 'max(ponte_invented{fila="ponte_x"}) / sum by (hub) (rate(hub_requests_total[5m])) > 1'

    assert metrics_in(expr) == {"ponte_invented", "hub_requests_total"}
    assert metrics_in(expr) - exported() == {"ponte_invented"}


def test_each_alert_fires_at_its_figure_and_not_below_it(promtool: str, tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "prometheus")

    checked = run(promtool, "check", "rules", "rules.yml", folder=folder)
    tested = run(promtool, "test", "rules", *TESTS, folder=folder)

    assert (checked.returncode, tested.returncode) == (0, 0), checked.stdout + tested.stderr
    tried = "".join((FOLDER / name).read_text() for name in TESTS)
    assert [name for name in PROMISED if f"alertname: {name}\n" not in tried] == []


def test_a_rule_with_another_figure_fails_its_test(promtool: str, tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "prometheus")
    text = (folder / "rules.yml").read_text()
    (folder / "rules.yml").write_text(text.replace('fila="pedidos"}) > 60', 'fila="pedidos"}) > 6'))

    tested = run(promtool, "test", "rules", *TESTS, folder=folder)

    assert tested.returncode == 1
    assert "PonteOrderTooOld" in tested.stderr


def test_prometheus_takes_the_configuration_and_its_key_from_a_file(
    promtool: str, tmp_path: Path
) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "prometheus")
    without = run(promtool, "check", "config", "prometheus.yml", folder=folder)
    (folder / "segredos").mkdir()
    (folder / "segredos" / "prometheus.key").write_text("fake")

    checked = run(promtool, "check", "config", "prometheus.yml", folder=folder)

    assert checked.returncode == 0, checked.stderr
    assert without.returncode == 1
    job = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"][0]
    assert (job["job_name"], job["scrape_interval"]) == ("ponte-hubs", "15s")


def run(program: str, *args: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - Debian's own program
        [program, *args], cwd=folder, capture_output=True, text=True, timeout=30, check=False
    )
