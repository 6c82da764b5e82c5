"""What platforms tell: stored once whatever comes twice, receipts never backwards."""

from pathlib import Path
from typing import Any

import pytest

from ponte.domain.evento import EventoDeCanal, Midia
from ponte.domain.mensagem import Canal, Mensagem, StatusMensagem, TipoMensagem
from ponte.mensagens import conversas, recebidas, service
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock, embedded

ANA, ANA_SEM_NOVE, ALIAS = (
    "5588999990002@s.whatsapp.net", "558899990002@s.whatsapp.net", "90909@lid",
)  # fmt: skip
AGORA = 1_795_521_600_000


def event(**changes: Any) -> EventoDeCanal:
    given: dict[str, Any] = {
        "channel": "whatsapp", "account": "loja", "kind": "message", "chat_id": ANA,
        "sender_id": ANA, "sender_name": "Ana", "message_id": "A1", "type": "text",
        "text": "Oi, tem café?", "timestamp_ms": AGORA, "pessoa": (ANA,),
    }  # fmt: skip
    return EventoDeCanal(**{**given, **changes})


async def receive(ponte: Embedded, *eventos: EventoDeCanal) -> list[str | None]:
    async def all_of(tx: Tx) -> list[str | None]:
        return [await recebidas.receive(tx, evento, conector="whatsapp") for evento in eventos]

    found: list[str | None] = await ponte.ctx.db.transact(all_of)
    return found


async def sent(ponte: Embedded, *, id_externo: str | None, texto: str = "Temos sim") -> str:
    """Store a message as if the canal had taken it; or, without an id, as if it were in hand."""

    async def write(tx: Tx) -> str:
        conversa_id = await conversas.of_contact(tx, Canal.WHATSAPP, (ANA,))
        mensagem = Mensagem(
            TipoMensagem.TEXTO, Canal.WHATSAPP, ANA, texto, id=f"m-{id_externo}",
            conversa_id=conversa_id, status=StatusMensagem.PROCESSANDO, criada_em=tx.now_ms,
            atualizada_em=tx.now_ms,
        )  # fmt: skip
        await service.insert(tx, mensagem)
        if id_externo is not None:
            await service.conclude(tx, mensagem, id_externo=id_externo)
        return mensagem.id

    found: str = await ponte.ctx.db.transact(write)
    return found


async def queued(tx: Tx, tentativas: int) -> None:
    """Put the sending into a queue that nobody works, as one that was tried so often."""
    conversa_id = await conversas.of_contact(tx, Canal.WHATSAPP, (ANA,))
    await tx.insert_many(
        "fila (id, pos, passo, fila, lane, disponivel_em, tentativas)",
        [(10**6, 0, recebidas.ENVIAR, "mensagens.nenhuma", conversa_id, tx.now_ms, tentativas)],
    )


async def message(ponte: Embedded, mensagem_id: str) -> Any:
    return await ponte.get(f"/messages/{mensagem_id}")


def noted(mensagem: Any) -> list[tuple[str, str, str]]:
    """Return what was done to a message as people see it."""
    return [(a["anotacao"], a["autor"], a["valor"]) for a in mensagem["anotacoes"]]


async def test_a_message_that_comes_twice_is_one_message(ponte: Embedded) -> None:
    [first, second] = await receive(ponte, event(), event())

    assert first is not None
    assert second is None
    stored = await message(ponte, first)
    assert (stored["direcao"], stored["canal"], stored["remetente"], stored["conteudo"]) == (
        "entrada", "whatsapp", ANA, "Oi, tem café?",
    )  # fmt: skip
    assert (await ponte.get("/messages", canal="whatsapp"))["total"] == 1


async def test_the_ninth_digit_and_an_alias_are_the_same_customer(ponte: Embedded) -> None:
    await receive(
        ponte,
        event(),
        event(message_id="A2", chat_id=ANA_SEM_NOVE, pessoa=(ANA_SEM_NOVE, ALIAS)),
        event(message_id="A3", chat_id=ALIAS, pessoa=(ALIAS,)),
    )

    async def of(tx: Tx) -> set[str]:
        rows = await tx.fetch("SELECT DISTINCT conversa_id FROM mensagens")
        return {row[0] for row in rows}

    assert len(await ponte.ctx.db.read(of)) == 1
    itens = (await ponte.get("/messages", canal="whatsapp"))["itens"]
    assert [m["remetente"] for m in itens] == [ALIAS, ANA_SEM_NOVE, ANA], "as they were written"


