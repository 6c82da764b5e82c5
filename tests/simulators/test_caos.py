"""A stand-in misbehaves by itself as often as it was told, alike for the same seed."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from ponte.simulators import canais
from ponte.simulators.caos import NIVEIS, Caos, of_level, of_order
from ponte.simulators.comportamento import ENTREGAS, RESPOSTAS
from ponte.simulators.telegram import TOKEN, SimuladorTelegram

SEND = f"/bot{TOKEN}/sendMessage"
OI = {"chat_id": 1, "text": "oi"}


@pytest.fixture
async def telegram() -> AsyncIterator[tuple[SimuladorTelegram, httpx2.AsyncClient]]:
    simulador = SimuladorTelegram()
    url = await simulador.start()
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        yield simulador, http
    await simulador.stop()


def drawn(caos: Caos, modos: frozenset[str] = RESPOSTAS, *, calls: int = 2_000) -> list[str]:
    found = [caos.draw(modos) for _ in range(calls)]
    return ["" if defeito is None else defeito.modo for defeito in found]


@pytest.mark.parametrize("nivel", NIVEIS)
def test_a_level_spoils_its_share_of_calls_and_of_deliveries(nivel: str) -> None:
    caos = of_level(nivel, semente=7)

    for modos in (RESPOSTAS, ENTREGAS):
        spoiled = sum(1 for modo in drawn(caos, modos) if modo) / 2_000
        assert spoiled == pytest.approx(NIVEIS[nivel], abs=0.04)


def test_the_same_seed_misbehaves_alike_and_another_one_does_not() -> None:
    first, again, other = (drawn(of_level("forte", semente=n)) for n in (1, 1, 2))

    assert first == again != other


def test_a_level_draws_every_fault_but_the_one_that_needs_a_person() -> None:
    caos = of_level("forte")

    assert set(drawn(caos)) == RESPOSTAS - {"token"} | {""}
    assert set(drawn(caos, ENTREGAS)) == ENTREGAS | {""}


def test_only_the_faults_that_were_named_are_drawn() -> None:
    caos = of_level("forte", falhas=["token", "duplicate"])

    assert set(drawn(caos)) == {"token", ""}
    assert set(drawn(caos, ENTREGAS)) == {"duplicate", ""}


@pytest.mark.parametrize(
    "corpo",
    [
        {"nivel": "apocalipse"},
        {"nivel": "leve", "falhas": ["tsunami"]},
        {"respostas": {"duplicate": 0.1}},
        {"respostas": {"5xx": 0.7, "429": 0.7}},
        {"entregas": {"drop": -1}},
        {"respostas": {"5xx": "muito"}},
        {"respostas": 3},
        {"nivel": "leve", "semente": None},
        [],
    ],
)
def test_an_order_that_means_nothing_is_refused(corpo: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        of_order(corpo)


async def test_chaos_is_switched_on_and_off_while_it_runs(
    telegram: tuple[SimuladorTelegram, httpx2.AsyncClient],
) -> None:
    _, http = telegram
    calm = await http.post(SEND, json=OI)

    ordered = await http.put("/_simulador/caos", json={"respostas": {"5xx": 1}, "semente": 3})
    spoiled = await http.post(SEND, json=OI)
    shown = (await http.get("/_simulador/caos")).json()
    refused = await http.put("/_simulador/caos", json={"nivel": "apocalipse"})
    await http.delete("/_simulador/caos")
    mended = await http.post(SEND, json=OI)

    assert [x.status_code for x in (calm, ordered, spoiled, refused, mended)] == [
        200, 200, 502, 422, 200,
    ]  # fmt: skip
    assert shown == {"semente": 3, "segundos": 0.5, "respostas": {"5xx": 1.0}, "entregas": {}}


async def test_a_lost_answer_belongs_to_a_message_that_was_taken(
    telegram: tuple[SimuladorTelegram, httpx2.AsyncClient],
) -> None:
    simulador, http = telegram
    simulador.misbehave("lost", segundos=0.01)

    answer = await http.post(SEND, json=OI)

    [kept], [perdida] = simulador.mensagens, simulador.perdidas
    assert answer.status_code == 504
    assert f'"message_id":{kept["message_id"]}'.encode() in perdida.corpo


@pytest.mark.parametrize("nome", canais.SIMULADORES)
async def test_every_stand_in_of_the_register_can_be_aimed_written_through_and_disturbed(
    nome: str,
) -> None:
    simulador = canais.make(nome)
    url = await simulador.start()
    simulador.aim("http://127.0.0.1:9/webhooks/x")
    simulador.caos = Caos(entregas={"drop": 1.0})

    await simulador.write(canais.SIMULADORES[nome].pessoa(1), "oi")
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        shown = (await http.get("/_simulador/caos")).json()

    await simulador.stop()
    assert shown["entregas"] == {"drop": 1.0}
    assert all(name.startswith("PONTE_") for name in simulador.env(url))
