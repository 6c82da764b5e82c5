"""Source: what Ponte asks of Rappi, against a stand-in that misbehaves."""

import asyncio

import pytest
from structlog.testing import capture_logs

from ponte.resilience.classes import Classe, OutsideError
from ponte.simulators.comportamento import Defeito
from ponte.simulators.rappi import SimuladorRappi
from tests.connectors.rappi.conftest import Mesa


def sold(simulador: SimuladorRappi) -> str:
    """Sell one order that the webhook has delivered."""
    pedido = simulador._invent()
    simulador.estado.send(pedido)
    return pedido.id


def misbehave(simulador: SimuladorRappi, modo: str, **fields: object) -> None:
    simulador.estado.comportamento.add(Defeito(modo, **fields))  # type: ignore[arg-type]


def calls(simulador: SimuladorRappi, nome: str) -> int:
    return [x for x, _ in simulador.estado.chamadas].count(nome)


# ---------------------------------------------------------------- token


async def test_twenty_calls_at_once_ask_for_one_token(
    simulador: SimuladorRappi, mesa: Mesa
) -> None:
    source = mesa.source()
    ids = [sold(simulador) for _ in range(20)]

    await asyncio.gather(*(source.take(x, loja=None) for x in ids))

    assert simulador.estado.tokens_pedidos == 1
    assert {simulador.estado.pedidos[x].estado for x in ids} == {"TAKEN"}


async def test_a_token_is_renewed_at_nine_tenths_of_its_life(
    simulador: SimuladorRappi, mesa: Mesa
) -> None:
    simulador.estado.expires_in = 1_000
    source = mesa.source()

    await source.probe()
    mesa.relogio.ms += 899_999
    await source.probe()
    before = simulador.estado.tokens_pedidos
    mesa.relogio.ms += 1
    await source.probe()

    assert (before, simulador.estado.tokens_pedidos) == (1, 2)


async def test_a_restart_goes_on_with_the_stored_token(
    simulador: SimuladorRappi, mesa: Mesa
) -> None:
    await mesa.source().probe()

    await mesa.source().probe()

    assert simulador.estado.tokens_pedidos == 1


async def test_a_401_gets_one_new_token_and_one_repetition(
    simulador: SimuladorRappi, mesa: Mesa
) -> None:
    source = mesa.source()
    await source.probe()
    misbehave(simulador, "token")
    order_id = sold(simulador)

    await source.take(order_id, loja=None)

    assert simulador.estado.tokens_pedidos == 2
    assert calls(simulador, "take") == 2
    assert simulador.estado.pedidos[order_id].estado == "TAKEN"


async def test_twenty_refused_calls_renew_the_token_once(
    simulador: SimuladorRappi, mesa: Mesa
) -> None:
    source = mesa.source()
    await source.probe()
    simulador.estado.tokens.clear()
    ids = [sold(simulador) for _ in range(20)]

    await asyncio.gather(*(source.take(x, loja=None) for x in ids))

    assert simulador.estado.tokens_pedidos == 2


async def test_a_token_that_another_process_renewed_is_taken_over(
    simulador: SimuladorRappi, mesa: Mesa
) -> None:
    mine, other = mesa.source(), mesa.source()
    await mine.probe()
    simulador.estado.tokens.clear()
    mesa.tokens.guardados.clear()
    await other.probe()

    await mine.probe()

    assert simulador.estado.tokens_pedidos == 2


async def test_a_second_401_is_an_auth_error(simulador: SimuladorRappi, mesa: Mesa) -> None:
    misbehave(simulador, "token", onde="take", vezes=2)
    order_id = sold(simulador)

    with pytest.raises(OutsideError) as raised:
        await mesa.source().take(order_id, loja=None)

    assert raised.value.classe is Classe.AUTH
    assert calls(simulador, "take") == 2


