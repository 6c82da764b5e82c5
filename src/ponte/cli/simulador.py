"""Simulador: `ponte demo PLATAFORMA`, one stand-in served alone, with the settings that use it."""

import asyncio
import difflib
import signal

from ponte.cli import saida
from ponte.cli.caos import escolha
from ponte.simulators import canais


def serve_alone(nome: str) -> int:
    """Serve one stand-in until Ctrl-C or SIGTERM; return the exit code.

    Raises:
        Parada: there is none of that name, or its port is taken.
    """
    if nome not in canais.SIMULADORES:
        perto = difflib.get_close_matches(nome, canais.SIMULADORES, n=1)
        saida.stop(
            f"Não há simulador de {nome}",
            tente=f"ponte demo {perto[0]}" if perto else ", ".join(canais.SIMULADORES),
            codigo=saida.USO,
        )
    return asyncio.run(_serve(nome))


async def _serve(nome: str) -> int:
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, _end, ended, number)
    simulador = canais.make(nome)
    if escolha.webhook:
        simulador.aim(escolha.webhook)
    porta = canais.SIMULADORES[nome].porta if escolha.port is None else escolha.port
    try:
        url = await simulador.start(port=porta)
    except OSError as error:
        raise saida.Parada(
            f"A porta {porta} está ocupada", causa=error.strerror, codigo=saida.USO
        ) from error
    env = simulador.env(url)
    texto = "\n".join(f"{chave}={valor}" for chave, valor in env.items())
    saida.data({"url": url, "env": env}, texto)
    saida.talk(f"Simulador de {nome} em {url}; Ctrl-C encerra.")
    code = await ended
    await simulador.stop()
    return code


def _end(ended: asyncio.Future[int], number: signal.Signals) -> None:
    if not ended.done():
        ended.set_result(128 + number)
