"""compose.yml starts nothing without secrets of one's own, and shows nothing to strangers."""

import re
import shutil
import subprocess
from functools import cache
from typing import Any

import pytest
import yaml

from ponte.connectors import CONNECTORS
from ponte.runtime.server import OCIOSO_S, check_exposure
from ponte.settings import ClienteSettings, Settings, names_of
from tests.deploy.conftest import ROOT

PROFILES = {"sqlite", "postgres", "rabbitmq", "redis", "kafka", "monitoring", "full"}
OURS = {"ponte", "web", "worker", "scheduler"}
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?])([^}]*))?\}")
SECRET = re.compile(r"(PASSWORD|KEY|SECRET|TOKEN)$|PASS$")


@cache
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yml").read_text())
    return found


def services() -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"]
    return found


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("name", services())
def test_a_service_is_pinned_watched_and_restarted(name: str) -> None:
    service = services()[name]

    image = VARIABLE.sub(lambda m: m[3], service["image"])

    assert re.fullmatch(r"[\w/.-]+:v?\d+\.\d+[\w.-]*", image)
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert service["restart"] == "unless-stopped"
    assert set(service["profiles"]) <= PROFILES
    assert service["profiles"] != []


@pytest.mark.parametrize("name", services())
def test_a_port_is_for_this_machine_alone(name: str) -> None:
    ports = services()[name].get("ports", [])

    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
    assert services()[name]["networks"] != []


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "compose.yml").read_text()

    variables = {(name, sign) for name, sign, _ in VARIABLE.findall(text)}
    secret = {(name, sign) for name, sign in variables if SECRET.search(name)}

    assert {name for name, _ in secret} == {
        "PONTE_API_KEY",
        "PONTE_MASTER_KEY",
        "POSTGRES_PASSWORD",
        "RABBITMQ_PASSWORD",
        "REDIS_PASSWORD",
        "GRAFANA_PASSWORD",
    }
    assert {sign for _, sign in secret} == {"?"}
    assert [name for name, sign in variables - secret if sign != "-"] == []


@pytest.mark.parametrize("name", services())
def test_what_is_secret_in_a_service_comes_from_outside(name: str) -> None:
    environment = services()[name].get("environment", {})

    written = [
        key
        for key, value in environment.items()
        if SECRET.search(key) and not VARIABLE.search(str(value))
    ]

    assert written == []


@pytest.mark.parametrize("name", sorted(OURS))
def test_ponte_reads_every_variable_that_it_is_given(name: str) -> None:
    given = set(services()[name]["environment"])

    known = names_of(Settings) | names_of(ClienteSettings)

    assert given - known == set()
    assert {"PONTE_API_KEY", "PONTE_MASTER_KEY", "PONTE_TRUSTED_PROXIES"} <= given


