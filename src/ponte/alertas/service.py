"""Alertas: recorded always, told at once, and not again while nothing new happened.

Two firings with one fingerprint are one alert: the open one counts up. The same
fingerprint is not told again within its repeat window, and one name can't send
more than its limit in a minute: what is over waits its turn, so everything that
fires is told at least once. Each sink is a delivery of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from ponte.alertas import silencios
from ponte.domain.alerta import Alerta, Severidade, fingerprint
from ponte.domain.valores import format_time, new_id
from ponte.errors import ConflitoDeEstado, NaoEncontrado
from ponte.events import AlertaCriado, AlertaReconhecido, AlertaResolvido, EntregaPedida
from ponte.settings import AlertasSettings
from ponte.store.db import Row, Tx
from ponte.store.outbox import SKEW_MS

# A `reaviso` is the notice of an alert that came back within its window: it waits for
# the window's end, and is dropped when the alert ends before.
AVISO, REAVISO, FIM = "aviso", "reaviso", "fim"
PEDIDA, ENTREGUE, FALHOU, DISPENSADA = "pedida", "entregue", "falhou", "dispensada"
SILENCIADA = "silenciada"  # a silence hides it; told when none does any more
COLUNAS = (
    "id, nome, severidade, titulo, texto, origem, labels, impressao, contagem, criado_em,"
    " ultimo_em, reconhecido_em, resolvido_em"
)
# One that ended before its time was told before the clock went back, and holds up nothing.
_NOT_FROM_THE_FUTURE = "(situacao = ? OR pedida_em <= ?)"


@dataclass(frozen=True, slots=True)
class Disparo:
    """One firing, as the code or a caller raises it."""

    nome: str
    titulo: str
    texto: str
    severidade: Severidade = Severidade.AVISO
    origem: str = "ponte"
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def impressao(self) -> str:
        """Return its fingerprint."""
        return fingerprint(self.nome, self.origem, self.labels)


@dataclass(frozen=True, slots=True)
class Politica:
    """Who is told and how often."""

    destinos: Sequence[str]
    regras: AlertasSettings


@dataclass(frozen=True, slots=True)
class _Aviso:
    alerta_id: str
    nome: str
    impressao: str


async def raise_alert(tx: Tx, disparo: Disparo, *, politica: Politica) -> str:
    """Record a firing, ask for its notices, and return the alert's id."""
    aberto = await tx.fetch_one(
        f"SELECT {COLUNAS} FROM alertas WHERE impressao = ? AND resolvido_em IS NULL",  # noqa: S608
        (disparo.impressao,),
    )
    alerta_id = await _again(tx, aberto, disparo) if aberto else await _open(tx, disparo)
    contagem = aberto[8] + 1 if aberto else 1
    tx.put(
        AlertaCriado(
            alerta_id=alerta_id,
            nome=disparo.nome,
            severidade=disparo.severidade.value,
            titulo=disparo.titulo,
            texto=disparo.texto,
            labels=dict(disparo.labels),
            contagem=contagem,
        )
    )
    await _notify(tx, alerta_id, disparo, politica, novo=aberto is None)
    return alerta_id


async def resolve(tx: Tx, alerta_id: str, *, por: str, destinos: Sequence[str]) -> None:
    """Close an alert and tell its end to whoever was told of it.

    Raises:
        NaoEncontrado: no such alert.
        ConflitoDeEstado: it was resolved before.
    """
    alerta = await get(tx, alerta_id)
    if alerta.resolvido:
        msg = "The alert is resolved already"
        raise ConflitoDeEstado(msg)
    await tx.execute(
        "UPDATE alertas SET resolvido_em = ?, resolvido_por = ? WHERE id = ?",
        (tx.now_ms, por, alerta_id),
    )
    tx.put(AlertaResolvido(**_campos(alerta), por=por))
    await tx.execute(
        "UPDATE notificacoes SET situacao = ?, terminada_em = ?"
        " WHERE alerta_id = ? AND (motivo = ? AND situacao = ? OR situacao = ?)",
        (DISPENSADA, tx.now_ms, alerta_id, REAVISO, PEDIDA, SILENCIADA),
    )
    told = await tx.fetch(
        "SELECT DISTINCT destino FROM notificacoes WHERE alerta_id = ? AND motivo IN (?, ?)"
        " AND situacao IN (?, ?)",
        (alerta_id, AVISO, REAVISO, PEDIDA, ENTREGUE),
    )
    for (destino,) in told:
        if destino in destinos:
            aviso = _Aviso(alerta_id, alerta.nome, alerta.impressao)
            await _ask(tx, aviso, destino=destino, motivo=FIM)


async def resolve_fingerprint(tx: Tx, impressao: str, *, por: str, destinos: Sequence[str]) -> None:
    """Close the open alert of a fingerprint, if there is one."""
    row = await tx.fetch_one(
        "SELECT id FROM alertas WHERE impressao = ? AND resolvido_em IS NULL", (impressao,)
    )
    if row is not None:
        await resolve(tx, row[0], por=por, destinos=destinos)


