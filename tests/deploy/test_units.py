"""The systemd units are taken by systemd, and give their processes little to break."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ponte.cli.app import COMMANDS
from ponte.settings import Settings, names_of
from tests.deploy.conftest import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
EXPOSURE = 20  # tenths, of systemd's own judgement: below 2 of 10 is what it calls OK
HARDENED = {
    "nonewprivileges": "yes",
    "protectsystem": "strict",
    "protecthome": "yes",
    "privatetmp": "yes",
    "privatedevices": "yes",
    "user": "ponte",
    "environmentfile": "/etc/ponte/ponte.env",
    "capabilityboundingset": "",
    "umask": "0077",
}


def parsed(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read(path)
    return parser


def test_each_role_has_its_unit() -> None:
    assert [path.name for path in UNITS] == [
        "ponte-scheduler.service",
        "ponte-web@.service",
        "ponte-worker@.service",
    ]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: str(path.stem))
def test_a_unit_is_hardened_and_starts_a_role(path: Path) -> None:
    service = parsed(path)["Service"]

    program, role, *_ = service["ExecStart"].split()
    loose = {name: service.get(name) for name, value in HARDENED.items() if service[name] != value}

    assert loose == {}
    assert program == "/opt/ponte/bin/ponte"
    assert role in COMMANDS
    assert role == re.sub(r"^ponte-|@?$", "", path.stem)
    assert int(service["TimeoutStopSec"]) > 20  # promise P12
    assert service["SuccessExitStatus"] == "143"  # what a process ends with that was asked to


@pytest.mark.parametrize("path", UNITS, ids=lambda path: str(path.stem))
def test_a_unit_holds_no_secret_and_only_settings_that_ponte_reads(path: Path) -> None:
    given = set(re.findall(r"^Environment=(\w+)=", path.read_text(), re.MULTILINE))

    assert given - names_of(Settings) == set()
    assert given <= {"PONTE_DATA_DIR", "PONTE_METRICS_PORT"}


@pytest.fixture
def placed(tmp_path: Path) -> Path:
    """The units with a program that this machine has."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is absent: the units were parsed, systemd did not read them")
    for path in UNITS:
        text = path.read_text().replace("/opt/ponte/bin/ponte", "/bin/true")
        (tmp_path / path.name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("name", [path.name for path in UNITS])
def test_systemd_takes_a_unit(placed: Path, name: str) -> None:
    verified = analyze("verify", f"./{name}", folder=placed)

    assert (verified.returncode, verified.stderr) == (0, "")


def test_systemd_refuses_a_unit_with_a_misspelt_line(placed: Path) -> None:
    path = placed / "ponte-scheduler.service"
    path.write_text(path.read_text().replace("ProtectSystem=strict", "ProtectSystems=strict"))

    verified = analyze("verify", f"./{path.name}", folder=placed)

    assert "ProtectSystems" in verified.stderr


@pytest.mark.parametrize("name", [path.name for path in UNITS])
def test_systemd_finds_a_unit_little_exposed(placed: Path, name: str) -> None:
    judged = analyze(
        "security", "--offline=true", f"--threshold={EXPOSURE}", f"./{name}", folder=placed
    )

    assert judged.returncode == 0, judged.stdout[-500:]


def analyze(*args: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        ["systemd-analyze", *args],  # noqa: S607 - where the machine has it
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
