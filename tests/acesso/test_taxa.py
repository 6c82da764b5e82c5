"""Rates and wrong keys: who asks too fast waits, and nobody else does."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from ponte.acesso import taxa, tentativas
from ponte.acesso.taxa import Taxa
from ponte.acesso.tentativas import Tentativas
from ponte.errors import MuitasRequisicoes
from ponte.resilience.limiter import SlidingWindowRateLimiter
from ponte.testing import ADMIN_KEY, Embedded, embedded


@pytest.fixture
async def anybody(porta: Embedded) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without a key, at 203.0.113.7."""
    async with client_at(porta, "203.0.113.7") as client:
        yield client


def client_at(porta: Embedded, address: str) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=porta.app, client=(address, 4711))
    return httpx2.AsyncClient(transport=transport, base_url="http://ponte.test")


async def statuses(porta: Embedded, chave: str, times: int) -> list[int]:
    headers = {"Authorization": f"Bearer {chave}"}
    return [(await porta.http.get("/pedidos", headers=headers)).status_code for _ in range(times)]


async def test_the_thirty_first_anonymous_request_of_a_minute_waits(
    porta: Embedded, anybody: httpx2.AsyncClient
) -> None:
    answers = [await anybody.get("/estoque") for _ in range(31)]
    async with client_at(porta, "203.0.113.8") as neighbour:
        other = await neighbour.get("/estoque")

    assert [a.status_code for a in answers] == [200] * 30 + [429]
    assert answers[-1].json()["code"] == "muitas_requisicoes"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert other.status_code == 200


async def test_health_and_admins_are_never_limited(
    porta: Embedded, anybody: httpx2.AsyncClient
) -> None:
    health = {(await anybody.get("/health/live")).status_code for _ in range(100)}
    admin = {(await porta.http.get("/estoque")).status_code for _ in range(250)}

    assert (health, admin) == ({200}, {200})


async def test_a_key_has_its_own_rate_and_not_its_addresss(data_dir: Path) -> None:
    async with embedded(data_dir, papeis=(), rate_limit_key=10) as porta:
        body = {"nome": "x", "escopos": ["pedidos:ler"]}
        keys = [(await porta.http.post("/chaves", json=body)).json()["chave"] for _ in range(2)]
        # One window for all requests, however slow the machine is.
        porta.app.state.portaria._por_chave._clock = lambda: 1000.0

        first, second = [await statuses(porta, chave, 12) for chave in keys]

    assert first == second == [200] * 10 + [429] * 2


async def test_ten_wrong_keys_close_an_address_to_wrong_keys_for_fifteen_minutes(
    porta: Embedded, anybody: httpx2.AsyncClient
) -> None:
    wrong = {"Authorization": "Bearer pk_wrong"}

    answers = [await anybody.get("/pedidos", headers=wrong) for _ in range(12)]
    right = await anybody.get("/pedidos", headers={"Authorization": f"Bearer {ADMIN_KEY}"})
    async with client_at(porta, "203.0.113.8") as neighbour:
        other = await neighbour.get("/pedidos", headers=wrong)

    assert [a.status_code for a in answers] == [401] * 10 + [429] * 2
    assert 890 <= int(answers[-1].headers["retry-after"]) <= 900
    assert (right.status_code, other.status_code) == (200, 401)


async def test_no_key_is_no_wrong_key(anybody: httpx2.AsyncClient) -> None:
    answers = {(await anybody.get("/pedidos")).status_code for _ in range(40)}

    assert answers == {401}


def test_an_address_is_open_again_after_its_time() -> None:
    agora = 0.0
    contagem = Tentativas(limite=3, bloqueio_s=900, clock=lambda: agora)

    for _ in range(3):
        contagem.fail("a")
    closed = contagem.blocked_s("a")
    agora = 900.0
    opened = contagem.blocked_s("a")

    assert (closed, opened, contagem.blocked_s("b")) == (900, 0, 0)


def test_wrong_keys_far_apart_close_nothing() -> None:
    agora = 0.0
    contagem = Tentativas(limite=3, bloqueio_s=900, clock=lambda: agora)

    for _ in range(5):
        contagem.fail("a")
        agora += 61

    assert contagem.blocked_s("a") == 0


def test_a_flood_of_addresses_costs_no_more_than_its_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tentativas, "MAX_ENDERECOS", 50)
    contagem = Tentativas(limite=10, bloqueio_s=900)
    limites = Taxa(1, 60, nomes=50)

    for n in range(500):
        contagem.fail(f"10.0.{n // 256}.{n % 256}")
        limites.take(f"10.0.{n // 256}.{n % 256}")

    assert len(contagem._contas) == 50
    assert len(limites._limiters) == 50


def test_who_was_not_seen_for_longest_is_forgotten_first() -> None:
    limites = Taxa(1, 60, nomes=2)
    limites.take("a")
    limites.take("b")
    with pytest.raises(MuitasRequisicoes):
        limites.take("a")

    limites.take("c")

    with pytest.raises(MuitasRequisicoes):
        limites.take("a")
    limites.take("b")


def test_one_address_costs_what_the_bound_was_chosen_for() -> None:
    window = SlidingWindowRateLimiter(30, 60)

    assert window._ring.itemsize * len(window._ring) * taxa.MAX_ENDERECOS < 10 * 1024 * 1024
