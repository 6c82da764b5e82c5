"""Canais on the command line: how they are, pause and resume, and the code of a telephone."""

import asyncio
import queue
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ponte.canais.hubs import CONHECIDOS
from ponte.cli.canais import COM_WEBHOOK, NA_PLATAFORMA
from ponte.connectors import CONNECTORS
from ponte.simulators.telegram import SimuladorTelegram
from ponte.simulators.whatsapp import SimuladorWhatsApp
from tests.cli.terminal import Terminal
from tests.connectors.lent import connector_named

PAIRED_AFTER_S = 1.5
ROOT = Path(__file__).parents[2]


def test_every_canal_is_listed_with_its_reason(loja: Terminal) -> None:
    said = loja.ok("canais", "list")
    data = loja.ok("canais", "list", "--json").json

    assert said.out.startswith("CANAL")
    assert "desligado" in said.out
    assert (data["status"], len(data["hubs"])) == ("disabled", 6)


def test_a_canal_is_paused_once_and_resumed_once(loja: Terminal) -> None:
    paused = loja.ok("canais", "pause", "telegram", "--json").json
    again = loja.run("canais", "pause", "telegram")
    resumed = loja.ok("canais", "resume", "telegram", "--json").json
    idle = loja.run("canais", "resume", "telegram")

    assert paused["parado"].startswith("pausado por ")
    assert resumed == {"hub": "telegram", "parado": None}
    assert (again.code, idle.code) == (1, 1)


def test_a_reset_resumes_what_was_paused(loja: Terminal) -> None:
    loja.ok("canais", "pause", "telegram")

    reset = loja.ok("canais", "reset", "telegram", "--json").json

    assert (reset["hub"], reset["retomado"]) == ("telegram", True)


def test_a_canal_that_is_off_can_not_be_probed(loja: Terminal) -> None:
    off = loja.run("canais", "test", "telegram")
    unknown = loja.run("canais", "test", "orkut")

    assert (off.code, unknown.code, "orkut" in unknown.err) == (1, 1, True)


Ready = queue.Queue[dict[str, str]]


async def evolution(ready: Ready, ended: threading.Event) -> None:
    """Serve telephones; one that is made here is paired soon after its code was asked for."""
    simulador = SimuladorWhatsApp()
    ready.put(simulador.env(await simulador.start()))
    while not ended.is_set():
        await asyncio.sleep(PAIRED_AFTER_S)
        norte = simulador.api.instancias.get("norte")
        if norte is not None and norte.estado != "open" and "connect" in simulador.chamadas:
            await simulador.parear("norte", numero="5511999990055")
    await simulador.stop()


async def bot_api(ready: Ready, ended: threading.Event) -> None:
    """Serve a bot."""
    simulador = SimuladorTelegram()
    ready.put(simulador.env(await simulador.start()))
    while not ended.is_set():  # noqa: ASYNC110 - an event of threads
        await asyncio.sleep(0.05)
    await simulador.stop()


@contextmanager
def served(
    life: Callable[[Ready, threading.Event], Coroutine[Any, Any, None]],
) -> Iterator[dict[str, str]]:
    """Let a stand-in live in a thread; give the settings that lead to it."""
    ready: Ready = queue.Queue()
    ended = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(life(ready, ended)))
    thread.start()
    try:
        yield ready.get(timeout=30)
    finally:
        ended.set()
        thread.join(30)


def test_a_telephone_is_connected_by_the_code_that_is_drawn(loja: Terminal) -> None:
    loja.patch.setattr("ponte.cli.canais.LOOK_S", 0.1)
    with served(evolution) as env:
        for name, value in env.items():
            loja.patch.setenv(name, value)

        said = loja.ok("canais", "connect", "norte")
        again = loja.ok("canais", "connect", "norte", "--json").json

    assert "usa a Evolution API" in said.err  # its licence asks for that
    assert "Leia com o WhatsApp" in said.err
    assert "█" in said.err
    assert "instância norte: aberta" in said.out
    assert (again["estado"], again["numero"]) == ("aberta", "5511999990055")


@pytest.mark.parametrize("canal", NA_PLATAFORMA)
def test_a_canal_that_is_connected_elsewhere_says_where_and_how_to_prove_it(
    loja: Terminal, canal: str
) -> None:
    said = loja.run("canais", "connect", canal)

    [page] = re.findall(r"docs/connectors/\w+\.md", said.err)
    [probed] = re.findall(r"canais test (\w+)", said.err)
    assert said.code == 2
    assert f"canais test {probed}" in (ROOT / page).read_text()
    assert probed in CONHECIDOS


def test_no_canal_is_left_without_a_way_to_connect_it() -> None:
    found = {name: connector_named(name) for name in CONNECTORS}
    canais = {name for name, c in found.items() if c.channel is not None or c.helpdesk is not None}

    assert canais == {"whatsapp", *COM_WEBHOOK, *NA_PLATAFORMA}


def test_the_past_of_a_canal_is_fetched(loja: Terminal) -> None:
    with served(evolution) as env:
        for name, value in env.items():
            loja.patch.setenv(name, value)

        said = loja.ok("canais", "pull", "whatsapp")
        off = loja.run("canais", "pull", "tiktok")

    assert "canal whatsapp: 0 mensagens novas" in said.out
    assert (off.code, "não conta o que houve" in off.err) == (1, True)


def test_telegram_is_told_where_to_post_and_told_not_to(loja: Terminal) -> None:
    loja.patch.setenv("PONTE_ENDERECO_PUBLICO", "https://loja.example")
    with served(bot_api) as env:
        for name, value in env.items():
            loja.patch.setenv(name, value)

        connected = loja.ok("canais", "connect", "telegram")
        gone = loja.ok("canais", "disconnect", "telegram", "--json").json
        loja.patch.delenv("PONTE_ENDERECO_PUBLICO")
        nowhere = loja.run("canais", "connect", "telegram")

    assert "https://loja.example/webhooks/telegram" in connected.out
    assert (gone["url"], gone["esperam"]) == (None, 0)
    assert (nowhere.code, "PONTE_ENDERECO_PUBLICO" in nowhere.err) == (1, True)