async def is_open(tx: Tx, impressao: str) -> bool:
    """Tell whether an alert with this fingerprint is open."""
    row = await tx.fetch_one(
        "SELECT 1 FROM alertas WHERE impressao = ? AND resolvido_em IS NULL", (impressao,)
    )
    return row is not None


async def acknowledge(tx: Tx, alerta_id: str, *, por: str) -> None:
    """Record that a person is on it; a second time changes nothing.

    Raises:
        NaoEncontrado: no such alert.
        ConflitoDeEstado: it is resolved.
    """
    alerta = await get(tx, alerta_id)
    if alerta.resolvido:
        msg = "The alert is resolved already"
        raise ConflitoDeEstado(msg)
    changed = await tx.execute(
        "UPDATE alertas SET reconhecido_em = ?, reconhecido_por = ?"
        " WHERE id = ? AND reconhecido_em IS NULL",
        (tx.now_ms, por, alerta_id),
    )
    if changed:
        tx.put(AlertaReconhecido(**_campos(alerta), por=por))


async def tell_hidden(tx: Tx, alerta: Alerta, *, regras: AlertasSettings) -> None:
    """Ask for the notices of an alert that a silence hid; what was told lately waits its window."""
    hidden = await tx.fetch(
        "SELECT id, destino FROM notificacoes WHERE alerta_id = ? AND situacao = ? ORDER BY id",
        (alerta.id, SILENCIADA),
    )
    wait_ms = await _rest_of_window(tx, alerta.impressao, regras)
    motivo = REAVISO if wait_ms > 0 else AVISO
    depois_ms = max(wait_ms, await _wait_of_name(tx, alerta.nome, regras))
    for aviso_id, destino in hidden:
        mine = await tx.execute(
            "UPDATE notificacoes SET situacao = ?, motivo = ?, pedida_em = ?"
            " WHERE id = ? AND situacao = ?",
            (PEDIDA, motivo, tx.now_ms + depois_ms, aviso_id, SILENCIADA),
        )
        if mine:  # two processes may find the same end
            tx.put(
                EntregaPedida(alerta_id=alerta.id, destino=destino, motivo=motivo),
                depois_ms=depois_ms,
            )


async def hide_or_ask_again(tx: Tx, alerta: Alerta, pedida: EntregaPedida) -> None:
    """Hide a notice whose turn came during a silence; ask for it again if that just ended."""
    if not await silencios.hides(tx, alerta.nome, alerta.labels):
        tx.put(pedida)
        return
    await tx.execute(
        "UPDATE notificacoes SET situacao = ?"
        " WHERE alerta_id = ? AND destino = ? AND motivo = ? AND situacao IN (?, ?)",
        # One that failed before is here again when a person replayed it.
        (SILENCIADA, alerta.id, pedida.destino, pedida.motivo, PEDIDA, FALHOU),
    )


async def get(tx: Tx, alerta_id: str) -> Alerta:
    """Return one alert.

    Raises:
        NaoEncontrado: no such alert.
    """
    row = await tx.fetch_one(f"SELECT {COLUNAS} FROM alertas WHERE id = ?", (alerta_id,))  # noqa: S608
    if row is None:
        raise NaoEncontrado("Alerta", alerta_id)
    return from_row(row)


async def wait_no_more(tx: Tx) -> int:
    """Make it now the turn of every notice that waits: the clock went back."""
    return await tx.execute(
        "UPDATE notificacoes SET pedida_em = ? WHERE situacao = ? AND pedida_em > ?",
        (tx.now_ms, PEDIDA, tx.now_ms),
    )


def from_row(row: Row) -> Alerta:
    """Build an alert from `COLUNAS`."""
    return Alerta(
        id=row[0],
        nome=row[1],
        severidade=Severidade(row[2]),
        titulo=row[3],
        texto=row[4],
        origem=row[5],
        labels=orjson.loads(row[6]),
        impressao=row[7],
        contagem=row[8],
        criado_em=row[9],
        ultimo_em=row[10],
        reconhecido_em=row[11],
        resolvido=row[12] is not None,
        resolvido_em=row[12],
    )


def view(alerta: Alerta) -> dict[str, Any]:
    """Return the wire form of an alert (SPEC §6)."""
    return {
        "id": alerta.id,
        "nome": alerta.nome,
        "severidade": alerta.severidade.value,
        "titulo": alerta.titulo,
        "texto": alerta.texto,
        "origem": alerta.origem,
        "labels": dict(alerta.labels),
        "impressao": alerta.impressao,
        "contagem": alerta.contagem,
        "criado_em": format_time(alerta.criado_em),
        "reconhecido_em": _time(alerta.reconhecido_em),
        "resolvido": alerta.resolvido,
        "resolvido_em": _time(alerta.resolvido_em),
    }


def _time(ms: int | None) -> str | None:
    return None if ms is None else format_time(ms)


