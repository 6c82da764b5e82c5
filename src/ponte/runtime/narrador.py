"""Narrador: tells the operator's terminal what happened, a short line a fact.

It hears commits, so a line never speaks of what was rolled back. Above fifty lines
a second it counts instead and says one line a second: a terminal that scrolls
faster tells nothing, and decoding each fact would cost more than the work.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson

from ponte.events import FatoGravado
from ponte.store.db import Commit

LINHAS_POR_S = 50  # SPEC §3: each step; chosen: what a terminal still shows
Escreve = Callable[[str, dict[str, Any]], None]

_FRASES: dict[str, Callable[[dict[str, Any]], str]] = {
    "pedido.recebido": lambda d: (
        f"pedido {d['numero']} recebido: {d['canal']}, {_items(d)}, {_reais(d)}"
    ),
    "pedido.reprocessado": lambda d: f"pedido {d['numero']} volta à fila",
    "pedido.concluido": lambda d: f"pedido {d['numero']} concluído",
    "pedido.sem_estoque": lambda d: f"pedido {d['numero']} sem estoque: {_missing(d)}",
    "pedido.cancelado": lambda d: f"pedido {d['numero']} cancelado: {d['motivo']}",
    "pedido.erro": lambda d: f"pedido {d['numero']} com erro: {d['motivo']}",
    "pedido.linha_sem_produto": lambda d: (
        f"pedido {d['numero']} tem linha sem produto: {', '.join(d['linhas'])}"
    ),
    "nota.emitida": lambda d: (
        f"nota {d['numero']} série {d['serie']} emitida: pedido {d['pedido_numero']}"
    ),
    "estoque.alterado": lambda d: (
        f"estoque {d['produto_id']} filial {d['filial_id']}: {d['antes']} → {d['quantidade']}"
    ),
    "estoque.baixo": lambda d: (
        f"estoque {d['produto_id']} filial {d['filial_id']} BAIXO:"
        f" {d['quantidade']} (mínimo {d['minimo']})"
    ),
    "estoque.normalizado": lambda d: (
        f"estoque {d['produto_id']} filial {d['filial_id']} normal: {d['quantidade']}"
    ),
    "alerta.criado": lambda d: f"alerta {d['severidade']}: {d['titulo']}, {d['texto']}",
    "alerta.resolvido": lambda d: f"alerta resolvido: {d['titulo']}",
    "alerta.entregue": lambda d: f"alerta entregue a {d['destino']}: {d['titulo']}",
    "alerta.nao_entregue": lambda d: f"alerta NÃO entregue a {d['destino']}: {d['erro']}",
    "silencio.criado": lambda d: f"avisos silenciados até {d['ate']} por {d['autor']}",
    "silencio.encerrado": lambda d: f"silêncio encerrado por {d['por']}",
    "mensagem.enviada": lambda d: f"mensagem {d['mensagem_id']} enviada: {d['canal']}",
    "mensagem.nao_entregue": lambda d: f"mensagem {d['mensagem_id']} NÃO entregue: {d['canal']}",
    "falha.criada": lambda d: f"falha {d['falha_id']} em {d['fila']}: {d['causa']}",
}


def phrase(tipo: str, dados: dict[str, Any]) -> str | None:
    """Return the line for a fact, or None where a terminal needs none."""
    frase = _FRASES.get(tipo)
    return None if frase is None else _plain(frase(dados))


class Narrador:
    """One a process; give `committed` to the database."""

    def __init__(self, escreve: Escreve, *, linhas_por_s: int = LINHAS_POR_S) -> None:
        """Write with `escreve(texto, fato)`, which must not block the loop."""
        self._escreve = escreve
        self._limite = linhas_por_s
        self._ditas = 0
        self._caladas: Counter[str] = Counter()
        self._janela: asyncio.TimerHandle | None = None

    def committed(self, commit: Commit) -> None:
        """Tell the facts of a commit."""
        for fato in commit.fatos:
            if fato.tipo not in _FRASES:
                continue
            if self._janela is None:
                self._janela = asyncio.get_running_loop().call_later(1.0, self._close)
            if self._ditas >= self._limite:
                self._caladas[fato.tipo] += 1
            else:
                self._ditas += 1
                self._tell(fato)

    def close(self) -> None:
        """Say what was only counted; nothing is told after."""
        if self._janela is not None:
            self._janela.cancel()
            self._close()

    def _tell(self, fato: FatoGravado) -> None:
        dados = orjson.loads(fato.dados)
        texto = phrase(fato.tipo, dados)
        if texto is not None:
            self._escreve(texto, {"tipo": fato.tipo, "dados": dados})

    def _close(self) -> None:
        self._janela, self._ditas = None, 0
        caladas, self._caladas = self._caladas, Counter()
        if not caladas:
            return
        partes = ", ".join(f"{n} {tipo}" for tipo, n in caladas.most_common())
        self._escreve(
            f"… e mais {caladas.total()} fatos neste segundo: {partes}",
            {"tipo": "resumo", "dados": dict(caladas)},
        )


def _reais(dados: dict[str, Any]) -> str:
    return f"R$ {str(dados['total']).replace('.', ',')}"


def _items(dados: dict[str, Any]) -> str:
    n = len(dados["itens"])
    return f"{n} item" if n == 1 else f"{n} itens"


def _missing(dados: dict[str, Any]) -> str:
    return ", ".join(str(falta.get("produto_id")) for falta in dados["faltas"])


def _plain(texto: str) -> str:
    # A SKU or a reason from outside must not begin a line of its own or move the terminal.
    return "".join(c if c.isprintable() else "?" for c in texto)
