"""The stand-in of Telegram refuses what the real one refuses, and errs only when told to."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from ponte.simulators.telegram import CHAT_ID, TOKEN, SimuladorTelegram


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


# ---------------------------------------------------------------- files and buttons


async def test_a_file_is_uploaded_as_a_form_or_named(client: httpx2.AsyncClient) -> None:
    url = f"/bot{TOKEN}/sendPhoto"
    bytes_of = {"photo": ("a.png", b"\x89PNG fake", "image/png")}

    uploaded = await client.post(url, data={"chat_id": "1", "caption": "Café"}, files=bytes_of)
    named = await call(client, "sendPhoto", chat_id=1, photo="https://loja.example/a.png")
    nothing = await call(client, "sendPhoto", chat_id=1)
    nowhere = await call(client, "sendVideo", chat_id=1, video="file:///etc/passwd")
    long = await call(client, "sendPhoto", chat_id=1, photo="AgAC-id", caption="x" * 1025)

    kept = (await client.get("/_simulador/mensagens")).json()["mensagens"]
    assert (uploaded.json()["result"]["caption"], named["ok"]) == ("Café", True)
    assert [m.get("arquivos") for m in kept] == [{"photo": 9}, None]
    assert "there is no photo" in nothing["description"]
    assert "wrong file identifier" in nowhere["description"]
    assert "caption is too long" in long["description"]


@pytest.mark.parametrize("data", ["", "é" * 33])
async def test_a_button_whose_data_is_too_long_or_empty_is_refused(
    client: httpx2.AsyncClient, data: str
) -> None:
    markup = {"inline_keyboard": [[{"text": "Sim", "callback_data": data}]]}

    answer = await call(client, "sendMessage", chat_id=1, text="?", reply_markup=markup)

    assert "BUTTON_DATA_INVALID" in answer["description"]


async def test_a_message_is_edited_once_and_deleted_once(client: httpx2.AsyncClient) -> None:
    sent = (await call(client, "sendMessage", chat_id=1, text="oi"))["result"]["message_id"]

    edits = [
        await call(client, "editMessageText", chat_id=1, message_id=sent, text="tchau")
        for _ in range(2)
    ]
    deletions = [await call(client, "deleteMessage", chat_id=1, message_id=sent) for _ in range(2)]

    assert [e["ok"] for e in edits] == [True, False]
    assert "not modified" in edits[1]["description"]
    assert [d["ok"] for d in deletions] == [True, False]


# ---------------------------------------------------------------- what happened


async def post(client: httpx2.AsyncClient, path: str, **values: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.post(f"/_simulador/{path}", json=values)).json()
    return answer


async def test_what_people_do_waits_until_it_is_confirmed(client: httpx2.AsyncClient) -> None:
    await post(client, "escrever", chat_id=CHAT_ID, texto="um")
    await post(client, "escrever", chat_id=CHAT_ID, texto="dois")

    first = (await call(client, "getUpdates", limit=1))["result"]
    again = (await call(client, "getUpdates"))["result"]
    rest = (await call(client, "getUpdates", offset=first[0]["update_id"] + 1))["result"]

    assert [u["message"]["text"] for u in again] == ["um", "dois"]
    assert [u["message"]["text"] for u in rest] == ["dois"]


async def test_who_asks_second_ends_the_first(client: httpx2.AsyncClient) -> None:
    first = asyncio.create_task(call(client, "getUpdates", timeout=30))

    second = await call(client, "getUpdates")
    while not first.done():  # it may not have begun to wait before
        second = await call(client, "getUpdates", timeout=0)

    assert second["ok"] is True
    assert "terminated by other getUpdates" in (await first)["description"]


async def test_with_a_webhook_nobody_may_ask(client: httpx2.AsyncClient) -> None:
    url = "https://loja.example/webhooks/telegram"

    plain = await call(client, "setWebhook", url="http://loja.example/x")
    await call(client, "setWebhook", url=url, secret_token="s")
    asked = await call(client, "getUpdates")
    info = (await call(client, "getWebhookInfo"))["result"]
    await call(client, "deleteWebhook")

    assert "HTTPS URL" in plain["description"]
    assert (asked["error_code"], "webhook is active" in asked["description"]) == (409, True)
    assert (info["url"], info["pending_update_count"]) == (url, 0)
    assert (await call(client, "getUpdates"))["ok"] is True


async def test_a_button_is_pressed_and_answered(client: httpx2.AsyncClient) -> None:
    markup = {"inline_keyboard": [[{"text": "Sim", "callback_data": "s"}]]}
    sent = await call(client, "sendMessage", chat_id=1, text="?", reply_markup=markup)

    missing = await post(client, "apertar", chat_id="1", message_id=99, opcao="Sim")
    query = await post(
        client, "apertar", chat_id="1", message_id=sent["result"]["message_id"], opcao="Sim"
    )
    [update] = (await call(client, "getUpdates"))["result"]
    answers = [
        await call(client, "answerCallbackQuery", callback_query_id=i)
        for i in (query["callback_query_id"], "0")
    ]

    assert "has no button" in missing["erro"]
    assert update["callback_query"]["data"] == "s"
    assert [a["ok"] for a in answers] == [True, False]
    assert "query is too old" in answers[1]["description"]
