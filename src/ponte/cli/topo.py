"""Topo: `ponte top`, the live figures of a running Ponte, one screen again and again.

A rate is what came between two looks, so the first screen comes after the second
look. Whatever the metrics do not say (a counter of another version) is left out and
never shown as zero.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.live import Live
from rich.text import Text

from ponte.cli import saida, situacao
from ponte.cli.acesso import Acesso, ponte

FIRST_S = 1.0  # chosen: how long the first rates are measured
PIPED_S = 10.0  # CONSOLE §6: a line every 10 s where there is no terminal
# Sample -> how those of several labels become one figure.
FIGURES: dict[str, Callable[[list[float]], float]] = {
    "ponte_http_requests_total": sum,
    "ponte_frames_total": sum,
    "ponte_websockets": sum,
    "ponte_queue_rows": sum,
    "ponte_queue_oldest_seconds": max,
    "process_cpu_seconds_total": sum,
    "process_resident_memory_bytes": sum,
}


@dataclass(frozen=True, slots=True)
class Amostra:
    """One look: when (monotonic seconds), how it stood, and the figures of the metrics."""

    em: float
    situacao: dict[str, Any]
    numeros: dict[str, float]


async def show(*, once: bool, interval_s: float) -> None:
    """Print screens until Ctrl-C, or one.

    Raises:
        Parada: no Ponte serves; there is nothing live to show.
    """
    async with ponte(local=False) as acesso:
        before = await look(acesso)
        await asyncio.sleep(FIRST_S)
        after = await look(acesso)
        if once:
            saida.data(figures(before, after), screen(figures(before, after)))
        elif sys.stdout.isatty() and not saida.modo.json:
            await _live(acesso, before, after, interval_s)
        else:
            pause = interval_s if saida.modo.json else max(PIPED_S, interval_s)
            await _lines(acesso, before, after, pause)


async def look(acesso: Acesso) -> Amostra:
    """Look once."""
    tudo = await situacao.collect(acesso)
    return Amostra(time.monotonic(), tudo, read(await acesso.text("/metrics")))


def read(texto: str) -> dict[str, float]:
    """Return the figures that an exposition has."""
    found: dict[str, list[float]] = {}
    for family in text_string_to_metric_families(texto):
        for sample in family.samples:
            if sample.name in FIGURES:
                found.setdefault(sample.name, []).append(sample.value)
    return {name: FIGURES[name](values) for name, values in found.items()}


def figures(before: Amostra, after: Amostra) -> dict[str, Any]:
    """Return what is shown: how it stands, and what came between two looks."""
    numeros = after.numeros
    pedidos = sum(after.situacao["pedidos"].values()) - sum(before.situacao["pedidos"].values())
    seconds = max(after.em - before.em, 1e-3)
    return after.situacao | {
        "pedidos_por_min": round(pedidos * 60 / seconds, 1),
        "requisicoes_por_s": _rate(before, after, "ponte_http_requests_total"),
        "quadros_por_s": _rate(before, after, "ponte_frames_total"),
        "cpu": _rate(before, after, "process_cpu_seconds_total"),
        "paginas_ligadas": numeros.get("ponte_websockets"),
        "na_fila": numeros.get("ponte_queue_rows"),
        "mais_antigo_s": numeros.get("ponte_queue_oldest_seconds"),
        "memoria_mb": _megabytes(numeros.get("process_resident_memory_bytes")),
    }


def _rate(before: Amostra, after: Amostra, name: str) -> float | None:
    if name not in before.numeros or name not in after.numeros:
        return None
    more = after.numeros[name] - before.numeros[name]
    # A process that began anew counts from zero.
    return round(max(0.0, more) / max(after.em - before.em, 1e-3), 2)


def _megabytes(n: float | None) -> float | None:
    return None if n is None else round(n / 1024**2, 1)


def screen(tudo: dict[str, Any]) -> str:
    """Return the figures for people."""
    linhas = [situacao.text(tudo), f"vazão     {_number(tudo['pedidos_por_min'])} pedidos/min"]
    live = {
        "http": ("requisicoes_por_s", "requisições/s"),
        "ao vivo": ("paginas_ligadas", "páginas ligadas"),
        "quadros": ("quadros_por_s", "quadros/s"),
        "memória": ("memoria_mb", "MB"),
        "cpu": ("cpu", "núcleos"),
    }
    linhas += [
        f"{titulo:<9} {_number(tudo[campo])} {unidade}"
        for titulo, (campo, unidade) in live.items()
        if tudo[campo] is not None
    ]
    return saida.shown("\n".join(linhas))


def _number(n: float) -> str:
    return f"{n:g}".replace(".", ",")


async def _live(acesso: Acesso, before: Amostra, after: Amostra, interval_s: float) -> None:
    console = Console(no_color=not saida.has_color())
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            hora = time.strftime("%H:%M:%S")
            fim = saida.shown(f"{hora}  Ctrl-C termina")
            texto = f"{screen(figures(before, after))}\n\n{fim}"
            live.update(Text(texto), refresh=True)
            await asyncio.sleep(interval_s)
            before, after = after, await look(acesso)


async def _lines(acesso: Acesso, before: Amostra, after: Amostra, pause_s: float) -> None:
    while True:
        tudo = figures(before, after)
        saida.line(tudo, screen(tudo).replace("\n", " · "))
        await asyncio.sleep(pause_s)
        before, after = after, await look(acesso)
