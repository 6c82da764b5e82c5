"""Falhas on the command line: see set-aside work, replay it, discard it, keep a copy."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from ponte.cli import saida
from ponte.cli.execucao import run, save
from ponte.cli.grupo import help_of, noun

if TYPE_CHECKING:
    from ponte.cli.acesso import Acesso

app = noun("Falhas: o que foi posto de lado.")
Ids = Annotated[list[str] | None, typer.Argument(help="Ids de falhas.")]
Causa = Annotated[str | None, typer.Option(help="Todas as abertas desta causa.")]
Fila = Annotated[str | None, typer.Option(help="Todas as abertas desta fila.")]
Situacao = Annotated[str, typer.Option(help="aberta, reprocessada ou descartada.")]
COLUNAS = {
    "criada_em": "criada em",
    "passo": "passo",
    "fila": "fila",
    "tentativas": "tentativas",
    "causa": "causa",
    "erro": "erro",
    "id": "id",
}
EVERYTHING = 1_000_000  # chosen: an export has no page


@app.command(
    "list",
    **help_of(
        "Lista o que foi posto de lado, o mais novo primeiro.",
        "ponte falhas list",
        "ponte falhas list --situacao descartada --json",
    ),
)
def _list(
    *,
    situacao: Situacao = "aberta",
    causa: Causa = None,
    fila: Fila = None,
    limite: Annotated[int, typer.Option(min=1, max=500, help="Quantas no máximo.")] = 50,
) -> None:
    async def work(acesso: "Acesso") -> None:
        page = await acesso.get("/falhas", situacao=situacao, causa=causa, fila=fila, limite=limite)
        saida.data(
            {k: page[k] for k in ("itens", "total", "causas")},
            saida.table(page["itens"], COLUNAS),
        )
        saida.talk(f"{len(page['itens'])} de {page['total']}")

    run(work)


@app.command(
    "show",
    **help_of("Mostra uma falha inteira: fato, motivo, cada tentativa.", "ponte falhas show 0193…"),
)
def _show(falha: Annotated[str, typer.Argument(help="Id da falha.")]) -> None:
    async def work(acesso: "Acesso") -> None:
        saida.data(await acesso.get(f"/falhas/{falha}"))

    run(work)


@app.command(
    "reprocess",
    **help_of(
        "Devolve falhas à fila, com o mesmo id.",
        "ponte falhas reprocess 0193…",
        "ponte falhas reprocess --causa OutsideError",
    ),
)
def _reprocess(ids: Ids = None, *, causa: Causa = None, fila: Fila = None) -> None:
    lote = _lote(ids, causa=causa, fila=fila)
    _act("reprocessar", lote, "reprocessadas")


@app.command(
    "discard",
    **help_of(
        "Decide que um trabalho não será feito; fica registrado.",
        "ponte falhas discard 0193… --motivo 'pedido de teste'",
    ),
)
def _discard(
    ids: Ids = None,
    *,
    motivo: Annotated[str, typer.Option(help="Por quê; fica no registro.")],
    causa: Causa = None,
    fila: Fila = None,
) -> None:
    lote = _lote(ids, causa=causa, fila=fila)
    saida.confirm("Descartar? O trabalho não será feito.")
    _act("descartar", lote | {"motivo": motivo}, "descartadas")


@app.command(
    "export",
    **help_of(
        "Copia falhas inteiras, uma por linha (NDJSON).",
        "ponte falhas export > falhas.ndjson",
        "ponte falhas export --to falhas.ndjson",
    ),
)
def _export(
    *,
    to: Annotated[Path | None, typer.Option(help="Arquivo; sem ele, a saída.")] = None,
    situacao: Situacao = "aberta",
) -> None:
    async def work(acesso: "Acesso") -> None:
        itens = await _all(acesso, situacao)
        if to is None:
            saida.modo.json = True
            for item in itens:
                saida.line(item, "")
            return
        corpo = b"".join(orjson.dumps(item) + b"\n" for item in itens)
        save(to, corpo, overwrite=saida.modo.yes)
        saida.data({"falhas": len(itens), "arquivo": str(to)}, f"{len(itens)} falhas em {to}")

    run(work)


async def _all(acesso: "Acesso", situacao: str) -> list[Any]:
    itens: list[Any] = []
    while True:
        page = await acesso.get("/falhas", situacao=situacao, limite=500, pular=len(itens))
        itens += page["itens"]
        if not page["itens"] or len(itens) >= min(page["total"], EVERYTHING):
            return itens


def _lote(ids: list[str] | None, *, causa: str | None, fila: str | None) -> dict[str, Any]:
    given = {"ids": ids or None, "causa": causa, "fila": fila}
    lote = {nome: valor for nome, valor in given.items() if valor}
    if not lote:
        saida.stop("Falta dizer quais falhas", tente="um id, --causa ou --fila", codigo=saida.USO)
    return lote


def _act(acao: str, lote: dict[str, Any], feito: str) -> None:
    async def work(acesso: "Acesso") -> None:
        depois = await acesso.post(f"/falhas/{acao}", lote)
        if lote.get("ids") and not depois[feito]:
            saida.stop(
                "Nenhuma falha aberta com este id",
                tente="ponte falhas list",
                codigo=saida.FALHOU,
            )
        saida.data(depois, f"{depois[feito]} falhas {feito}")

    run(work)
