"""Situacao: how this Ponte stands, on one screen."""

from typing import TYPE_CHECKING, Any

from ponte.cli import saida
from ponte.cli.acesso import ponte

if TYPE_CHECKING:
    from ponte.cli.acesso import Acesso

STATUS = ("recebido", "concluido", "sem_estoque", "cancelado", "erro")


async def show() -> int:
    """Print it; return the exit code: 3 when a person has something to do."""
    async with ponte() as acesso:
        tudo = await collect(acesso)
    saida.data(tudo, text(tudo))
    return saida.FEITO if tudo["ok"] else saida.RESSALVAS


async def collect(acesso: "Acesso") -> dict[str, Any]:
    """Return how it stands, as JSON has it."""
    pronto, partes = (False, {}) if acesso.local else await _ready(acesso)
    pedidos = {s: (await acesso.get("/pedidos", status=s, limite=1))["total"] for s in STATUS}
    alertas = (await acesso.get("/alerts", resolvido="false", limit=1))["total"]
    falhas = (await acesso.get("/falhas", limite=1))["total"]
    baixo = (await acesso.get("/estoque", baixo="true", limite=1))["total"]
    return {
        "ok": not acesso.local and pronto and not falhas and not pedidos["erro"],
        "endereco": None if acesso.local else str(acesso.http.base_url),
        "rodando": not acesso.local,
        "pronto": pronto,
        "partes": partes,
        "pedidos": pedidos,
        "alertas_abertos": alertas,
        "falhas_abertas": falhas,
        "produtos_abaixo_do_minimo": baixo,
    }


async def _ready(acesso: "Acesso") -> tuple[bool, dict[str, Any]]:
    resposta = await acesso.send("GET", "/health/ready")
    corpo = resposta.json()
    if resposta.is_success:
        return True, corpo["partes"]
    return False, {e["campo"]: {"ok": False, "motivo": e["mensagem"]} for e in corpo["errors"]}


def text(tudo: dict[str, Any]) -> str:
    """Return it for people."""
    if not tudo["rodando"]:
        estado = "parado: li o banco, ninguém trabalha"
    elif tudo["pronto"]:
        estado = f"pronto em {tudo['endereco']}"
    else:
        motivos = "; ".join(
            f"{k}: {saida.said(str(p['motivo']))}" for k, p in tudo["partes"].items() if not p["ok"]
        )
        estado = f"NÃO pronto em {tudo['endereco']}: {motivos}"
    linhas = [
        f"Ponte     {estado}",
        f"pedidos   {'  '.join(f'{n} {s}' for s, n in tudo['pedidos'].items())}",
        f"alertas   {tudo['alertas_abertos']} abertos",
        f"falhas    {tudo['falhas_abertas']} abertas",
        f"estoque   {tudo['produtos_abaixo_do_minimo']} abaixo do mínimo",
    ]
    fila = tudo["partes"].get("fila")
    if fila is not None and "esperando" in fila:
        linhas.append(f"fila      {fila['esperando']} esperando")
    return "\n".join(linhas)