async def test_two_conversations_that_turn_out_to_be_one_go_on_in_the_older(
    ponte: Embedded,
) -> None:
    await receive(ponte, event(), event(message_id="A2", chat_id=ALIAS, pessoa=(ALIAS,)))

    await receive(ponte, event(message_id="A3", chat_id=ALIAS, pessoa=(ANA, ALIAS)))
    await receive(ponte, event(message_id="A4", chat_id=ALIAS, pessoa=(ALIAS,)))

    async def lanes(tx: Tx) -> list[str]:
        rows = await tx.fetch("SELECT conversa_id FROM mensagens ORDER BY id")
        return [row[0] for row in rows]

    first, second, third, fourth = await ponte.ctx.db.read(lanes)
    assert first != second
    assert third == fourth == first


async def test_receipts_move_a_message_forward_and_never_back(ponte: Embedded) -> None:
    mensagem_id = await sent(ponte, id_externo="OUT1")
    seen = []

    for status in ("read", "delivered", "sent", "delivered", "failed"):
        await receive(ponte, event(kind="status", message_id=None, target_id="OUT1", status=status))
        seen.append((await message(ponte, mensagem_id))["entrega"])

    assert seen == ["lida"] * 5


async def test_a_receipt_of_failure_says_why(ponte: Embedded) -> None:
    mensagem_id = await sent(ponte, id_externo="OUT1")

    await receive(
        ponte,
        event(kind="status", message_id=None, target_id="OUT1", status="failed",
              further={"reason": "131047 Re-engagement message"}),
    )  # fmt: skip

    failed = await message(ponte, mensagem_id)
    assert (failed["status"], failed["entrega"], failed["erro"]) == (
        "erro", "falhou", "131047 Re-engagement message",
    )  # fmt: skip


async def test_a_receipt_that_overtakes_the_answer_is_not_lost(ponte: Embedded) -> None:
    await receive(ponte, event(kind="status", message_id=None, target_id="OUT1", status="read"))

    mensagem_id = await sent(ponte, id_externo="OUT1")

    assert (await message(ponte, mensagem_id))["entrega"] == "lida"


async def test_a_receipt_up_to_an_instant_reads_what_was_sent_before_it(ponte: Embedded) -> None:
    mensagem_id = await sent(ponte, id_externo="OUT1")
    later = ponte.ctx.now_ms() + 1000

    await receive(ponte, event(kind="read", message_id=None, watermark_ms=later))

    assert (await message(ponte, mensagem_id))["entrega"] == "lida"


async def test_an_echo_ends_a_call_that_was_cut_after_its_effect(ponte: Embedded) -> None:
    in_hand = await sent(ponte, id_externo=None)

    await receive(ponte, event(message_id="E1", from_me=True, text="Temos sim"))
    await receive(ponte, event(kind="status", message_id=None, target_id="E1", status="delivered"))

    found = await message(ponte, in_hand)
    assert (found["status"], found["id_externo"], found["entrega"]) == (
        "concluida", "E1", "entregue",
    )  # fmt: skip
    assert (await ponte.get("/messages", canal="whatsapp"))["total"] == 1


@pytest.mark.parametrize(("begun", "status"), [(1, "concluida"), (0, "processando")])
async def test_an_echo_of_what_waited_for_long_ends_its_call_only_where_that_has_begun(
    data_dir: Path, begun: int, status: str
) -> None:
    clock = FrozenClock()
    async with embedded(data_dir, clock=clock) as ponte:
        in_hand = await sent(ponte, id_externo=None)
        await ponte.ctx.db.transact(queued, begun)
        clock.advance(3 * 3600)

        await receive(ponte, event(message_id="E1", from_me=True, text="Temos sim"))

        assert (await message(ponte, in_hand))["status"] == status


async def test_a_receipt_with_our_own_id_ends_a_call_whose_answer_was_lost(ponte: Embedded) -> None:
    in_hand = await sent(ponte, id_externo=None)
    receipt = event(kind="status", message_id=None, target_id="wamid.9", status="delivered",
                    further={"callback_data": in_hand})  # fmt: skip

    await receive(ponte, receipt, receipt)

    found = await message(ponte, in_hand)
    assert (found["status"], found["id_externo"], found["entrega"]) == (
        "concluida", "wamid.9", "entregue",
    )  # fmt: skip


