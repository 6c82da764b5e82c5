"""Pedidos on the command line: list, show, create, cancel, reprocess, and parse a payload."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ponte.cli import saida
from ponte.cli.execucao import read_json, read_text, run
from ponte.cli.grupo import help_of, noun

if TYPE_CHECKING:
    from ponte.cli.acesso import Acesso

app = noun("Pedidos.")
Id = Annotated[str, typer.Argument(help="Id, número ou id externo do pedido.")]
Motivo = Annotated[str, typer.Option(help="Por quê; fica no registro.")]
COLUNAS = {
    "numero": "número",
    "status": "status",
    "canal": "canal",
    "filial_id": "filial",
    "total": "total",
    "recebido_em": "recebido em",
    "id": "id",
}


@app.command(
    "list",
    **help_of(
        "Lista pedidos, os mais novos primeiro.",
        "ponte pedidos list --status sem_estoque",
        "ponte pedidos list --busca 52998224725 --json",
    ),
)
def _list(
    *,
    status: Annotated[
        str | None, typer.Option(help="recebido, concluido, sem_estoque, cancelado ou erro.")
    ] = None,
    canal: Annotated[str | None, typer.Option(help="api, rappi, …")] = None,
    busca: Annotated[
        str | None, typer.Option(help="Id, documento, telefone, SKU ou chave da nota.")
    ] = None,
    desde: Annotated[str | None, typer.Option(help="RFC 3339, como 2026-11-24T12:00:00Z.")] = None,
    ate: Annotated[str | None, typer.Option(help="RFC 3339, sem incluir.")] = None,
    limite: Annotated[int, typer.Option(min=1, help="Quantos no máximo.")] = 50,
) -> None:
    async def work(acesso: "Acesso") -> None:
        itens, total = await acesso.every(
            "/pedidos", limite=limite, status=status, canal=canal, busca=busca,
            desde=desde, ate=ate,
        )  # fmt: skip
        saida.data({"itens": itens, "total": total}, saida.table(itens, COLUNAS))
        saida.talk(f"{len(itens)} de {total}")

    run(work)


@app.command(
    "show",
    **help_of(
        "Mostra um pedido: linhas, nota e a história toda.",
        "ponte pedidos show 1042",
        "ponte pedidos show A-1001 --json",
    ),
)
def _show(pedido: Id) -> None:
    async def work(acesso: "Acesso") -> None:
        found = await acesso.get(f"/pedidos/{await find(acesso, pedido)}")
        saida.data(found, tree(found))

    run(work)


@app.command(
    "create",
    **help_of(
        "Cria um pedido, de itens SKU=QUANTIDADE[@PREÇO] ou de um arquivo JSON.",
        "ponte pedidos create ARROZ-5KG=2 CAFE-500G=1@18.90",
        "ponte pedidos create --file pedido.json",
    ),
)
def _create(
    itens: Annotated[list[str] | None, typer.Argument(help="SKU=QUANTIDADE[@PREÇO]")] = None,
    *,
    file: Annotated[str | None, typer.Option(help="Corpo de POST /pedido; - é a entrada.")] = None,
    externo: Annotated[str | None, typer.Option(help="Id externo; repetir não duplica.")] = None,
    filial: Annotated[str, typer.Option(help="Filial.")] = "1",
    documento: Annotated[str | None, typer.Option(help="CPF ou CNPJ do cliente.")] = None,
) -> None:
    if bool(itens) == bool(file):
        saida.stop(
            "Faltam os itens" if not itens else "Itens ou --file, não os dois",
            tente="ponte pedidos create ARROZ-5KG=2",
            codigo=saida.USO,
        )
    corpo: Any
    if file is not None:
        corpo = read_json(file)
    else:
        corpo = {"filial_id": filial, "itens": [_item(texto) for texto in itens or ()]}
        if externo is not None:
            corpo["pedido_externo"] = externo
        if documento is not None:
            corpo["cliente"] = {"documento": documento}

    async def work(acesso: "Acesso") -> None:
        novo = await acesso.post("/pedido", corpo)
        saida.data(
            novo, f"pedido {novo['numero']} {novo['status']}, R$ {novo['total'].replace('.', ',')}"
        )
        if acesso.local:
            saida.talk(
                f"Nenhum Ponte está rodando: o pedido espera na fila por `{saida.programa()} up`."
            )

    run(work)


@app.command(
    "cancel",
    **help_of(
        "Cancela um pedido e devolve o estoque, uma vez.",
        "ponte pedidos cancel 1042 --motivo 'cliente desistiu'",
    ),
)
def _cancel(pedido: Id, *, motivo: Motivo) -> None:
    saida.confirm(f"Cancelar o pedido {pedido} e devolver o estoque?")
    _act(pedido, "cancelar", {"motivo": motivo})


@app.command(
    "reprocess",
    **help_of(
        "Tenta de novo um pedido parado em sem_estoque ou erro.", "ponte pedidos reprocess 1042"
    ),
)
def _reprocess(pedido: Id) -> None:
    _act(pedido, "reprocessar", None)


def _act(pedido: str, acao: str, corpo: Any) -> None:
    async def work(acesso: "Acesso") -> None:
        depois = await acesso.post(f"/pedidos/{await find(acesso, pedido)}/{acao}", corpo)
        saida.data(depois, f"pedido {depois['numero']}: {depois['status']}")

    run(work)


@app.command(
    "parse",
    **help_of(
        "Mostra a visão neutra de um pedido de fora; não lê banco nenhum.",
        "ponte pedidos parse --fonte rappi new_order.json",
        "ponte pedidos parse --fonte rappi --evento order_event_cancel - < corpo.json",
    ),
)
def _parse(
    file: Annotated[str, typer.Argument(metavar="ARQUIVO", help="- é a entrada.")],
    *,
    fonte: Annotated[str, typer.Option(help="Conector: rappi, …")],
    evento: Annotated[str | None, typer.Option(help="Evento, quando o corpo não diz.")] = None,
) -> None:
    from ponte.cli.traducao import neutral  # noqa: PLC0415

    saida.data(neutral(fonte, read_text(file), evento=evento))


async def find(acesso: "Acesso", pedido: str) -> str:
    """Return the id of an order that a person named by id, number or external id."""
    if len(pedido) == 36 and pedido.count("-") == 4:
        return pedido
    page = await acesso.get("/pedidos", busca=pedido, limite=2)
    exact = [p for p in page["itens"] if pedido in {str(p["numero"]), p["pedido_externo"]}]
    found = exact or page["itens"]
    if len(found) != 1:
        saida.stop(
            f"Pedido {pedido} não encontrado" if not found else f"{pedido} são vários pedidos",
            tente=f"ponte pedidos list --busca {pedido}",
            codigo=saida.FALHOU,
        )
    return str(found[0]["id"])


def tree(pedido: dict[str, Any]) -> str:
    """Return an order as text: its head, its lines, its nota, its story."""
    nota = pedido["nota"]
    linhas = [
        f"pedido {pedido['numero']}  {pedido['status']}  R$ {pedido['total'].replace('.', ',')}",
        f"  {pedido['canal']}  filial {pedido['filial_id']}  id {pedido['id']}",
        *(f"  ! {aviso}" for aviso in pedido["avisos"]),
        "  itens",
    ]
    for item in pedido["itens"]:
        sku = item["produto_id"] or item.get("sku") or "?"
        linhas.append(f"    {item['quantidade']:>4} un. {sku}  {item['nome']}")
    if nota is not None:
        linhas += [
            f"  nota {nota['numero']} série {nota['serie']} {nota['situacao']}",
            f"    chave {nota['chave']}",
        ]
    linhas.append("  história")
    linhas += [f"    {fato['em']}  {fato['tipo']}" for fato in pedido["linha_do_tempo"]]
    return "\n".join("".join(c if c.isprintable() else "?" for c in linha) for linha in linhas)


def _item(texto: str) -> dict[str, Any]:
    sku, _, resto = texto.partition("=")
    quantidade, _, preco = resto.partition("@")
    if not sku or not quantidade.isdigit():
        saida.stop(f"{texto} não é SKU=QUANTIDADE[@PREÇO]", tente="ARROZ-5KG=2", codigo=saida.USO)
    item: dict[str, Any] = {"produto_id": sku, "quantidade": int(quantidade)}
    return item | {"preco_unitario": preco} if preco else item
