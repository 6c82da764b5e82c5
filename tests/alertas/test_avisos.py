"""Who is told of an alert, and when: at once, not again in its window, and of its end."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ponte.domain.valores import format_time
from ponte.simulators.telegram import SimuladorTelegram
from ponte.testing import Embedded, FrozenClock, embedded
from tests.espera import until

TOKEN = "123456:obviously-fake-token"
COFRE = {"nome": "cofre_aberto", "titulo": "Cofre aberto", "labels": {"loja": "1"}}


@pytest.fixture
async def telegram() -> AsyncIterator[SimuladorTelegram]:
    simulador = SimuladorTelegram(token=TOKEN)
    yield simulador
    await simulador.stop()


async def _env(telegram: SimuladorTelegram) -> dict[str, str]:
    return {
        "PONTE_TELEGRAM__BASE_URL": await telegram.start(),
        "PONTE_TELEGRAM__BOT_TOKEN": TOKEN,
        "PONTE_TELEGRAM__CHAT_ID": "42",
    }


async def _raise(ponte: Embedded, **changes: Any) -> Any:
    answer = await ponte.http.post("/alerts", json={**COFRE, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _told(ponte: Embedded, alerta_id: str) -> list[tuple[str, str, str]]:
    """Return (destino, motivo, situacao) of every notice."""
    whole = await ponte.get(f"/alerts/{alerta_id}")
    return [(n["destino"], n["motivo"], n["situacao"]) for n in whole["notificacoes"]]


async def _all_ended(ponte: Embedded, alerta_id: str) -> list[tuple[str, str, str]]:
    async def ended() -> Any:
        found = await _told(ponte, alerta_id)
        return found if all(situacao != "pedida" for _, _, situacao in found) else None

    told: list[tuple[str, str, str]] = await until(ended)
    return told


async def test_the_text_makes_no_other_alert_but_a_label_does(ponte: Embedded) -> None:
    first = await _raise(ponte, texto="aberto às 10h")

    again = await _raise(ponte, titulo="Cofre ainda aberto", texto="11h", severidade="critico")
    others = [
        await _raise(ponte, labels={"loja": "2"}),
        await _raise(ponte, labels={}),
        await _raise(ponte, origem="sensor"),
        await _raise(ponte, nome="cofre_fechado"),
    ]

    assert again["id"] == first["id"]
    assert again["impressao"] == first["impressao"]
    assert (again["contagem"], again["severidade"]) == (2, "critico")
    assert again["titulo"] == "Cofre ainda aberto"
    assert len({first["id"], *(o["id"] for o in others)}) == 5


async def test_the_same_alert_is_told_again_only_after_its_window(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock) as ponte:
        alerta = await _raise(ponte)
        told = []

        for seconds in (0, 299, 1, 299, 1):
            clock.advance(seconds)
            await _raise(ponte)
            told.append(len(await _told(ponte, alerta["id"])))

        assert told == [1, 1, 2, 2, 3]


async def test_an_alert_that_comes_back_within_its_window_waits_and_is_dropped_when_it_ends(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock) as ponte:
        first = await _raise(ponte)
        await ponte.http.post(f"/alerts/{first['id']}/resolve")
        clock.advance(60)

        second = await _raise(ponte)
        waiting = await _told(ponte, second["id"])
        await ponte.http.post(f"/alerts/{second['id']}/resolve")
        dropped = await _told(ponte, second["id"])
        clock.advance(300)
        third = await _raise(ponte)

        assert len({first["id"], second["id"], third["id"]}) == 3
        assert [(n[1], n[2]) for n in waiting] == [("reaviso", "pedida")]
        assert [(n[1], n[2]) for n in dropped] == [("reaviso", "dispensada")]
        assert [n[1] for n in await _told(ponte, third["id"])] == ["aviso"]


async def test_an_alert_that_came_back_and_stays_is_told_when_its_window_is_over(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock) as ponte:
        first = await _raise(ponte)
        await ponte.http.post(f"/alerts/{first['id']}/resolve")
        clock.advance(60)
        second = await _raise(ponte)
        await _raise(ponte)

        clock.advance(241)
        ponte.ctx.broker.wake_all()

        async def told() -> bool:
            return [n[2] for n in await _told(ponte, second["id"])] == ["entregue"]

        assert await until(told)


async def test_one_name_keeps_its_rate_and_what_is_over_waits_its_turn(
    data_dir: Path, clock: FrozenClock
) -> None:
    regras = {"limite_por_nome": 2, "janela_do_limite_s": 60}
    async with embedded(data_dir, clock=clock, alertas=regras) as ponte:
        ids = [(await _raise(ponte, labels={"loja": str(n)}))["id"] for n in range(5)]
        other = await _raise(ponte, nome="outro")

        asked = [
            (await ponte.get(f"/alerts/{i}"))["notificacoes"][0]["pedida_em"]
            for i in (*ids, other["id"])
        ]

        turns = [clock.ms + wait * 1000 for wait in (0, 0, 60, 60, 120, 0)]
        assert asked == [format_time(ms) for ms in turns]

        async def delivered() -> Any:
            told = [(await _told(ponte, i))[0][2] for i in ids]
            return told.count("entregue")

        assert await until(delivered) == 2
        clock.advance(60)
        ponte.ctx.broker.wake_all()

        async def four() -> bool:
            return bool(await delivered() == 4)

        assert await until(four)


async def test_what_was_told_before_the_clock_went_back_holds_up_nothing(
    data_dir: Path, clock: FrozenClock
) -> None:
    regras = {"limite_por_nome": 2, "janela_do_limite_s": 60}
    async with embedded(data_dir, clock=clock, alertas=regras) as ponte:
        lojas = [await _raise(ponte, labels={"loja": str(n)}) for n in range(2)]
        for alerta in lojas:
            await _all_ended(ponte, alerta["id"])
        await ponte.http.post(f"/alerts/{lojas[0]['id']}/resolve")
        clock.advance(-7200)

        back = await _raise(ponte, labels={"loja": "0"})
        still_open = await _raise(ponte, labels={"loja": "1"})

        told = await _all_ended(ponte, back["id"])
        again = await _all_ended(ponte, still_open["id"])
        assert told == [("log", "aviso", "entregue")]
        assert again == [("log", "aviso", "entregue")] * 2


async def test_a_notice_does_not_wait_for_a_time_that_was_before_all_were_away(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock) as ponte:
        first = await _raise(ponte)
        await _all_ended(ponte, first["id"])
        await ponte.http.post(f"/alerts/{first['id']}/resolve")
        waits = await _raise(ponte)
    clock.advance(-7200)

    async with embedded(data_dir, clock=clock) as ponte:
        told = await _all_ended(ponte, waits["id"])
        shown = (await ponte.get(f"/alerts/{waits['id']}"))["notificacoes"]

    assert told == [("log", "reaviso", "entregue")]
    assert shown[0]["pedida_em"] == format_time(clock.ms)


async def test_the_end_is_told_to_whom_the_beginning_was(
    data_dir: Path, telegram: SimuladorTelegram
) -> None:
    async with embedded(data_dir) as ponte:
        before = await _raise(ponte, nome="antes")
        await _all_ended(ponte, before["id"])
    async with embedded(data_dir, env=await _env(telegram)) as ponte:
        after = await _raise(ponte, nome="depois")
        await _all_ended(ponte, after["id"])

        for alerta in (before, after):
            await ponte.http.post(f"/alerts/{alerta['id']}/resolve")

        told = await _all_ended(ponte, before["id"])
        assert told == [("log", "aviso", "entregue"), ("log", "fim", "entregue")]
        assert len(await _all_ended(ponte, after["id"])) == 4
        begun, ended = [m["text"] for m in telegram.mensagens]
        assert "🟡" in begun
        assert "✅" in ended


async def test_what_a_sink_was_to_hear_waits_while_it_is_off(
    data_dir: Path, telegram: SimuladorTelegram
) -> None:
    env = await _env(telegram)
    async with embedded(data_dir, env=env, papeis=()) as ponte:
        alerta = await _raise(ponte)
    async with embedded(data_dir) as ponte:
        await until(lambda: _log_is_done(ponte, alerta["id"]))
        while_off = await _told(ponte, alerta["id"])

    async with embedded(data_dir, env=env) as ponte:
        told = await _all_ended(ponte, alerta["id"])

    assert ("telegram", "aviso", "pedida") in while_off
    assert sorted(told) == [("log", "aviso", "entregue"), ("telegram", "aviso", "entregue")]
    assert len(telegram.mensagens) == 1


async def _log_is_done(ponte: Embedded, alerta_id: str) -> bool:
    return ("log", "aviso", "entregue") in await _told(ponte, alerta_id)


async def test_an_alert_that_nobody_can_be_told_of_is_recorded_and_told_when_somebody_can(
    data_dir: Path, telegram: SimuladorTelegram
) -> None:
    async with embedded(data_dir, env={"PONTE_LOG__ENABLED": "false"}) as ponte:
        assert ponte.ctx.sinks() == {}
        alerta = await _raise(ponte)
        nobody = await _told(ponte, alerta["id"])

    async with embedded(data_dir, env=await _env(telegram)) as ponte:
        again = await _raise(ponte)
        told = await _all_ended(ponte, alerta["id"])

    assert nobody == []
    assert again["contagem"] == 2
    assert ("telegram", "aviso", "entregue") in told


async def test_a_firing_under_one_key_counts_once(ponte: Embedded) -> None:
    key = {"Idempotency-Key": "k"}

    answers = [await ponte.http.post("/alerts", json=COFRE, headers=key) for _ in range(3)]

    assert {a.content for a in answers} == {answers[0].content}
    assert (await ponte.get(f"/alerts/{answers[0].json()['id']}"))["contagem"] == 1


async def test_whoever_is_on_it_is_on_record_once_and_not_after_its_end(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock) as ponte:
        path = f"/alerts/{(await _raise(ponte))['id']}"
        first = await ponte.http.post(f"{path}/ack")
        clock.advance(60)

        second = await ponte.http.post(f"{path}/ack")
        await ponte.http.post(f"{path}/resolve")
        late = await ponte.http.post(f"{path}/ack")

        assert first.json()["reconhecido_em"] == second.json()["reconhecido_em"]
        assert late.status_code == 409


# ---------------------------------------------------------------- the list


async def test_the_list_is_filtered_by_severity_end_and_time(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock) as ponte:
        starts = []
        for n, severidade in enumerate(("info", "aviso", "critico", "aviso")):
            starts.append(format_time(clock.ms))
            await _raise(ponte, labels={"n": str(n)}, severidade=severidade)
            clock.advance(60)
        newest = (await ponte.get("/alerts"))["itens"]
        await ponte.http.post(f"/alerts/{newest[0]['id']}/resolve")

        async def labels(**params: Any) -> list[str]:
            page = await ponte.get("/alerts", **params)
            return [a["labels"]["n"] for a in page["itens"]]

        assert await labels() == ["3", "2", "1", "0"]
        assert await labels(severidade="aviso") == ["3", "1"]
        assert await labels(resolvido=True) == ["3"]
        assert await labels(resolvido=False) == ["2", "1", "0"]
        assert await labels(start_time=starts[1], end_time=starts[3]) == ["2", "1"]
        assert await labels(severidade="aviso", resolvido=False) == ["1"]
        assert await labels(skip=1, limit=2) == ["2", "1"]
        assert await labels(skip=9) == []
        assert (await ponte.get("/alerts", limit=1))["total"] == 4


async def test_the_list_is_walked_by_its_cursor_without_losing_or_repeating_an_alert(
    data_dir: Path, clock: FrozenClock
) -> None:
    async with embedded(data_dir, clock=clock) as ponte:
        for n in range(6):  # two of each moment
            clock.advance(60 * (n % 2))
            await _raise(ponte, labels={"n": str(n)})
        whole = [a["id"] for a in (await ponte.get("/alerts"))["itens"]]
        walked: list[str] = []
        params: dict[str, Any] = {"limit": 2}

        while True:
            page = await ponte.get("/alerts", **params)
            walked += [a["id"] for a in page["itens"]]
            if page["proximo"] is None:
                break
            params["cursor"] = page["proximo"]
            await _raise(ponte, labels={"later": str(len(walked))})

        assert walked == whole
        assert (page["total"], len(page["itens"])) == (8, 2)


@pytest.mark.parametrize("cursor", ["xyz", "5b5d", "5b2278222c317d", "5b2d312c2278225d"])
async def test_a_cursor_of_another_list_is_refused(ponte: Embedded, cursor: str) -> None:
    answer = await ponte.http.get("/alerts", params={"cursor": cursor})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["campo"] == "cursor"


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a name with a blank": ({"nome": "cofre aberto"}, "nome"),
    "a name that starts with a digit": ({"nome": "1cofre"}, "nome"),
    "no title": ({"titulo": ""}, "titulo"),
    "a long text": ({"texto": "x" * 4001}, "texto"),
    "another severity": ({"severidade": "grave"}, "severidade"),
    "21 labels": ({"labels": {f"l{n}": "x" for n in range(21)}}, "labels"),
    "a label of a number": ({"labels": {"loja": 1}}, "labels.loja"),
    "a long label": ({"labels": {"loja": "x" * 201}}, "labels.loja"),
    "a field of one's own": ({"resolvido": True}, "resolvido"),
}


async def test_a_bad_alert_is_refused_by_the_fields_name_and_not_recorded(
    ponte: Embedded,
) -> None:
    answers = {
        name: await ponte.http.post("/alerts", json={**COFRE, **changes})
        for name, (changes, _campo) in BAD.items()
    }

    named = {n: [e["campo"] for e in a.json().get("errors", ())] for n, a in answers.items()}
    assert {n: a.status_code for n, a in answers.items() if a.status_code != 422} == {}
    assert {n: named[n] for n, (_, campo) in BAD.items() if campo not in named[n]} == {}
    assert (await ponte.get("/alerts"))["total"] == 0
