"""Keys on the command line: make, list and revoke the keys of the API."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ponte.cli import saida
from ponte.cli.execucao import run
from ponte.cli.grupo import help_of, noun

if TYPE_CHECKING:
    from ponte.cli.acesso import Acesso

app = noun("Chaves da API.")
COLUNAS = {
    "nome": "nome",
    "prefixo": "prefixo",
    "escopos": "escopos",
    "usada_em": "usada em",
    "expira_em": "expira em",
    "revogada_em": "revogada em",
    "id": "id",
}


@app.command(
    "create",
    **help_of(
        "Faz uma chave e a mostra, só desta vez.",
        "ponte keys create --nome loja --escopo pedidos:escrever --escopo estoque:ler",
        "ponte keys create --nome chefe --escopo admin --expira 2027-01-01T00:00:00Z",
    ),
)
def _create(
    *,
    nome: Annotated[str, typer.Option(help="Como as pessoas a chamam.")],
    escopo: Annotated[list[str], typer.Option(help="O que pode fazer; repita para mais.")],
    expira: Annotated[str | None, typer.Option(help="RFC 3339; sem isso, nunca.")] = None,
) -> None:
    corpo: dict[str, Any] = {"nome": nome, "escopos": escopo}
    if expira is not None:
        corpo["expira_em"] = expira

    async def work(acesso: "Acesso") -> None:
        nova = await acesso.post("/chaves", corpo)
        saida.data(nova, nova["chave"])
        saida.talk(f"Chave {nova['id']} ({', '.join(nova['escopos'])}): não será mostrada de novo.")

    run(work)


@app.command(
    "list", **help_of("Lista as chaves; o segredo não está em lugar nenhum.", "ponte keys list")
)
def _list() -> None:
    async def work(acesso: "Acesso") -> None:
        page = await acesso.get("/chaves", limite=500)
        itens = page["itens"]
        linhas = [{**item, "escopos": " ".join(item["escopos"])} for item in itens]
        saida.data({"itens": itens, "total": page["total"]}, saida.table(linhas, COLUNAS))

    run(work)


@app.command(
    "revoke",
    **help_of("Revoga uma chave, em todo processo em segundos.", "ponte keys revoke 0193…"),
)
def _revoke(chave: Annotated[str, typer.Argument(help="Id da chave, não ela mesma.")]) -> None:
    saida.confirm(f"Revogar a chave {chave}? Quem a usa perde o acesso.")

    async def work(acesso: "Acesso") -> None:
        await acesso.delete(f"/chaves/{chave}")
        saida.data({"id": chave, "revogada": True}, f"chave {chave} revogada")

    run(work)
