"""Eventos on the command line: every fact in order, and the live ones."""

from typing import TYPE_CHECKING, Annotated

import typer

from ponte.cli import saida
from ponte.cli.execucao import run
from ponte.cli.grupo import alone, help_of, noun

if TYPE_CHECKING:
    from ponte.cli.acesso import Acesso

app = noun("Fatos, em ordem.")
listen = alone()
COLUNAS = {"pos": "pos", "em": "em", "tipo": "tipo", "lane": "lane", "seq": "seq"}


@app.command(
    "list",
    **help_of(
        "Lista os fatos na ordem em que aconteceram.",
        "ponte eventos list --desde 1000 --limite 50",
        "ponte eventos list --tipo pedido.concluido --json",
    ),
)
def _list(
    *,
    desde: Annotated[int, typer.Option(min=0, help="Depois desta posição.")] = 0,
    tipo: Annotated[str | None, typer.Option(help="Só deste tipo.")] = None,
    limite: Annotated[int, typer.Option(min=1, help="Quantos no máximo.")] = 100,
) -> None:
    async def work(acesso: "Acesso") -> None:
        itens, total = await acesso.every("/eventos", limite=limite, desde=desde, tipo=tipo)
        saida.data({"itens": itens, "total": total}, saida.table(itens, COLUNAS))
        saida.talk(f"{len(itens)} de {total}")

    run(work)


@listen.command(
    **help_of(
        "Mostra os fatos ao vivo, até Ctrl-C; volta sozinho quando a conexão cai.",
        "ponte listen",
        "ponte listen --salas pedidos,alertas --json",
        "ponte listen --salas pedidos --forward-to http://127.0.0.1:3000/fatos",
    )
)
def _listen(
    *,
    salas: Annotated[
        str, typer.Option(help="pedidos,estoque,alertas,falhas,… ; precisa de chave.")
    ] = "",
    limite: Annotated[int | None, typer.Option(min=1, help="Sai depois de tantos.")] = None,
    forward_to: Annotated[
        str | None, typer.Option(help="Repassa cada fato a este endereço, por POST.")
    ] = None,
) -> None:
    from ponte.cli import ouvir  # noqa: PLC0415

    nomes = tuple(nome.strip() for nome in salas.split(",") if nome.strip())
    ouvir.listen("/ws", salas=nomes, limite=limite, forward_to=forward_to)