@pytest.mark.parametrize(
    "wrong", [{"client_secret": "canary-wrong"}, {"client_id": "nobody"}, {"client_id": None}]
)
async def test_wrong_credentials_are_an_auth_error_without_the_secret(
    mesa: Mesa, wrong: dict[str, object]
) -> None:
    with pytest.raises(OutsideError) as raised:
        await mesa.source(**wrong).take("1", loja=None)

    assert raised.value.classe is Classe.AUTH
    assert not raised.value.retry
    assert "canary" not in str(raised.value)


# ---------------------------------------------------------------- take


async def test_taking_an_order_twice_is_harmless(simulador: SimuladorRappi, mesa: Mesa) -> None:
    source, order_id = mesa.source(), sold(simulador)

    await source.take(order_id, loja=None)
    with capture_logs() as logs:
        await source.take(order_id, loja=None)

    assert simulador.estado.pedidos[order_id].estado == "TAKEN"
    assert [(x["event"], x["estado"]) for x in logs] == [
        ("order past accepting", "taken_visible_order")
    ]


async def test_taking_a_cancelled_order_is_harmless(simulador: SimuladorRappi, mesa: Mesa) -> None:
    order_id = sold(simulador)
    simulador.estado.pedidos[order_id].estado = "CANCELLED"

    await mesa.source().take(order_id, loja=None)

    assert simulador.estado.pedidos[order_id].estado == "CANCELLED"


async def test_an_order_that_rappi_does_not_know_is_final(mesa: Mesa) -> None:
    with pytest.raises(OutsideError) as raised:
        await mesa.source().take("nothing", loja=None)

    assert raised.value.classe is Classe.INVALID_REQUEST


async def test_the_new_routes_take_by_shop(simulador: SimuladorRappi, mesa: Mesa) -> None:
    order_id = sold(simulador)

    await mesa.source(routes="new", stores="30000011/123445=1").take(order_id, loja="123445")

    assert simulador.estado.pedidos[order_id].estado == "TAKEN"
    assert "/stores/30000011/" in simulador.estado.chamadas[-1][1]


@pytest.mark.parametrize("prefix", ["Bearer ", "bearer ", "Bearer: "])
async def test_the_prefix_of_the_token_is_a_setting(mesa: Mesa, prefix: str) -> None:
    await mesa.source(token_prefix=prefix).probe()


@pytest.mark.parametrize(
    ("modo", "classe"),
    [("429", Classe.RATE_LIMITED), ("5xx", Classe.RETRY), ("html", Classe.RETRY)],
)
async def test_a_fault_is_one_try_and_its_class(
    simulador: SimuladorRappi, mesa: Mesa, modo: str, classe: Classe
) -> None:
    order_id = sold(simulador)
    misbehave(simulador, modo, onde="take", segundos=9)

    with pytest.raises(OutsideError) as raised:
        await mesa.source().take(order_id, loja=None)

    assert raised.value.classe is classe
    assert raised.value.retry
    assert raised.value.retry_after_s == (9 if modo == "429" else None)
    assert calls(simulador, "take") == 1
    assert simulador.estado.pedidos[order_id].estado == "SENT"


