"""Livro: what stands where in the help desk, and how each conversation is there.

A row of a message without an id means that it may have been posted: whoever comes next
looks for it before posting again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ponte.store.db import Tx

PONTE, PESSOA = "ponte", "pessoa"  # who wrote a message: Ponte there, or a person of the shop
_CONVERSA = "conversa_id, contato, source_id, nomeado, conversa, situacao, situacao_em, reaberta_em"
_MENSAGEM = "mensagem_id, parte, conversa, mensagem, autor, contada, contada_em, apagada_em"
# When Ponte itself asked for a status; the event that tells of it is no person's doing.
_PEDIU = {"open": "pediu_aberta", "pending": "pediu_pendente"}
ECO_MS = 60_000  # chosen: an event comes within seconds, and is not tried again


@dataclass(frozen=True, slots=True)
class Linha:
    """One of our conversations there; `situacao` is the last that is known."""

    conversa_id: str
    contato: str | None
    source_id: str
    nomeado: bool
    conversa: str | None
    situacao: str | None
    situacao_em: int | None
    reaberta_em: int | None


@dataclass(frozen=True, slots=True)
class Copia:
    """One of our messages there; `contada` is how far people there know that it came."""

    mensagem_id: str
    parte: str
    conversa: str
    mensagem: str | None
    autor: str
    contada: str | None
    contada_em: int | None
    apagada_em: int | None


# ---------------------------------------------------------------- conversations


async def line(tx: Tx, conversa_id: str) -> Linha | None:
    """Return where one of our conversations is shown."""
    return await _line(tx, "conversa_id", conversa_id)


async def line_of(tx: Tx, conversa: str) -> Linha | None:
    """Return which of ours a conversation there shows."""
    return await _line(tx, "conversa", conversa)


async def line_from(tx: Tx, source_id: str) -> Linha | None:
    """Return which of ours an address in the inbox is of."""
    return await _line(tx, "source_id", source_id)


async def _line(tx: Tx, coluna: str, valor: str) -> Linha | None:
    row = await tx.fetch_one(
        f"SELECT {_CONVERSA} FROM espelho_conversas WHERE {coluna} = ?"  # noqa: S608 - own names
        " ORDER BY criada_em LIMIT 1",
        (valor,),
    )
    return None if row is None else Linha(row[0], row[1], row[2], bool(row[3]), *row[4:])


async def know_contact(
    tx: Tx, conversa_id: str, *, contato: str, source_id: str, nomeado: bool
) -> None:
    """Keep who a customer is there."""
    await tx.insert_many(
        "espelho_conversas (conversa_id, contato, source_id, nomeado, criada_em, atualizada_em)",
        [(conversa_id, contato, source_id, int(nomeado), tx.now_ms, tx.now_ms)],
        conflict="ON CONFLICT (conversa_id) DO UPDATE SET contato = excluded.contato,"
        " source_id = excluded.source_id, nomeado = excluded.nomeado,"
        " atualizada_em = excluded.atualizada_em",
    )


async def named(tx: Tx, conversa_id: str) -> None:
    """Keep that the customer's name is known there."""
    await tx.execute(
        "UPDATE espelho_conversas SET nomeado = 1 WHERE conversa_id = ?", (conversa_id,)
    )


async def settle(tx: Tx, conversa_id: str, *, conversa: str, situacao: str) -> None:
    """Keep which conversation there shows one of ours."""
    await tx.execute(
        "UPDATE espelho_conversas SET conversa = ?, situacao = ?, situacao_em = NULL,"
        " reaberta_em = NULL, pediu_aberta = NULL, pediu_pendente = NULL, atualizada_em = ?"
        " WHERE conversa_id = ?",
        (conversa, situacao, tx.now_ms, conversa_id),
    )


async def forget(tx: Tx, conversa_id: str) -> None:
    """Forget where a conversation is shown, since it was deleted there."""
    await tx.execute(
        "UPDATE espelho_conversas SET contato = NULL, conversa = NULL, situacao = NULL,"
        " atualizada_em = ? WHERE conversa_id = ?",
        (tx.now_ms, conversa_id),
    )


async def ask(tx: Tx, conversa_id: str, situacao: str) -> None:
    """Keep that Ponte is about to ask for a status: the event of it may outrun the answer."""
    await tx.execute(
        f"UPDATE espelho_conversas SET {_PEDIU[situacao]} = ? WHERE conversa_id = ?",  # noqa: S608
        (tx.now_ms, conversa_id),
    )


async def reopened(tx: Tx, conversa_id: str) -> None:
    """Keep that a customer's message is about to open a closed conversation by itself."""
    await tx.execute(
        "UPDATE espelho_conversas SET reaberta_em = ? WHERE conversa_id = ?",
        (tx.now_ms, conversa_id),
    )


async def switched(tx: Tx, conversa_id: str, situacao: str) -> None:
    """Keep what a conversation's status is there now."""
    await tx.execute(
        "UPDATE espelho_conversas SET situacao = ?, atualizada_em = ? WHERE conversa_id = ?",
        (situacao, tx.now_ms, conversa_id),
    )


async def told(tx: Tx, conversa_id: str, situacao: str, *, em_ms: int | None) -> None:
    """Keep a status that an event told, and when the help desk says that it was so."""
    await switched(tx, conversa_id, situacao)
    if em_ms is not None:
        await tx.execute(
            "UPDATE espelho_conversas SET situacao_em = ? WHERE conversa_id = ?",
            (em_ms, conversa_id),
        )


