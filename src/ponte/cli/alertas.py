"""Alertas on the command line: list, show, ack, resolve, silence, test that people are told."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from ponte.cli import saida, silencios
from ponte.cli.execucao import run
from ponte.cli.grupo import help_of, noun

if TYPE_CHECKING:
    from ponte.cli.acesso import Acesso

app = noun("Alertas.")
app.registered_commands += silencios.app.registered_commands
Id = Annotated[str, typer.Argument(help="Id do alerta.")]
COLUNAS = {
    "criado_em": "criado em",
    "severidade": "severidade",
    "titulo": "título",
    "texto": "texto",
    "contagem": "vezes",
    "resolvido": "resolvido",
    "id": "id",
}
AVISOS = {
    "destino": "destino",
    "motivo": "motivo",
    "situacao": "situação",
    "tentativas": "tentativas",
    "erro": "erro",
}


@app.command(
    "list",
    **help_of(
        "Lista alertas, os mais novos primeiro; os abertos, a menos que --todos.",
        "ponte alertas list",
        "ponte alertas list --todos --severidade critico --json",
    ),
)
def _list(
    *,
    todos: Annotated[bool, typer.Option("--todos", help="Também os resolvidos.")] = False,
    severidade: Annotated[str | None, typer.Option(help="info, aviso ou critico.")] = None,
    limite: Annotated[int, typer.Option(min=1, max=500, help="Quantos no máximo.")] = 50,
) -> None:
    async def work(acesso: "Acesso") -> None:
        page = await acesso.get(
            "/alerts", limit=limite, severidade=severidade, resolvido=None if todos else "false"
        )
        itens, total = page["itens"], page["total"]
        saida.data({"itens": itens, "total": total}, saida.table(itens, COLUNAS))
        saida.talk(f"{len(itens)} de {total}")

    run(work)


@app.command(
    "show",
    **help_of("Mostra um alerta e cada aviso que saiu dele.", "ponte alertas show 0193…"),
)
def _show(alerta: Id) -> None:
    async def work(acesso: "Acesso") -> None:
        found = await acesso.get(f"/alerts/{alerta}")
        saida.data(
            found,
            f"{saida.table([found], COLUNAS)}\n\n{saida.table(found['notificacoes'], AVISOS)}",
        )

    run(work)


@app.command("ack", **help_of("Diz que alguém está cuidando.", "ponte alertas ack 0193…"))
def _ack(alerta: Id) -> None:
    _act(alerta, "ack", "reconhecido")


@app.command(
    "resolve",
    **help_of("Fecha um alerta e avisa quem foi avisado.", "ponte alertas resolve 0193…"),
)
def _resolve(alerta: Id) -> None:
    _act(alerta, "resolve", "resolvido")


@app.command(
    "test",
    **help_of("Dispara um alerta de teste em todos os destinos ligados.", "ponte alertas test"),
)
def _test(
    *, texto: Annotated[str, typer.Option(help="O que dizer.")] = "Teste, nada a fazer."
) -> None:
    corpo: dict[str, Any] = {
        "nome": "TesteDeAlerta",
        "severidade": "info",
        "titulo": "Teste de alerta",
        "texto": texto,
        "origem": "ponte alertas test",
        # A label of its own, so that a second test within five minutes is told as well.
        "labels": {"teste": uuid4().hex[:8]},
    }

    async def work(acesso: "Acesso") -> None:
        novo = await acesso.post("/alerts", corpo)
        saida.data(novo, f"alerta {novo['id']} disparado; veja: ponte alertas show {novo['id']}")
        if acesso.local:
            saida.talk(
                f"Nenhum Ponte está rodando: os avisos esperam na fila por `{saida.programa()} up`."
            )

    run(work)


def _act(alerta: str, acao: str, feito: str) -> None:
    async def work(acesso: "Acesso") -> None:
        depois = await acesso.post(f"/alerts/{alerta}/{acao}")
        saida.data(depois, f"alerta {depois['id']} {feito}: {depois['titulo']}")

    run(work)