async def test_a_silent_rappi_is_an_unknown_outcome_that_may_be_tried_again(
    simulador: SimuladorRappi, mesa: Mesa, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ponte.connectors.rappi.source.CALL_TIMEOUT_S", 0.2)
    source, order_id = mesa.source(), sold(simulador)
    misbehave(simulador, "mute", onde="take")

    with pytest.raises(OutsideError) as raised:
        await source.take(order_id, loja=None)
    await source.take(order_id, loja=None)

    assert raised.value.classe is Classe.RETRY
    assert raised.value.unknown_outcome
    assert simulador.estado.pedidos[order_id].estado == "TAKEN"


# ---------------------------------------------------------------- pull


async def test_a_pull_brings_what_the_webhook_missed_and_what_was_just_sent(
    simulador: SimuladorRappi, mesa: Mesa
) -> None:
    missed, sent = simulador._invent().id, sold(simulador)
    source = mesa.source()

    pulled = await source.pull()
    again = await source.pull()

    assert ids_of(source, pulled) == {missed, sent}
    assert ids_of(source, again) == {missed, sent}


def ids_of(source: object, pulled: object) -> set[str]:
    bodies = [(evento, corpo) for evento, corpo in pulled]  # type: ignore[attr-defined]
    parsed = [source.parse(evento, corpo)[0] for evento, corpo in bodies]  # type: ignore[attr-defined]
    assert len(parsed) == len({x.pedido_externo for x in parsed})
    return {x.pedido_externo for x in parsed}


async def test_a_pull_that_fails_hands_out_nothing(simulador: SimuladorRappi, mesa: Mesa) -> None:
    missed = simulador._invent()
    misbehave(simulador, "5xx", onde="orders_sent")

    with pytest.raises(OutsideError):
        await mesa.source().pull()

    assert missed.estado == "READY"


async def test_a_page_instead_of_a_list_may_be_tried_again(
    simulador: SimuladorRappi, mesa: Mesa
) -> None:
    misbehave(simulador, "html", onde="orders")

    with pytest.raises(OutsideError) as raised:
        await mesa.source().pull()

    assert raised.value.classe is Classe.RETRY


async def test_a_pulled_order_keeps_the_bytes_it_was_sent_with(
    simulador: SimuladorRappi, mesa: Mesa
) -> None:
    pedido = simulador._invent()
    pedido.documento["order_detail"]["totals"]["total_order"] = 10.5
    pedido.documento["customer"] = {"first_name": "Zoë, [Ana]"}

    ((_, corpo),) = await mesa.source().pull()

    assert corpo.startswith(b'{"order_detail":{"order_id":')
    assert b'"total_order":10.5,' in corpo
    assert "Zoë, [Ana]".encode() in corpo


# ---------------------------------------------------------------- shops


async def test_products_are_switched_in_calls_of_a_hundred(
    simulador: SimuladorRappi, mesa: Mesa
) -> None:
    off = [f"SKU-{i}" for i in range(150)]
    source = mesa.source(stores="30000011/123445=2")

    await source.switch(loja="30000011", on=[], off=off)
    await source.switch(loja="30000011", on=["SKU-7"], off=[])

    assert calls(simulador, "availability") == 3
    assert simulador.estado.desligados["123445"] == set(off) - {"SKU-7"}
    assert simulador.estado.ligados["123445"] == {"SKU-7"}


def test_a_shop_has_its_filial_by_either_id(mesa_parada: Mesa) -> None:
    source = mesa_parada.source(stores="30000011/123445=2")

    assert source.lojas() == {"30000011": "2"}
    assert source.filial("30000011") == source.filial("123445") == "2"
    assert source.filial("9") is None


async def test_a_deprecation_is_told_once_an_endpoint(
    simulador: SimuladorRappi, mesa: Mesa
) -> None:
    simulador.estado.cabecalhos = {"x-rappi-api-deprecation-date": "2027-01-01"}
    source = mesa.source()

    with capture_logs() as logs:
        await source.probe()
        await source.probe()

    assert [x["rota"] for x in logs if x["event"] == "route will go away"] == ["stores_pa"]
    assert source.deprecated == {"stores_pa": "2027-01-01"}


async def test_no_token_and_no_secret_reaches_a_log_or_an_error(
    simulador: SimuladorRappi, mesa: Mesa, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    source, order_id = mesa.source(), sold(simulador)
    misbehave(simulador, "5xx", onde="orders_sent")

    with capture_logs() as logs:
        await source.take(order_id, loja=None)
        await source.take(order_id, loja=None)
        with pytest.raises(OutsideError) as raised:
            await source.pull()

    (token,) = simulador.estado.tokens
    told = f"{logs} {caplog.text} {raised.value!r} {source._token!r} {source._settings!r}"
    assert "order past accepting" in told
    assert token not in told
    assert simulador.estado.client_secret not in told
