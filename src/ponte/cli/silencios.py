"""Silencios on the command line: hide the notices of some alerts for a while, and end that."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ponte.cli import saida
from ponte.cli.execucao import run
from ponte.cli.grupo import alone, help_of

if TYPE_CHECKING:
    from ponte.cli.acesso import Acesso

app = alone()  # its commands stand among those of alertas
COLUNAS = {
    "ate": "até",
    "nome": "nome",
    "labels": "labels",
    "motivo": "motivo",
    "autor": "autor",
    "ativo": "ativo",
    "id": "id",
}
_UNIDADES = {"m": 60, "h": 3600, "d": 86_400}
_PRAZO = re.compile(r"([0-9]{1,5})([mhd])\Z")


@app.command(
    "silence",
    **help_of(
        "Esconde os avisos de alguns alertas por um tempo; os alertas continuam registrados.",
        "ponte alertas silence porta_aberta --por 2h --motivo reforma",
        "ponte alertas silence --label produto_id=CAFE-500G --por 1d --motivo 'sem fornecedor'",
    ),
)
def _silence(
    nome: Annotated[str | None, typer.Argument(help="Nome dos alertas a calar.")] = None,
    *,
    motivo: Annotated[str, typer.Option(help="Por quê.")],
    por: Annotated[str, typer.Option(help="Por quanto tempo: 30m, 2h ou 1d.")] = "1h",
    label: Annotated[
        list[str] | None, typer.Option("--label", help="NOME=VALOR que o alerta tem; repetível.")
    ] = None,
    autor: Annotated[str | None, typer.Option(help="Quem decidiu.")] = None,
) -> None:
    corpo: dict[str, Any] = {
        "motivo": motivo,
        "ate": (datetime.now(UTC) + _time(por)).isoformat(),
        "labels": dict(_label(texto) for texto in label or ()),
    }
    corpo |= {k: v for k, v in (("nome", nome), ("autor", autor)) if v is not None}
    if nome is None and not corpo["labels"]:
        saida.stop(
            "Falta o que calar", tente="um NOME, --label NOME=VALOR, ou ambos", codigo=saida.USO
        )

    async def work(acesso: "Acesso") -> None:
        novo = await acesso.post("/alerts/silences", corpo)
        abertos = await acesso.get("/alerts", resolvido="false", limit=500)
        calados = [a for a in abertos["itens"] if _catches(novo, a)]
        saida.data(
            {**novo, "alertas_abertos": len(calados)},
            f"silêncio {novo['id']} até {novo['ate']}; pega {len(calados)} alertas abertos",
        )

    run(work)


@app.command(
    "silences",
    **help_of("Lista os silêncios em vigor; com --todos, também os que acabaram.",
              "ponte alertas silences", "ponte alertas silences --todos --json"),
)  # fmt: skip
def _silences(
    *, todos: Annotated[bool, typer.Option("--todos", help="Também os que acabaram.")] = False
) -> None:
    async def work(acesso: "Acesso") -> None:
        page = await acesso.get("/alerts/silences", limit=500, ativo=None if todos else "true")
        itens = page["itens"]
        linhas = [
            {**i, "labels": " ".join(f"{k}={v}" for k, v in i["labels"].items()) or None}
            for i in itens
        ]
        saida.data({"itens": itens, "total": page["total"]}, saida.table(linhas, COLUNAS))

    run(work)


@app.command(
    "unsilence",
    **help_of(
        "Acaba um silêncio agora; o que ele escondeu e está aberto é avisado.",
        "ponte alertas unsilence 0193…",
    ),
)
def _unsilence(silencio: Annotated[str, typer.Argument(help="Id do silêncio.")]) -> None:
    async def work(acesso: "Acesso") -> None:
        await acesso.delete(f"/alerts/silences/{silencio}")
        saida.data({"id": silencio, "ativo": False}, f"silêncio {silencio} encerrado")

    run(work)


def _time(texto: str) -> timedelta:
    found = _PRAZO.match(texto)
    if found is None or int(found[1]) == 0:
        saida.stop(f"--por não aceita {texto}", tente="30m, 2h ou 1d", codigo=saida.USO)
    return timedelta(seconds=int(found[1]) * _UNIDADES[found[2]])


def _label(texto: str) -> tuple[str, str]:
    nome, igual, valor = texto.partition("=")
    if not nome or not igual:
        saida.stop(f"--label não aceita {texto}", tente="--label NOME=VALOR", codigo=saida.USO)
    return nome, valor


def _catches(silencio: dict[str, Any], alerta: dict[str, Any]) -> bool:
    named = silencio["nome"] in (None, alerta["nome"])
    return named and silencio["labels"].items() <= alerta["labels"].items()
