"""Canais on the command line: parse and classify what a platform sent."""

from typing import Annotated

import typer

from ponte.cli import saida
from ponte.cli.execucao import read_bytes
from ponte.cli.grupo import help_of, noun

app = noun("Canais.")
Arquivo = Annotated[str, typer.Argument(metavar="ARQUIVO", help="- é a entrada.")]
Nome = Annotated[str, typer.Option(help="whatsapp, whatsapp_cloud, instagram, telegram, …")]


@app.command(
    "parse",
    **help_of(
        "Mostra os eventos de um corpo recebido, ou de vários; não lê banco nenhum.",
        "ponte canais parse --canal whatsapp corpo.json",
        "ponte canais parse --canal telegram - < corpo.json",
    ),
)
def _parse(file: Arquivo, *, canal: Nome) -> None:
    from ponte.cli.canais_traducao import events  # noqa: PLC0415

    saida.data(events(canal, read_bytes(file)))


@app.command(
    "classify",
    **help_of(
        "Diz a classe de uma resposta: status, headers e body; não lê banco nenhum.",
        "ponte canais classify --canal whatsapp resposta.json",
    ),
)
def _classify(file: Arquivo, *, canal: Nome) -> None:
    from ponte.cli.canais_traducao import verdict  # noqa: PLC0415

    saida.data(verdict(canal, read_bytes(file)))