async def is_echo(tx: Tx, conversa_id: str, situacao: str) -> bool:
    """Tell whether an event tells of what Ponte asked for; each is told of once."""
    coluna = _PEDIU.get(situacao)
    if coluna is None:
        return False
    found = await tx.execute(
        f"UPDATE espelho_conversas SET {coluna} = NULL"  # noqa: S608 - own names
        f" WHERE conversa_id = ? AND {coluna} > ?",
        (conversa_id, tx.now_ms - ECO_MS),
    )
    return bool(found)


async def talking(tx: Tx, *, desde_ms: int, limite: int) -> Sequence[Linha]:
    """Return the conversations in which something happened since then, the newest first."""
    rows = await tx.fetch(
        f"SELECT {_CONVERSA} FROM espelho_conversas"  # noqa: S608 - own names
        " WHERE atualizada_em >= ? AND conversa IS NOT NULL"
        " ORDER BY atualizada_em DESC LIMIT ?",
        (desde_ms, limite),
    )
    return [Linha(row[0], row[1], row[2], bool(row[3]), *row[4:]) for row in rows]


# ---------------------------------------------------------------- messages


async def copy(tx: Tx, mensagem_id: str, parte: str = "") -> Copia | None:
    """Return where one of our messages stands."""
    row = await tx.fetch_one(
        f"SELECT {_MENSAGEM} FROM espelho_mensagens WHERE mensagem_id = ? AND parte = ?",  # noqa: S608
        (mensagem_id, parte),
    )
    return None if row is None else Copia(*row)


async def copies(tx: Tx, mensagem: str) -> Sequence[Copia]:
    """Return which of ours a message there is; one with several files is several of ours."""
    rows = await tx.fetch(
        f"SELECT {_MENSAGEM} FROM espelho_mensagens WHERE mensagem = ? ORDER BY mensagem_id",  # noqa: S608
        (mensagem,),
    )
    return [Copia(*row) for row in rows]


async def quoted(tx: Tx, conversa_id: str, id_externo: str) -> str | None:
    """Return where the message stands that a platform's id names in one conversation."""
    row = await tx.fetch_one(
        "SELECT e.mensagem FROM mensagens m JOIN espelho_mensagens e ON e.mensagem_id = m.id"
        " WHERE m.conversa_id = ? AND m.id_externo = ? AND e.parte = '' LIMIT 1",
        (conversa_id, id_externo),
    )
    return None if row is None or not row[0] else str(row[0])


async def intend(tx: Tx, mensagem_id: str, parte: str, *, conversa: str) -> None:
    """Keep that a message is about to be posted."""
    await tx.insert_many(
        "espelho_mensagens (mensagem_id, parte, conversa, autor, em)",
        [(mensagem_id, parte, conversa, PONTE, tx.now_ms)],
        conflict="ON CONFLICT (mensagem_id, parte) DO UPDATE SET conversa = excluded.conversa",
    )


async def posted(tx: Tx, mensagem_id: str, parte: str, *, mensagem: str | None) -> None:
    """Keep the id under which a message stands there; its status begins as `sent`."""
    await tx.execute(
        "UPDATE espelho_mensagens SET mensagem = ?, contada = 'sent', contada_em = ?"
        " WHERE mensagem_id = ? AND parte = ?",
        (mensagem or "", tx.now_ms, mensagem_id, parte),
    )
    await tx.execute(
        "UPDATE espelho_conversas SET atualizada_em = ? WHERE conversa_id ="
        " (SELECT conversa_id FROM mensagens WHERE id = ?)",
        (tx.now_ms, mensagem_id),
    )


async def written(tx: Tx, mensagem_id: str, *, conversa: str, mensagem: str) -> None:
    """Keep that a message of ours is what a person wrote there."""
    await tx.insert_many(
        "espelho_mensagens (mensagem_id, parte, conversa, mensagem, autor, em)",
        [(mensagem_id, "", conversa, mensagem, PESSOA, tx.now_ms)],
        conflict="ON CONFLICT DO NOTHING",
    )


async def report(tx: Tx, mensagem_id: str, contada: str) -> None:
    """Keep how far people there know that a message came."""
    await tx.execute(
        "UPDATE espelho_mensagens SET contada = ?, contada_em = ?"
        " WHERE mensagem_id = ? AND parte = ''",
        (contada, tx.now_ms, mensagem_id),
    )


async def erased(tx: Tx, mensagem_id: str) -> bool:
    """Keep that a message was taken away there; False when it was before."""
    return bool(
        await tx.execute(
            "UPDATE espelho_mensagens SET apagada_em = ?"
            " WHERE mensagem_id = ? AND apagada_em IS NULL",
            (tx.now_ms, mensagem_id),
        )
    )


# ---------------------------------------------------------------- mirrored elsewhere


def _elsewhere(canal: str, instancia: str) -> str:
    return f"espelho.{canal}.{instancia}"


async def leave(tx: Tx, canal: str, instancia: str, *, alheio: bool) -> None:
    """Keep whether an instance is mirrored by its own server, so that Ponte leaves it alone."""
    await tx.execute("DELETE FROM meta WHERE chave = ?", (_elsewhere(canal, instancia),))
    if alheio:
        await tx.execute(
            "INSERT INTO meta (chave, valor) VALUES (?, 'servidor')",
            (_elsewhere(canal, instancia),),
        )


async def is_left(tx: Tx, canal: str, instancia: str | None) -> bool:
    """Tell whether an instance is mirrored by its own server."""
    if instancia is None:
        return False
    chave = _elsewhere(canal, instancia)
    return await tx.fetch_one("SELECT 1 FROM meta WHERE chave = ?", (chave,)) is not None
