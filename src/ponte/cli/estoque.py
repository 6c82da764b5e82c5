"""Estoque on the command line: list, get, set, adjust, watch and import."""

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from ponte.cli import saida
from ponte.cli.execucao import read_bytes, run
from ponte.cli.grupo import ComNumeros, help_of, noun

if TYPE_CHECKING:
    from ponte.cli.acesso import Acesso

app = noun("Estoque.")
Produto = Annotated[str, typer.Argument(help="SKU.")]
Filial = Annotated[str, typer.Option(help="Filial.")]
TalvezFilial = Annotated[str | None, typer.Option(help="Só esta filial.")]
Motivo = Annotated[str, typer.Option(help="Por quê; fica no livro.")]
COLUNAS = {
    "produto_id": "produto",
    "filial_id": "filial",
    "quantidade": "quantidade",
    "minimo": "mínimo",
    "marca": "",
    "preco": "preço",
    "nome": "nome",
}


@app.command(
    "list",
    **help_of(
        "Lista o estoque; o que está abaixo do mínimo vem marcado BAIXO.",
        "ponte estoque list --baixo",
        "ponte estoque list --busca arroz --filial 1",
    ),
)
def _list(
    *,
    baixo: Annotated[bool, typer.Option("--baixo", help="Só abaixo do mínimo.")] = False,
    busca: Annotated[str | None, typer.Option(help="SKU, nome, categoria ou EAN.")] = None,
    filial: TalvezFilial = None,
    limite: Annotated[int, typer.Option(min=1, help="Quantos no máximo.")] = 500,
) -> None:
    async def work(acesso: "Acesso") -> None:
        itens, total = await acesso.every(
            "/estoque", limite=limite, baixo="true" if baixo else None, busca=busca,
            filial_id=filial,
        )  # fmt: skip
        saida.data({"itens": itens, "total": total}, _table(itens))
        saida.talk(f"{len(itens)} de {total}")

    run(work)


@app.command("get", **help_of("Mostra um produto.", "ponte estoque get ARROZ-5KG --filial 1"))
def _get(produto: Produto, *, filial: TalvezFilial = None) -> None:
    async def work(acesso: "Acesso") -> None:
        item = await acesso.get(_path(produto), filial_id=filial)
        saida.data(item, _table([item]))

    run(work)


@app.command(
    "set",
    **help_of(
        "Registra uma contagem; o que for vendido depois continua valendo.",
        "ponte estoque set ARROZ-5KG 40 --motivo contagem",
        "ponte estoque set NOVO 10 --motivo abertura --nome 'Produto novo' --preco 9.90",
        cls=ComNumeros,
    ),
)
def _set(
    produto: Produto,
    quantidade: Annotated[int, typer.Argument(min=0, help="Unidades contadas.")],
    *,
    motivo: Motivo,
    filial: Filial = "1",
    nome: Annotated[str | None, typer.Option(help="Preciso se o produto é novo.")] = None,
    preco: Annotated[str | None, typer.Option(help="Como 25.90.")] = None,
) -> None:
    corpo: dict[str, Any] = {"quantidade": quantidade, "motivo": motivo, "filial_id": filial}
    corpo |= {k: v for k, v in {"nome": nome, "preco": preco}.items() if v is not None}

    async def work(acesso: "Acesso") -> None:
        item = await acesso.put(_path(produto), corpo)
        saida.data(item, _table([item]))

    run(work)


@app.command(
    "adjust",
    **help_of(
        "Soma ou tira unidades.",
        "ponte estoque adjust ARROZ-5KG +12 --motivo recebimento",
        "ponte estoque adjust ARROZ-5KG -3 --motivo quebra",
        cls=ComNumeros,
    ),
)
def _adjust(
    produto: Produto,
    delta: Annotated[str, typer.Argument(help="+12 ou -3.")],
    *,
    motivo: Motivo,
    filial: Filial = "1",
) -> None:
    corpo = {"delta": _delta(delta), "motivo": motivo, "filial_id": filial}

    async def work(acesso: "Acesso") -> None:
        item = await acesso.post(f"{_path(produto)}/ajustes", corpo)
        saida.data(item, _table([item]))

    run(work)


@app.command(
    "import",
    **help_of(
        "Importa um CSV: todas as linhas ou nenhuma. --dry-run só mostra a diferença.",
        "ponte estoque import produtos.csv --dry-run",
        "ponte estoque import produtos.csv -y",
    ),
)
def _import(
    file: Annotated[str, typer.Argument(metavar="CSV", help="- é a entrada.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Só mostra a diferença.")] = False,
) -> None:
    corpo = read_bytes(file)

    async def work(acesso: "Acesso") -> None:
        plano = await acesso.upload("/estoque/importar", corpo, simular="true")
        if dry_run:
            saida.data(plano, _difference(plano))
            return
        if not saida.modo.json:
            saida.talk(_difference(plano))
        saida.confirm(f"Importar {plano['linhas']} linhas?")
        feito = await acesso.upload("/estoque/importar", corpo)
        saida.data(feito, f"{feito['linhas']} linhas importadas, {feito['criados']} produtos novos")

    run(work)


@app.command(
    "watch",
    **help_of("Mostra cada mudança do estoque, ao vivo.", "ponte estoque watch --json"),
)
def _watch() -> None:
    from ponte.cli.ouvir import listen  # noqa: PLC0415

    listen("/ws/estoque", salas=())


def _path(produto: str) -> str:
    return f"/estoque/{quote(produto, safe='')}"


def _delta(texto: str) -> int:
    try:
        return int(texto)
    except ValueError:
        saida.stop(f"{texto} não é um número", tente="+12 ou -3", codigo=saida.USO)


def _table(itens: list[dict[str, Any]]) -> str:
    marcados = [{**item, "marca": "BAIXO" if item["baixo"] else ""} for item in itens]
    linhas = saida.table(marcados, COLUNAS).splitlines()
    return "\n".join(
        saida.colored(linha, "31") if i and marcados[i - 1]["baixo"] else linha
        for i, linha in enumerate(linhas)
    )


def _difference(plano: dict[str, Any]) -> str:
    mudancas = plano["mudancas"]
    if not mudancas:
        return f"{plano['linhas']} linhas, nada muda"
    colunas = {
        "produto_id": "produto", "filial_id": "filial", "antes": "antes", "depois": "depois",
        "preco_antes": "preço antes", "preco_depois": "preço depois",
    }  # fmt: skip
    return f"{saida.table(mudancas, colunas)}\n{len(mudancas)} de {plano['linhas']} linhas mudam"
