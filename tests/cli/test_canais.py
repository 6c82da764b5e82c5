"""Canais on the command line: how they are, pause and resume, and the code of a telephone."""

import asyncio
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ponte.simulators.whatsapp import SimuladorWhatsApp
from tests.cli.terminal import Terminal


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


@contextmanager
def evolution(*, paired_after_s: float) -> Iterator[dict[str, str]]:
    """Serve telephones from a thread; one that is made here is paired after a moment."""
    ready: queue.Queue[dict[str, str]] = queue.Queue()
    ended = threading.Event()

    async def serve() -> None:
        simulador = SimuladorWhatsApp()
        ready.put(simulador.env(await simulador.start()))
        while not ended.is_set():
            await asyncio.sleep(paired_after_s)
            norte = simulador.api.instancias.get("norte")
            if norte is not None and norte.estado != "open":
                await simulador.parear("norte", numero="5511999990055")
        await simulador.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        yield ready.get(timeout=30)
    finally:
        ended.set()
        thread.join(30)


def test_a_telephone_is_connected_by_the_code_that_is_drawn(loja: Terminal) -> None:
    loja.patch.setattr("ponte.cli.canais.LOOK_S", 0.1)
    with evolution(paired_after_s=1.5) as env:
        for name, value in env.items():
            loja.patch.setenv(name, value)

        said = loja.ok("canais", "connect", "norte")
        again = loja.ok("canais", "connect", "norte", "--json").json

    assert "Leia com o WhatsApp" in said.err
    assert "█" in said.err
    assert "instância norte: aberta" in said.out
    assert (again["estado"], again["numero"]) == ("aberta", "5511999990055")


def test_the_past_of_a_canal_is_fetched(loja: Terminal) -> None:
    with evolution(paired_after_s=60) as env:
        for name, value in env.items():
            loja.patch.setenv(name, value)

        said = loja.ok("canais", "pull", "whatsapp")
        off = loja.run("canais", "pull", "tiktok")

    assert "canal whatsapp: 0 mensagens novas" in said.out
    assert (off.code, "can't be read" in off.err) == (1, True)