def _campos(alerta: Alerta) -> dict[str, str]:
    return {
        "alerta_id": alerta.id,
        "nome": alerta.nome,
        "severidade": alerta.severidade.value,
        "titulo": alerta.titulo,
    }


async def _open(tx: Tx, disparo: Disparo) -> str:
    alerta_id = new_id()
    await tx.insert_many(
        "alertas (id, nome, severidade, titulo, texto, origem, labels, impressao, contagem,"
        " criado_em, ultimo_em)",
        [
            (alerta_id, disparo.nome, disparo.severidade.value, disparo.titulo, disparo.texto,
             disparo.origem, orjson.dumps(dict(disparo.labels)).decode(), disparo.impressao, 1,
             tx.now_ms, tx.now_ms)
        ],
    )  # fmt: skip
    return alerta_id


async def _again(tx: Tx, aberto: Row, disparo: Disparo) -> str:
    await tx.execute(
        "UPDATE alertas SET contagem = contagem + 1, ultimo_em = ?, titulo = ?, texto = ?,"
        " severidade = ? WHERE id = ?",
        (tx.now_ms, disparo.titulo, disparo.texto, disparo.severidade.value, aberto[0]),
    )
    return str(aberto[0])


async def _notify(
    tx: Tx, alerta_id: str, disparo: Disparo, politica: Politica, *, novo: bool
) -> None:
    wait_ms = await _rest_of_window(tx, disparo.impressao, politica.regras)
    if wait_ms > 0 and not novo:
        return  # it is open, and whoever must know does
    if await silencios.hides(tx, disparo.nome, disparo.labels):
        aviso = _Aviso(alerta_id, disparo.nome, disparo.impressao)
        await _hide(tx, aviso, politica.destinos)
        return
    motivo = REAVISO if wait_ms > 0 else AVISO
    depois_ms = max(wait_ms, await _wait_of_name(tx, disparo.nome, politica.regras))
    for destino in politica.destinos:
        aviso = _Aviso(alerta_id, disparo.nome, disparo.impressao)
        await _ask(tx, aviso, destino=destino, motivo=motivo, depois_ms=depois_ms)


async def _hide(tx: Tx, aviso: _Aviso, destinos: Sequence[str]) -> None:
    """Put on record that a silence hides the notices of an alert, once."""
    before = await tx.fetch_one(
        "SELECT 1 FROM notificacoes WHERE alerta_id = ? AND situacao = ?",
        (aviso.alerta_id, SILENCIADA),
    )
    if before is None:
        await tx.insert_many(
            "notificacoes (alerta_id, nome, impressao, destino, motivo, situacao, pedida_em)",
            [
                (aviso.alerta_id, aviso.nome, aviso.impressao, d, AVISO, SILENCIADA, tx.now_ms)
                for d in destinos
            ],
        )


async def _rest_of_window(tx: Tx, impressao: str, regras: AlertasSettings) -> int:
    """Return how long this fingerprint must not be told again, 0 when it may be."""
    last = await tx.fetch_one(
        "SELECT MAX(pedida_em) FROM notificacoes WHERE impressao = ? AND motivo IN (?, ?)"  # noqa: S608
        f" AND situacao NOT IN (?, ?) AND {_NOT_FROM_THE_FUTURE}",
        (impressao, AVISO, REAVISO, DISPENSADA, SILENCIADA, PEDIDA, tx.now_ms + SKEW_MS),
    )
    if last is None or last[0] is None:
        return 0
    return max(0, int(last[0]) + regras.repetir_s * 1000 - tx.now_ms)


async def _wait_of_name(tx: Tx, nome: str, regras: AlertasSettings) -> int:
    """Return how long a notice of this name must wait so that its rate is kept."""
    rows = await tx.fetch(
        "SELECT pedida_em FROM notificacoes WHERE nome = ? AND motivo = ?"  # noqa: S608
        f" AND situacao <> ? AND {_NOT_FROM_THE_FUTURE}"
        " GROUP BY alerta_id, pedida_em ORDER BY pedida_em DESC LIMIT ?",
        (nome, AVISO, SILENCIADA, PEDIDA, tx.now_ms + SKEW_MS, regras.limite_por_nome),
    )
    if len(rows) < regras.limite_por_nome:
        return 0
    return max(0, int(rows[-1][0]) + regras.janela_do_limite_s * 1000 - tx.now_ms)


async def _ask(tx: Tx, aviso: _Aviso, *, destino: str, motivo: str, depois_ms: int = 0) -> None:
    await tx.insert_many(
        "notificacoes (alerta_id, nome, impressao, destino, motivo, situacao, pedida_em)",
        [
            (aviso.alerta_id, aviso.nome, aviso.impressao, destino, motivo, PEDIDA,
             tx.now_ms + depois_ms)
        ],
    )  # fmt: skip
    tx.put(
        EntregaPedida(alerta_id=aviso.alerta_id, destino=destino, motivo=motivo),
        depois_ms=depois_ms,
    )
