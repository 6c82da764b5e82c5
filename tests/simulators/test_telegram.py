"""The stand-in of Telegram refuses what the real one refuses, and errs only when told to."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from ponte.simulators.telegram import TOKEN, SimuladorTelegram, serve


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    simulador = SimuladorTelegram(chats={"1", "@loja"})
    url = await simulador.start()
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        yield client
    await simulador.stop()


async def call(client: httpx2.AsyncClient, method: str, **values: Any) -> dict[str, Any]:
    response = await client.post(f"/bot{TOKEN}/{method}", json=values)
    answer: dict[str, Any] = response.json()
    assert answer.get("error_code", 200) == response.status_code
    return answer


async def order(client: httpx2.AsyncClient, **values: Any) -> int:
    return (await client.post("/_simulador/comportamento", json=values)).status_code


async def test_a_message_is_kept_and_shown(client: httpx2.AsyncClient) -> None:
    answer = await call(
        client, "sendMessage", chat_id=1, text="<b>Oi</b> &amp; tchau", parse_mode="HTML"
    )

    shown = (await client.get("/_simulador/mensagens")).json()["mensagens"]
    assert (answer["ok"], answer["result"]["text"]) == (True, "Oi & tchau")
    assert answer["result"]["chat"]["id"] == 1
    assert [(m["chat_id"], m["text"], m["message_id"]) for m in shown] == [
        ("1", "<b>Oi</b> &amp; tchau", answer["result"]["message_id"])
    ]


async def test_messages_can_be_forgotten(client: httpx2.AsyncClient) -> None:
    await call(client, "sendMessage", chat_id=1, text="oi")

    await client.delete("/_simulador/mensagens")

    assert (await client.get("/_simulador/mensagens")).json() == {"mensagens": []}


async def test_a_form_is_read_as_well(client: httpx2.AsyncClient) -> None:
    response = await client.post(
        f"/bot{TOKEN}/sendMessage", data={"chat_id": "@loja", "text": "oi"}
    )

    result = response.json()["result"]
    assert (result["text"], result["chat"]["id"]) == ("oi", "@loja")


async def test_a_bad_token_is_refused_like_the_real_one_does(client: httpx2.AsyncClient) -> None:
    response = await client.get("/bot1:wrong/getMe")

    assert (response.status_code, response.json()) == (
        401,
        {"ok": False, "error_code": 401, "description": "Unauthorized"},
    )


@pytest.mark.parametrize(
    ("values", "description"),
    [
        ({"text": "oi"}, "chat_id is empty"),
        ({"chat_id": 2, "text": "oi"}, "chat not found"),
        ({"chat_id": 1}, "message text is empty"),
        ({"chat_id": 1, "text": "<b> </b>", "parse_mode": "HTML"}, "message text is empty"),
        ({"chat_id": 1, "text": "x" * 4097}, "message is too long"),
        ({"chat_id": 1, "text": "é" * 4095 + "😀"}, "message is too long"),
        ({"chat_id": 1, "text": "é < b", "parse_mode": "HTML"}, "at byte offset 3"),
        ({"chat_id": 1, "text": "<h1>x</h1>", "parse_mode": "HTML"}, 'start tag "h1"'),
        ({"chat_id": 1, "text": "<b>x", "parse_mode": "HTML"}, "can't parse entities"),
        ({"chat_id": 1, "text": "x</b>", "parse_mode": "HTML"}, "Unmatched end tag"),
    ],
)
async def test_a_message_that_telegram_would_refuse_is_refused(
    client: httpx2.AsyncClient, values: dict[str, Any], description: str
) -> None:
    answer = await call(client, "sendMessage", **values)

    assert (answer["ok"], answer["error_code"]) == (False, 400)
    assert description in answer["description"]


async def test_the_markup_does_not_count_towards_the_length(client: httpx2.AsyncClient) -> None:
    text = "<b>" + "&lt;" * 4096 + "</b>"

    assert (await call(client, "sendMessage", chat_id=1, text=text, parse_mode="HTML"))["ok"]


async def test_an_unknown_method_is_not_found(client: httpx2.AsyncClient) -> None:
    assert (await call(client, "sendPigeon"))["error_code"] == 404


@pytest.mark.parametrize("method", ["getMe", "getUpdates", "getWebhookInfo", "setWebhook"])
async def test_what_a_bot_asks_at_its_start_is_answered(
    client: httpx2.AsyncClient, method: str
) -> None:
    assert (await call(client, method))["ok"] is True


async def test_a_fault_hits_as_many_calls_as_ordered_and_no_more(
    client: httpx2.AsyncClient,
) -> None:
    await order(client, modo="429", vezes=2, segundos=5)

    answers = [await call(client, "getMe") for _ in range(3)]

    assert [a["ok"] for a in answers] == [False, False, True]
    assert answers[0]["parameters"] == {"retry_after": 5}


async def test_faults_come_in_the_order_in_which_they_were_asked_for(
    client: httpx2.AsyncClient,
) -> None:
    await order(client, modo="5xx")
    await order(client, modo="html")

    first, second = [await client.get(f"/bot{TOKEN}/getMe") for _ in range(2)]

    assert (first.status_code, second.status_code) == (502, 200)
    assert "<html>" in second.text


async def test_a_cut_answer_comes_after_the_message_was_kept(client: httpx2.AsyncClient) -> None:
    await order(client, modo="corta")

    with pytest.raises(httpx2.RemoteProtocolError):
        await call(client, "sendMessage", chat_id=1, text="oi")

    assert len((await client.get("/_simulador/mensagens")).json()["mensagens"]) == 1


async def test_a_mute_server_keeps_nothing(client: httpx2.AsyncClient) -> None:
    await order(client, modo="mudo")

    with pytest.raises(httpx2.ReadTimeout):
        await client.post(f"/bot{TOKEN}/sendMessage", json={"chat_id": 1, "text": "a"}, timeout=0.1)

    assert (await client.get("/_simulador/mensagens")).json() == {"mensagens": []}


async def test_normal_forgets_the_faults_to_come(client: httpx2.AsyncClient) -> None:
    await order(client, modo="5xx", vezes=100)

    assert await order(client, modo="normal") == 200

    assert (await call(client, "getMe"))["ok"] is True


@pytest.mark.parametrize("values", [{}, {"modo": "?"}, {"modo": "429", "vezes": 0}, {"vezes": "x"}])
async def test_an_order_that_makes_no_sense_is_refused(
    client: httpx2.AsyncClient, values: dict[str, Any]
) -> None:
    assert await order(client, **values) == 422


async def test_it_serves_until_it_is_cancelled(unused_tcp_port: int) -> None:
    running = asyncio.create_task(serve("127.0.0.1", unused_tcp_port))
    url = f"http://127.0.0.1:{unused_tcp_port}"

    async with httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        for _ in range(100):
            try:
                answer = await client.get(f"/bot{TOKEN}/getMe")
                break
            except httpx2.ConnectError:
                await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        with pytest.raises(httpx2.ConnectError):
            await client.get(f"/bot{TOKEN}/getMe")

    assert answer.json()["result"]["is_bot"] is True