async def test_our_own_message_that_comes_back_is_not_a_second_one(ponte: Embedded) -> None:
    await sent(ponte, id_externo="OUT1")

    await receive(ponte, event(message_id="OUT1", from_me=True, text="Temos sim"))

    assert (await ponte.get("/messages", canal="whatsapp"))["total"] == 1


async def test_what_was_typed_on_the_telephone_is_kept_as_sent(ponte: Embedded) -> None:
    [mensagem_id] = await receive(ponte, event(message_id="E2", from_me=True, text="Já separei"))

    assert mensagem_id is not None
    stored = await message(ponte, mensagem_id)
    assert (stored["direcao"], stored["destinatario"], stored["entrega"]) == (
        "saida", ANA, "enviada",
    )  # fmt: skip


async def test_an_edit_changes_the_words_and_keeps_the_first_ones(ponte: Embedded) -> None:
    [mensagem_id] = await receive(ponte, event())
    assert mensagem_id is not None
    edit = event(kind="edit", message_id=None, target_id="A1", text="Oi, tem chá?",
                 timestamp_ms=AGORA + 1000)  # fmt: skip

    await receive(ponte, edit, edit)

    shown = await message(ponte, mensagem_id)
    assert shown["conteudo"] == "Oi, tem chá?"
    assert noted(shown) == [("editada", ANA, "Oi, tem café?")]
    assert (await ponte.get("/messages", canal="whatsapp"))["itens"] == [shown]


async def test_a_deletion_is_noted_and_erases_nothing(ponte: Embedded) -> None:
    [mensagem_id] = await receive(ponte, event())
    assert mensagem_id is not None

    await receive(ponte, event(kind="delete", message_id=None, target_id="A1", text=None))

    shown = await message(ponte, mensagem_id)
    assert shown["conteudo"] == "Oi, tem café?"
    assert noted(shown) == [("apagada", ANA, "Oi, tem café?")]
    facts = await ponte.get("/eventos", tipo="mensagem.anotada")
    assert [f["dados"]["anotacao"] for f in facts["itens"]] == ["apagada"]


async def test_the_last_reaction_counts(ponte: Embedded) -> None:
    [mensagem_id] = await receive(ponte, event())
    assert mensagem_id is not None
    found = []

    for em, reaction in ((1, "👍"), (4, "❤️"), (3, "😂"), (6, ""), (5, "🙏")):
        await receive(
            ponte,
            event(kind="reaction", message_id=f"R{em}", target_id="A1", reaction=reaction,
                  timestamp_ms=AGORA + em),
        )  # fmt: skip
        found.append(noted(await message(ponte, mensagem_id)))

    assert found == [
        [("reacao", ANA, "👍")], [("reacao", ANA, "❤️")], [("reacao", ANA, "❤️")], [], [],
    ]  # fmt: skip


async def test_nothing_that_a_customer_sends_is_left_out(ponte: Embedded) -> None:
    kinds = ("text", "image", "sticker", "video", "audio", "document", "location", "contact",
             "interactive", "order", "poll", "share", "story_mention", "unsupported")  # fmt: skip
    eventos = [
        event(message_id=f"K-{kind}", type=kind, text=None,
              media=(Midia(kind="image", id="77"),) if kind == "image" else ())
        for kind in kinds
    ]  # fmt: skip

    stored = await receive(ponte, *eventos)

    assert None not in stored
    tipos = {(await message(ponte, str(m)))["tipo"] for m in stored}
    assert tipos == {
        "texto", "imagem", "video", "audio", "documento", "localizacao", "resposta_rapida",
        "evento",
    }  # fmt: skip


async def test_in_a_group_the_other_side_is_the_group(ponte: Embedded) -> None:
    group = "12036@g.us"

    [mensagem_id] = await receive(
        ponte, event(chat_id=group, is_group=True, pessoa=(group,), sender_name="Ana")
    )

    assert mensagem_id is not None
    stored = await message(ponte, mensagem_id)
    assert stored["remetente"] == group
    assert stored["conteudo"]["autor"] == {"id": ANA, "nome": "Ana"}


async def test_what_came_is_counted_for_the_canals_health(ponte: Embedded) -> None:
    await receive(ponte, event(), event(), event(message_id="A2"))

    async def counted(tx: Tx) -> list[Any]:
        return await tx.fetch("SELECT canal, SUM(entradas) FROM canais_trafego GROUP BY canal")

    assert await ponte.ctx.db.read(counted) == [("whatsapp", 2)]