@pytest.mark.parametrize("name", sorted(OURS))
def test_ponte_runs_with_as_little_as_it_needs(name: str) -> None:
    service = services()[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    assert "ports" not in service


def test_every_role_gives_its_numbers_where_prometheus_asks() -> None:
    prometheus = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    (found,) = prometheus["scrape_configs"][0]["dns_sd_configs"]

    asked = {
        name
        for name in OURS - {"ponte"}
        if "8000" in {services()[name]["environment"].get(p) for p in ("PONTE_METRICS_PORT",)}
        or name == "web"
    }

    assert (set(found["names"]), found["port"]) == (asked, 8000)
    assert services()["ponte"]["networks"]["interna"]["aliases"] == ["web"]
    assert services()["web"]["environment"]["PONTE_PORT"] == "8000"


def test_the_proxy_takes_its_configuration_and_drops_a_connection_before_ponte_does() -> None:
    caddy = shutil.which("caddy")
    path = ROOT / "deploy" / "caddy" / "Caddyfile"

    (keepalive,) = re.findall(r"keepalive (\d+)s", path.read_text())

    assert int(keepalive) < OCIOSO_S
    if caddy is None:
        pytest.skip("caddy is absent: it did not read its configuration")
    command = [caddy, "validate", "--adapter", "caddyfile", "--config", str(path)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    assert checked.returncode == 0, checked.stderr


def test_only_the_proxy_is_believed_and_reached() -> None:
    proxy = services()["proxy"]["networks"]["interna"]["ipv4_address"]

    believed = {services()[name]["environment"]["PONTE_TRUSTED_PROXIES"] for name in OURS}

    assert believed == {proxy}
    assert [name for name in OURS if "ports" in services()[name]] == []


def test_what_a_profile_waits_for_is_there() -> None:
    lost = [
        (name, other)
        for name, service in services().items()
        for other, how in service.get("depends_on", {}).items()
        if how.get("required", True)
        and not set(service["profiles"]) <= set(services()[other]["profiles"])
    ]

    assert lost == []
    assert [p for p in PROFILES if not any(p in s["profiles"] for s in services().values())] == []


def test_the_management_of_rabbitmq_can_be_opened() -> None:
    rabbitmq = services()["rabbitmq"]

    assert rabbitmq["ports"] == ["127.0.0.1:15672:15672"]
    assert rabbitmq["image"].endswith("-management")


def test_every_file_that_is_lent_exists() -> None:
    lent = [
        volume.split(":")[0]
        for service in services().values()
        for volume in service.get("volumes", [])
    ]

    missing = [path for path in lent if path.startswith("./deploy") and not (ROOT / path).exists()]
    named = {path for path in lent if not path.startswith("./")}

    assert missing == []
    assert named == set(compose()["volumes"])


def test_the_image_is_built_from_pins_and_runs_as_nobody_with_no_tools() -> None:
    build, run = dockerfile().split("\nFROM ")[1:]

    assert (
        re.findall(r"^FROM (\S+)", dockerfile(), re.MULTILINE)
        == ["python:3.11.13-slim-bookworm"] * 2
    )
    assert "--require-hashes" in build
    assert "--no-deps --no-build-isolation" in build
    assert "uninstall -y hatchling pip" in build
    assert "uninstall -y pip setuptools wheel" in run
    assert re.search(r"^USER ponte$", run, re.MULTILINE)
    assert "apt-get" not in dockerfile()
    assert "/health/live" in run.partition("HEALTHCHECK")[2].partition("\n\n")[0]
    assert 'ENTRYPOINT ["ponte"]' in run


def test_the_image_is_given_only_what_it_is_built_from() -> None:
    ignored, *rules = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    copied = [
        source.rstrip("/")
        for line in re.findall(r"^COPY ((?!--from).+) \S+$", dockerfile(), re.MULTILINE)
        for source in line.split()
    ]

    allowed = {rule[1:] for rule in rules if rule.startswith("!")}

    assert ignored == "*"
    assert set(copied) == allowed
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_connectors_find_their_settings_in_a_file_of_the_operator() -> None:
    files = {name: services()[name]["env_file"] for name in OURS}

    assert list(files.values()) == [[{"path": "ponte.env", "required": False}]] * 4
    assert len(CONNECTORS) > 0


@pytest.mark.parametrize("name", sorted(OURS))
def test_what_compose_gives_is_a_configuration_that_starts(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = {
        "PONTE_API_KEY": "chave-de-teste-sem-valor-0123456789-abcd",
        "PONTE_MASTER_KEY": "0" * 64,
        "POSTGRES_PASSWORD": "fake",
    }
    for key, value in services()[name]["environment"].items():
        given = VARIABLE.sub(lambda m: secret.get(m[1]) or m[3], value)
        monkeypatch.setenv(key, given)

    settings = Settings(_env_file=None)

    check_exposure(settings, settings.host)
    url = settings.database_url.get_secret_value()
    assert url == ("" if name == "ponte" else "postgresql://ponte:fake@postgres:5432/ponte")
    assert settings.allowed_hosts == ("localhost", "127.0.0.1", "172.30.77.0/24")
    assert (settings.port, settings.metrics_port) in {(8000, 0), (8000, 8000)}
