"""Servir: `up`, `web`, `worker` and `scheduler`, the commands that stay.

`up` is every role in one process on SQLite; the other three are the same roles as
processes of their own on the same data. Only what the command line needs is
imported here: the rest comes in once the arguments are right.
"""

import gc
import sys
from typing import Annotated, Any

import typer

from ponte.cli import saida
from ponte.cli.caos import CALMO, escolha
from ponte.cli.grupo import alone, help_of

Host = Annotated[str | None, typer.Option(help="Endereço (PONTE_HOST).")]
Porta = Annotated[int | None, typer.Option(help="Porta, 0 escolhe uma livre (PONTE_PORT).")]
WEB, WORKER, SCHEDULER = "web", "worker", "scheduler"

up = alone()
web = alone()
worker = alone()
scheduler = alone()


@up.command(
    **help_of(
        "Roda tudo em um processo, sobre SQLite.",
        "ponte up",
        "ponte up --demo",
        "ponte up --demo --caos --nivel forte --em whatsapp,telegram",
        "ponte up --port 9000 --open",
    )
)
def _up(
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Loja de exemplo, com pedidos.")] = False,
    host: Host = None,
    port: Porta = None,
    open_: Annotated[bool, typer.Option("--open", help="Abre a página da loja.")] = False,
    rate: Annotated[float, typer.Option(help="Pedidos por segundo, com --demo.")] = 1.0,
    seed: Annotated[int, typer.Option(help="A mesma semente vende o mesmo.")] = 42,
) -> None:
    given = {"host": host, "port": port}
    if escolha.caos and not demo:
        saida.stop("--caos só vale com --demo", tente="ponte up --demo --caos", codigo=saida.USO)
    if demo:
        escolha.check()
        from ponte.cli.demonstracao import Demonstracao  # noqa: PLC0415

        nivel = escolha.nivel if escolha.caos else CALMO
        found = Demonstracao(rate, seed, nivel, escolha.canais)
        _serve((WEB, WORKER, SCHEDULER), given, open_=open_, demo=found)
        return
    _serve((WEB, WORKER, SCHEDULER), given, open_=open_)


@web.command(
    **help_of(
        "Roda só o papel HTTP e WebSocket; `ponte worker` faz o trabalho.",
        "ponte web --port 8000",
    )
)
def _web(*, host: Host = None, port: Porta = None) -> None:
    _serve((WEB,), {"host": host, "port": port})


@worker.command(
    **help_of("Roda só o papel que faz o trabalho: estoque, nota, alertas.", "ponte worker")
)
def _worker() -> None:
    _serve((WORKER,), {})


@scheduler.command(**help_of("Roda só o papel que olha o relógio.", "ponte scheduler"))
def _scheduler() -> None:
    _serve((SCHEDULER,), {})


def _serve(
    papeis: tuple[str, ...], given: dict[str, Any], *, open_: bool = False, demo: Any = None
) -> None:
    # 0.8 s of imports, which a wrong flag or `-h` need not pay. Nothing they make is garbage:
    # without the collector they take a tenth less. `processo` switches it on again.
    gc.disable()
    try:
        _import_structlog()
        from ponte.cli import ajustes, processo  # noqa: PLC0415

        settings = ajustes.read(**given)
        if demo is not None:
            settings = demo.settings(settings)
        for aviso in ajustes.unread():
            saida.talk(f"Aviso: {aviso}.")
        code = processo.run(processo.Plano(settings, papeis, open_=open_, demo=demo))
    finally:
        gc.enable()
    raise typer.Exit(code)


def _import_structlog() -> None:
    """Import structlog without its pretty tracebacks, which our log lines never show.

    Measured: they bring in rich, 0.1 s of the second that a start takes. None in
    `sys.modules` is how an import is told that there is nothing.
    """
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog  # noqa: F401, PLC0415
    finally:
        del sys.modules["rich"]
