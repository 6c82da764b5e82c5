"""Parts: one telephone that is dead or hangs holds up no other, in no process."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry

from ponte.errors import Adiado
from ponte.resilience import partes
from ponte.resilience.breaker import CLOSED, OPEN, CircuitBreakerOpen
from ponte.resilience.classes import by_status
from ponte.resilience.disjuntores import Disjuntores, HttpPartilhado
from ponte.resilience.exchange import Request
from ponte.resilience.http import Http
from ponte.resilience.limiter import SlidingWindowRateLimiter
from ponte.resilience.numeros import HubNumbers
from ponte.resilience.partilha import Cotas
from tests.espera import until
from tests.resilience.contagem import Contagem
from tests.resilience.odd_server import OddServer, odd_server
from tests.resilience.ouvido import RedisAway


@pytest.fixture
async def server() -> AsyncIterator[OddServer]:
    async with odd_server() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    client = Http("whatsapp", meter=HubNumbers(CollectorRegistry()))
    yield client
    await client.aclose()


async def send(http: Http, url: str, *, paced: bool = True, timeout_s: float = 5.0) -> None:
    request = Request("POST", url, json={}, paced=paced, timeout_s=timeout_s)
    await http.send(request, lambda answer: by_status(answer.status))


async def test_a_dead_part_opens_its_own_breaker_and_the_others_go_on(
    server: OddServer, http: Http
) -> None:
    for _ in range(http.breaker.failure_threshold):
        with pytest.raises(Exception, match="503"):
            await send(http.part("sul"), f"{server.url}/unavailable")

    with pytest.raises(CircuitBreakerOpen, match="whatsapp:sul"):
        await send(http.part("sul"), f"{server.url}/ok")
    await send(http.part("norte"), f"{server.url}/ok")
    await send(http, f"{server.url}/ok")
    assert [breaker.state for breaker in http.breakers()] == [CLOSED, OPEN, CLOSED]


async def test_a_part_that_hangs_leaves_room_for_the_others(server: OddServer, http: Http) -> None:
    south = http.part("sul")
    hanging = [asyncio.create_task(send(south, f"{server.url}/mute")) for _ in range(partes.VAGAS)]

    async def all_begun() -> bool:
        return len(server.requests) == partes.VAGAS

    await until(all_begun)
    with pytest.raises(Adiado, match="4 calls under way"):
        await send(south, f"{server.url}/ok")
    await send(south, f"{server.url}/ok", paced=False)
    await send(http.part("norte"), f"{server.url}/ok")

    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    await send(south, f"{server.url}/ok")


async def test_a_question_takes_no_turn_of_the_pace(server: OddServer, http: Http) -> None:
    part = http.part("sul")
    part.limit_to(SlidingWindowRateLimiter(1, 60.0))

    for _ in range(3):
        await send(part, f"{server.url}/ok", paced=False)
    await send(part, f"{server.url}/ok")

    with pytest.raises(Adiado):
        await send(part, f"{server.url}/ok")


async def test_parts_are_bounded_and_no_label(
    server: OddServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partes, "PARTES", 2)
    registry = CollectorRegistry()
    numbers = HubNumbers(registry)
    http = Http("whatsapp", meter=numbers)
    numbers.watch("whatsapp", http.breakers)

    for nome in ("a", "b", "c"):
        await send(http.part(nome), f"{server.url}/ok")
    http.part("b").breaker.open("banned")
    samples = [s for family in registry.collect() for s in family.samples]
    await http.aclose()

    assert http.part("c") is http
    assert {s.labels["hub"] for s in samples} == {"whatsapp"}
    of = {"hub": "whatsapp"}
    assert registry.get_sample_value("hub_circuit_breaker_state", {**of, "state": "open"}) == 1
    assert registry.get_sample_value("hub_circuit_breaker_state", {**of, "state": "closed"}) == 0


async def test_processes_keep_the_pace_of_one_part_together(server: OddServer) -> None:
    count = Contagem(clock=lambda: 0.0)
    one, other = (a_process(count, nome) for nome in ("p1", "p2"))

    await send(one.part("sul"), f"{server.url}/ok")
    with pytest.raises(Adiado, match="destino:whatsapp:sul"):
        await send(other.part("sul"), f"{server.url}/ok")
    await send(other.part("norte"), f"{server.url}/ok")

    await one.aclose()
    await other.aclose()


def a_process(count: Contagem, nome: str) -> HttpPartilhado:
    http = HttpPartilhado(
        "whatsapp", cotas=Cotas(count), disjuntores=Disjuntores(RedisAway(), nome)
    )
    http.partes.on_open(lambda _nome, part: part.limit_to(SlidingWindowRateLimiter(1, 60.0)))
    return http


@pytest.mark.parametrize("closed_again", [False, True])
def test_a_part_that_others_left_alone_is_open_here_from_its_first_call(
    closed_again: bool,
) -> None:
    there, here = (Disjuntores(RedisAway(), nome) for nome in ("p1", "p2"))
    breaker = there.open("whatsapp:sul")
    for _ in range(breaker.failure_threshold):
        breaker.record_failure("banned")
    here.heard(breaker.noticia(de="p1"))
    if closed_again:
        breaker.reset()
        here.heard(breaker.noticia(de="p1"))

    found = here.open("whatsapp:sul")

    assert found.state is (CLOSED if closed_again else OPEN)
    assert here.open("whatsapp:norte").state is CLOSED


def test_who_is_told_of_parts_learns_of_those_before_and_after() -> None:
    http = Http("whatsapp")
    http.part("a")
    seen: list[str] = []

    http.partes.on_open(lambda nome, part: seen.append(f"{nome} {part.name}"))
    http.part("b")
    http.part("a")

    assert seen == ["a whatsapp:a", "b whatsapp:b"]
