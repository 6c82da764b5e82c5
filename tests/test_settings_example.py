"""`.env.example` lists every setting, each once, with the default that it really has."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from pydantic import BaseModel, ValidationError

from ponte.connectors import CONNECTORS
from ponte.settings import ClienteSettings, Settings

if TYPE_CHECKING:
    from ponte.ports import Connector

EXAMPLE = Path(__file__).parents[1] / ".env.example"
LINE = re.compile(r"^#?(PONTE_[A-Z0-9_]+)=(.*)$", re.MULTILINE)


def listed() -> list[tuple[str, str]]:
    return LINE.findall(EXAMPLE.read_text())


def names(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for field, info in model.model_fields.items():
        name = f"{prefix}{field.upper()}"
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from names(info.annotation, f"{name}__")
        else:
            yield name


def connector_settings(path: str) -> type[BaseModel]:
    module, _, attribute = path.partition(":")
    return cast("Connector", getattr(import_module(module), attribute)).settings


@pytest.mark.parametrize("tz", ["Marte/Olimpo", "America", "../etc/passwd", ""])
def test_a_zone_that_does_not_exist_is_refused_by_its_name(tz: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(tz=tz)

    assert [error["loc"] for error in refused.value.errors()] == [("tz",)]


def test_an_empty_file_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PONTE_TLS_CERT", "")
    monkeypatch.setenv("PONTE_KAFKA__CA_FILE", "")

    read = Settings()

    assert (read.tls_cert, read.kafka.ca_file) == (None, None)


def test_every_setting_is_listed_once() -> None:
    both = (*names(Settings, "PONTE_"), *names(ClienteSettings, "PONTE_"))
    own = list(dict.fromkeys(both))  # the key is named by both
    theirs = [
        name
        for connector, path in CONNECTORS.items()
        for name in names(connector_settings(path), f"PONTE_{connector.upper()}__")
    ]

    written = [name for name, _ in listed()]

    assert sorted(written) == sorted(own + theirs)


def test_every_value_shown_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    own = set(names(Settings, "PONTE_"))
    for name in own:
        monkeypatch.delenv(name, raising=False)
    defaults = Settings(_env_file=None)

    for name, value in listed():
        if name in own and value:
            monkeypatch.setenv(name, value)

    assert Settings(_env_file=None) == defaults
