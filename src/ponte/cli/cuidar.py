"""Cuidar: commands for whoever keeps Ponte running: status, top, doctor, verify, migrate."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from ponte.cli import saida
from ponte.cli.grupo import alone, help_of

status, top, doctor, verify, migrate = alone(), alone(), alone(), alone(), alone()


@verify.command(
    **help_of(
        "Prova, só lendo, que o banco cumpre o prometido: estoque, pedidos, notas, filas.",
        "ponte verify",
        "ponte verify --file copia.db --json",
    )
)
def _verify(
    file: Annotated[Path | None, typer.Option(help="Outro banco, como uma cópia.")] = None,
) -> None:
    from ponte.cli import ajustes, banco  # noqa: PLC0415

    settings = ajustes.read()
    path: Path | str = banco.shown(settings) if file is None else file
    resultados = banco.prove(settings, file)
    achados = sum(r.achados for r in resultados)
    linhas = [
        f"{'✔' if not r.achados else '✘'} {r.promessa}  ({r.examinados})"
        + "".join(f"\n    {exemplo}" for exemplo in r.exemplos)
        + (f"\n    … e mais {r.achados - len(r.exemplos)}" * (r.achados > len(r.exemplos)))
        for r in resultados
    ]
    veredito = "Tudo provado" if not achados else f"{achados} achados"
    saida.data(
        {
            "ok": not achados,
            "banco": str(path),
            "achados": achados,
            "provas": [r.view() for r in resultados],
        },
        "\n".join([*linhas, "", f"{veredito}: {path}"]),
    )
    if achados:
        raise typer.Exit(saida.RESSALVAS)


@migrate.command(
    **help_of(
        "Põe o banco na versão deste Ponte; `ponte up` faz o mesmo ao começar.",
        "ponte migrate",
        "ponte migrate --dry-run",
        "ponte migrate --to postgresql://ponte@servidor/ponte",
    )
)
def _migrate(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Só diz o que falta.")] = False,
    to: Annotated[
        str | None, typer.Option(help="Leva tudo do arquivo a um PostgreSQL vazio.")
    ] = None,
) -> None:
    from ponte.cli import ajustes, banco  # noqa: PLC0415

    settings = ajustes.read()
    if to is not None:
        from ponte.cli import mudar  # noqa: PLC0415

        mudar.move(settings, to, dry_run=dry_run)
        return
    nomes = banco.pending(settings) if dry_run else banco.migrate(settings)
    texto = "\n".join(nomes) if nomes else "Nada a fazer: o banco está em dia."
    saida.data(
        {"banco": banco.shown(settings), "pendentes" if dry_run else "aplicadas": nomes}, texto
    )
    if dry_run and nomes:
        raise typer.Exit(saida.RESSALVAS)


@doctor.command(
    **help_of(
        "Examina relógio, disco, banco, filas, conectores, portas, exposição e arquivos.",
        "ponte doctor",
        "ponte doctor --fix",
        "ponte doctor --bundle para-o-suporte.zip",
    )
)
def _doctor(
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Conserta o que é seguro.")] = False,
    bundle: Annotated[Path | None, typer.Option(help="Grava um zip sem segredos.")] = None,
) -> None:
    from ponte import logs  # noqa: PLC0415
    from ponte.cli import ajustes, exame, pacote  # noqa: PLC0415

    settings = ajustes.read()
    logs.configure(level="error")
    achados = asyncio.run(exame.examine(settings, fix=fix))
    if bundle is not None:
        pacote.write(bundle, settings, achados)
        saida.talk(f"Pacote sem segredos: {bundle}")
    ok = all(a.ok for a in achados)
    saida.data(
        {"ok": ok, "exames": [a.view() for a in achados]},
        "\n".join(a.line() for a in achados),
    )
    if not ok:
        raise typer.Exit(saida.RESSALVAS)


@status.command(
    **help_of(
        "Prontidão, pedidos, filas, alertas e falhas em uma tela.",
        "ponte status",
        "ponte status --json",
    )
)
def _status() -> None:
    from ponte.cli import situacao  # noqa: PLC0415

    sys.exit(asyncio.run(situacao.show()))


@top.command(
    **help_of(
        "Pedidos, filas, páginas ligadas, memória: os números vivos de um Ponte que roda.",
        "ponte top",
        "ponte top --once",
        "ponte top --interval 5 --json",
    )
)
def _top(
    *,
    once: Annotated[bool, typer.Option("--once", help="Uma tela e fim.")] = False,
    interval: Annotated[
        float, typer.Option(min=0.2, max=3600, help="Segundos de uma tela à outra.")
    ] = 2.0,
) -> None:
    from ponte.cli import topo  # noqa: PLC0415

    asyncio.run(topo.show(once=once, interval_s=interval))
