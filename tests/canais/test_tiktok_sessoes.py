"""Sessions of TikTok: kept encrypted, shown without their secrets, renewed before they end."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ponte.canais import recepcao, sessoes
from ponte.connectors.tiktok.renewal import TiktokRenewal
from ponte.connectors.tiktok.settings import TiktokSettings
from ponte.domain.evento import EventoDeCanal
from ponte.errors import ArmazenamentoIndisponivel
from ponte.mensagens import estado
from ponte.resilience.classes import Classe, OutsideError
from ponte.simulators.tiktok import CONTA, SimuladorTiktok
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock, embedded
from tests.connectors.lent import lending

ONDE = "/hub/tiktok/sessoes"
SEGREDO = "act.canary-not-a-token"
OAUTH = {
    "nome": "loja",
    "tipo": "oauth",
    "access_token": SEGREDO,
    "refresh_token": "rft.VIDEOS0",
    "expires_in": 86_400,
    "open_id": "act.fake-open-id",
    "scope": "video.publish",
    "token_type": "Bearer",
}
COOKIES = {"nome": "pote", "tipo": "cookies", "cookies": [{"name": "sid", "value": SEGREDO}]}


@dataclass
class Casa:
    """A Ponte, the stand-in that it renews at, and the clock of both."""

    ponte: Embedded
    tiktok: SimuladorTiktok
    clock: FrozenClock

    async def save(self, corpo: Any, **headers: str) -> Any:
        answer = await self.ponte.http.post(ONDE, json=corpo, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def one(self) -> Any:
        [found] = (await self.ponte.get(ONDE))["itens"]
        return found

    async def renew(self) -> None:
        await sessoes.renew_due(self.ponte.ctx)

    async def tell_removed(self, conta: str, *, em_ms: int | None = None) -> None:
        evento = EventoDeCanal(
            channel="tiktok",
            kind="authorization",
            account=conta,
            status="removed",
            timestamp_ms=self.clock.ms if em_ms is None else em_ms,
        )
        ctx = self.ponte.ctx

        async def act(tx: Tx) -> bool:
            return await recepcao.act(ctx, tx, ctx.ligados["tiktok"], evento)

        assert await ctx.db.transact(act)

    async def stopped(self) -> str | None:
        parado: str | None = await self.ponte.ctx.db.read(estado.stopped, "tiktok")
        return parado

    async def secrets(self) -> list[Any]:
        ctx = self.ponte.ctx
        names = await ctx.db.read(_token_names)
        found = [await ctx.tokens.get(name) for name in names]
        return [json.loads(kept[0]) for kept in found if kept is not None]


async def _token_names(tx: Tx) -> list[str]:
    rows = await tx.fetch("SELECT nome FROM tokens WHERE nome LIKE 'tiktok:sessao:%'")
    return [row[0] for row in rows]


@pytest.fixture
async def casa(tmp_path: Path) -> AsyncIterator[Casa]:
    clock = FrozenClock()
    tiktok = SimuladorTiktok(now=lambda: clock.ms / 1000)
    env = tiktok.env(await tiktok.start())
    async with embedded(tmp_path / "dados", env=env, papeis=(), clock=clock) as ponte:
        yield Casa(ponte, tiktok, clock)
    await tiktok.stop()


async def test_a_session_is_shown_with_its_state_and_end_and_without_its_secrets(
    casa: Casa,
) -> None:
    saved = await casa.save(OAUTH)
    await casa.save(COOKIES)

    shown = await casa.ponte.get(ONDE)

    assert saved == {
        "nome": "loja", "tipo": "oauth", "superficie": "videos", "conta": "act.fake-open-id",
        "estado": "ativa", "motivo": None, "expira_em": "2026-11-25T12:00:00.000Z",
        "criada_em": "2026-11-24T12:00:00.000Z", "atualizada_em": "2026-11-24T12:00:00.000Z",
    }  # fmt: skip
    assert [x["nome"] for x in shown["itens"]] == ["loja", "pote"]
    assert SEGREDO not in json.dumps(shown) + json.dumps(saved)


async def test_on_disk_there_is_no_secret_to_read(casa: Casa, tmp_path: Path) -> None:
    await casa.save(OAUTH)
    await casa.save(COOKIES)

    files = [path for path in (tmp_path / "dados").rglob("*") if path.is_file()]
    written = b"".join(path.read_bytes() for path in files)

    assert len(await casa.secrets()) == 2
    assert SEGREDO.encode() not in written
    assert b"rft.VIDEOS0" not in written


async def test_a_session_is_renewed_at_80_percent_of_its_life_each_time_with_the_newest_token(
    casa: Casa,
) -> None:
    await casa.save(OAUTH)
    await casa.renew()
    early = casa.tiktok.renovacoes

    for _ in range(3):
        casa.clock.advance(0.81 * 86_400)
        await casa.renew()

    [kept] = await casa.secrets()
    assert (early, casa.tiktok.renovacoes) == (0, 3)
    assert kept["refresh_token"] == casa.tiktok.refresh_de_videos
    assert kept["access_token"] == "act.VIDEOS3"
    assert (await casa.one())["estado"] == "ativa"


async def test_a_session_for_messages_is_renewed_by_the_other_app(casa: Casa) -> None:
    await casa.save({**OAUTH, "superficie": "mensagens", "refresh_token": casa.tiktok.refresh})
    casa.clock.advance(86_400)

    await casa.renew()

    [kept] = await casa.secrets()
    assert kept["refresh_token"] == casa.tiktok.refresh == "rft.SIMULADOR1"


async def test_one_whose_life_nobody_knows_is_renewed_at_once(casa: Casa) -> None:
    given = {k: v for k, v in OAUTH.items() if k != "expires_in"}
    unknown = (await casa.save(given))["expira_em"]

    await casa.renew()

    assert unknown is None
    assert (await casa.one())["expira_em"] == "2026-11-25T12:00:00.000Z"


async def test_a_session_that_tiktok_no_longer_renews_says_so_and_is_left_alone(
    casa: Casa,
) -> None:
    await casa.save({**OAUTH, "refresh_token": "rft.used-before"})
    casa.clock.advance(86_400)

    await casa.renew()
    await casa.renew()

    found = await casa.one()
    assert (found["estado"], found["motivo"]) == ("recusada", "HTTP 400 invalid_grant")
    assert list(casa.tiktok.chamadas) == ["grant"]


async def test_a_refused_session_wakes_somebody_until_a_new_one_takes_its_place(
    casa: Casa,
) -> None:
    await casa.save({**OAUTH, "refresh_token": "rft.used-before"})
    casa.clock.advance(86_400)
    await casa.renew()
    opened = await casa.ponte.get("/alerts")

    await casa.save(OAUTH)

    [alerta] = opened["itens"]
    [closed] = (await casa.ponte.get("/alerts"))["itens"]
    assert (alerta["nome"], alerta["resolvido_em"]) == ("sessao_perdida", None)
    assert "loja: HTTP 400 invalid_grant" in alerta["texto"]
    assert closed["resolvido_em"] is not None


async def test_a_lost_answer_is_said_and_the_token_is_used_to_its_end(casa: Casa) -> None:
    await casa.save(OAUTH)
    casa.clock.advance(0.9 * 86_400)
    casa.tiktok.misbehave("lost", 1, segundos=0)
    await casa.renew()
    await casa.renew()
    said = await casa.one()
    asked = list(casa.tiktok.chamadas)

    casa.clock.advance(0.1 * 86_400)
    await casa.renew()

    over = await casa.one()
    assert (said["estado"], said["motivo"]) == ("ativa", sessoes.PERDIDA)
    assert asked == ["grant"]
    assert over["estado"] == "recusada"
    assert "the answer to a renewal was lost" in over["motivo"]


async def test_what_an_account_took_back_is_forgotten_and_its_session_says_so(casa: Casa) -> None:
    await casa.save(OAUTH)
    await casa.save({**OAUTH, "nome": "outra", "open_id": "act.another"})
    casa.clock.advance(60)

    await casa.tell_removed("act.fake-open-id")

    found = {x["nome"]: x["estado"] for x in (await casa.ponte.get(ONDE))["itens"]}
    assert found == {"loja": "revogada", "outra": "ativa"}
    assert len(await casa.secrets()) == 1
    assert await casa.stopped() is None


async def test_the_account_that_writes_stops_when_it_takes_its_leave_back(casa: Casa) -> None:
    await casa.ponte.ctx.tokens.put(f"tiktok:{CONTA}:seed", SEGREDO, expira_em_ms=2**42)

    await casa.tell_removed(CONTA)

    assert await casa.stopped() == sessoes.RETIRADA
    assert await casa.ponte.ctx.tokens.get(f"tiktok:{CONTA}:seed") is None


async def test_a_session_that_was_granted_after_the_removal_is_left_alone(casa: Casa) -> None:
    em_ms = casa.clock.ms
    casa.clock.advance(60)
    await casa.save(OAUTH)

    await casa.tell_removed("act.fake-open-id", em_ms=em_ms)

    assert (await casa.one())["estado"] == "ativa"
    assert len(await casa.secrets()) == 1


async def test_a_failure_on_the_way_is_tried_again_at_the_next_run(casa: Casa) -> None:
    await casa.save(OAUTH)
    casa.clock.advance(86_400)
    casa.tiktok.misbehave("5xx", 1)

    await casa.renew()
    expired = (await casa.one())["estado"]
    await casa.renew()

    assert (expired, (await casa.one())["estado"]) == ("expirada", "ativa")
    assert casa.tiktok.renovacoes == 1


async def test_a_new_token_is_kept_in_hand_until_the_database_takes_it(
    casa: Casa, monkeypatch: pytest.MonkeyPatch
) -> None:
    await casa.save(OAUTH)
    casa.clock.advance(86_400)
    away, put = [1, 2], casa.ponte.ctx.tokens.put

    async def failing(nome: str, segredo: str, *, expira_em_ms: int) -> None:
        if away:
            away.pop()
            raise ArmazenamentoIndisponivel
        await put(nome, segredo, expira_em_ms=expira_em_ms)

    monkeypatch.setattr(casa.ponte.ctx.tokens, "put", failing)
    monkeypatch.setattr(sessoes, "AGAIN_S", 0.0)
    await casa.renew()

    [kept] = await casa.secrets()
    assert away == []
    assert kept["refresh_token"] == casa.tiktok.refresh_de_videos


async def test_what_is_not_a_session_is_refused_and_nothing_is_kept(casa: Casa) -> None:
    wrong = [
        {**OAUTH, "nome": ""},
        {**OAUTH, "nome": "com espaço"},
        {**OAUTH, "cookies": [{}]},
        {**OAUTH, "expires_in": 0},
        {**OAUTH, "expira_em": "amanhã"},
        {**OAUTH, "senha": SEGREDO},
        {**COOKIES, "access_token": SEGREDO},
        {**COOKIES, "cookies": []},
        {"nome": "x", "tipo": "oauth"},
        {"nome": "x", "tipo": "senha"},
    ]

    answers = [await casa.ponte.http.post(ONDE, json=corpo) for corpo in wrong]

    assert {x.status_code for x in answers} == {422}
    assert SEGREDO not in "".join(x.text for x in answers)
    assert await casa.secrets() == []


async def test_a_session_of_the_same_name_gives_way_and_its_secrets_go(casa: Casa) -> None:
    await casa.save(OAUTH)

    await casa.save({**OAUTH, "refresh_token": "rft.second"})

    [kept] = await casa.secrets()
    assert kept["refresh_token"] == "rft.second"
    assert (await casa.ponte.get(ONDE))["total"] == 1


async def test_a_repeated_request_does_not_bring_the_first_token_back(casa: Casa) -> None:
    first = await casa.save(OAUTH, **{"Idempotency-Key": "k1"})
    casa.clock.advance(0.9 * 86_400)
    await casa.renew()

    again = await casa.save(OAUTH, **{"Idempotency-Key": "k1"})

    [kept] = await casa.secrets()
    assert again == first
    assert kept["refresh_token"] == "rft.VIDEOS1"


async def test_a_removed_session_leaves_no_secret(casa: Casa) -> None:
    await casa.save(OAUTH)

    gone = await casa.ponte.http.delete(ONDE, params={"nome": "loja"})
    again = await casa.ponte.http.delete(ONDE, params={"nome": "loja"})
    unnamed = await casa.ponte.http.delete(ONDE)

    assert [x.status_code for x in (gone, again, unnamed)] == [204, 404, 422]
    assert await casa.secrets() == []
    assert (await casa.ponte.get(ONDE))["itens"] == []


async def test_the_list_goes_on_where_a_page_ended(casa: Casa) -> None:
    for nome in ("a", "b", "c"):
        await casa.save({**COOKIES, "nome": nome})

    first = await casa.ponte.get(ONDE, limite=2)
    rest = await casa.ponte.get(ONDE, limite=2, cursor=first["proximo"])

    assert [x["nome"] for x in first["itens"] + rest["itens"]] == ["a", "b", "c"]
    assert (first["total"], rest["proximo"]) == (3, None)


@pytest.mark.parametrize("superficie", ["videos", "mensagens"])
async def test_without_the_app_a_session_waits_instead_of_being_refused(superficie: Any) -> None:
    async with lending() as lent:
        with pytest.raises(OutsideError) as caught:
            await TiktokRenewal(TiktokSettings(), lent.deps).renew("r", superficie=superficie)

    assert caught.value.classe is Classe.INVALID_REQUEST
