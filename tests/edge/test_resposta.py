"""What no route sees, and what every answer carries."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ponte.edge import CSP
from ponte.testing import Embedded
from tests.edge.conftest import problem, running

MIB = 1024 * 1024


# ---------------------------------------------------------------- size and time


def numbers(porta: Embedded) -> str:
    return porta.ctx.telemetry.exposition().decode()


async def test_a_body_of_one_mebibyte_is_read_and_one_byte_more_is_not(porta: Embedded) -> None:
    whole = await porta.http.post("/planted/size", content=b"x" * MIB)
    more = await porta.http.post("/planted/size", content=b"x" * (MIB + 1))

    assert (whole.status_code, whole.text) == (200, str(MIB))
    assert problem(more) == (413, "corpo_grande")
    assert "connection" not in more.headers  # the sender is to read this
    assert 'ponte_limited_total{limite="corpo_grande"} 1.0' in numbers(porta)


async def test_a_body_far_too_big_is_cut_off(porta: Embedded) -> None:
    headers = {"Content-Length": str(129 * MIB)}

    answer = await porta.http.post("/planted/size", content=b"x", headers=headers)

    assert problem(answer) == (413, "corpo_grande")
    assert answer.headers["connection"] == "close"


async def test_a_body_that_says_it_is_too_big_is_not_read(porta: Embedded) -> None:
    async def receive() -> dict[str, Any]:
        raise AssertionError("it was read")

    status = await raw_post(porta, receive, [(b"content-length", str(MIB + 1).encode())])

    assert status == 413


async def test_a_body_without_a_length_is_counted_and_left_where_it_is_too_big(
    porta: Embedded,
) -> None:
    read = 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += MIB // 4
        return {"type": "http.request", "body": b"x" * (MIB // 4), "more_body": True}

    status = await raw_post(porta, receive, [(b"transfer-encoding", b"chunked")])

    assert status == 413
    assert read == MIB + MIB // 4


async def raw_post(porta: Embedded, receive: Any, headers: list[tuple[bytes, bytes]]) -> int | None:
    status = None

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    scope = {
        "type": "http", "method": "POST", "path": "/planted/size", "raw_path": b"/planted/size",
        "query_string": b"", "headers": [(b"host", b"ponte.test"), *headers],
        "client": ("203.0.113.7", 1), "scheme": "http", "root_path": "", "http_version": "1.1",
    }  # fmt: skip
    await porta.app(scope, receive, send)
    return status


async def test_a_length_that_is_none_is_too_big(porta: Embedded) -> None:
    async def receive() -> dict[str, Any]:
        raise AssertionError("it was read")

    lengths = (b"-1", b"1e9", b"abc", b"+5", b"99999999999999999999999")
    statuses = [await raw_post(porta, receive, [(b"content-length", n)]) for n in lengths]

    assert statuses == [413] * 5


async def test_a_client_that_goes_away_is_nobodys_error(porta: Embedded) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    status = await raw_post(porta, receive, [(b"content-length", b"5")])

    assert status is None
    assert 'rota="/planted/size",status="499"' in numbers(porta)


async def test_a_request_has_its_time_and_then_an_answer(data_dir: Path) -> None:
    async with running(data_dir, limites={"requisicao_s": 0.2}) as porta:
        cut = await porta.http.get("/planted/slow")
        waited = await porta.http.get("/planted/slow?aguardar=true")
        quick = await porta.http.get("/planted/things/a")

    assert problem(cut) == (503, "tempo_esgotado")
    assert cut.headers["retry-after"] == "1"
    assert (waited.status_code, quick.status_code) == (200, 200)


async def test_many_requests_share_one_clock(data_dir: Path) -> None:
    async with running(data_dir, limites={"requisicao_s": 2.0}) as porta:
        loop = asyncio.get_running_loop()
        began = loop.time()
        answers = await asyncio.gather(
            *(porta.http.get("/planted/stuck") for _ in range(20)),
            *(porta.http.get("/planted/things/a") for _ in range(20)),
        )

        assert [a.status_code for a in answers] == [503] * 20 + [200] * 20
        assert loop.time() - began < 20  # one after the other they would take 40
        assert vars(porta.app)["edge"]._deadlines._ends == {}


async def test_a_request_that_is_cancelled_from_outside_stays_cancelled(porta: Embedded) -> None:
    task = asyncio.create_task(porta.http.get("/planted/stuck"))
    await asyncio.sleep(0.05)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


# ---------------------------------------------------------------- answers


async def test_every_answer_carries_the_policies(porta: Embedded) -> None:
    paths = ("/", "/estoque", "/nada", "/pedidos", "/docs", "/planted/full")

    for answer in [await porta.http.get(path) for path in paths]:
        assert answer.headers.get_list("content-security-policy") == [CSP]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert "unsafe" not in CSP
    assert "frame-ancestors 'none'" in CSP


async def test_an_unexpected_error_says_its_id_and_nothing_else(porta: Embedded) -> None:
    transport = httpx2.ASGITransport(app=porta.app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://ponte.test") as client:
        answer = await client.get("/planted/bug")
    with pytest.raises(ValueError, match="cpf"):
        await porta.http.get("/planted/bug")  # the server gets it too, to log its traceback

    assert problem(answer) == (500, "erro_interno")
    for word in ("ValueError", "529", "passwd", "Traceback", "test_edge"):
        assert word not in answer.text


async def test_a_database_that_cannot_store_asks_to_come_back(porta: Embedded) -> None:
    answer = await porta.http.get("/planted/full")

    assert problem(answer) == (503, "armazenamento_indisponivel")
    assert answer.headers["retry-after"] == "1"


async def test_what_is_not_there_is_a_problem_too(porta: Embedded) -> None:
    missing = await porta.http.get("/planted/nothing")
    wrong = await porta.http.delete("/planted/things/a")
    options = await porta.http.options("/planted/things/a")

    assert problem(missing) == (404, "nao_encontrado")
    assert problem(wrong) == problem(options) == (405, "metodo_nao_permitido")
    assert wrong.headers["allow"] == "GET, PUT"


async def test_head_is_get_without_the_body(porta: Embedded) -> None:
    answer = await porta.http.head("/health/live")

    assert (answer.status_code, answer.headers["content-length"]) == (200, "15")


async def test_wrong_parameters_are_named(porta: Embedded) -> None:
    answer = await porta.http.get("/pedidos?limite=501&pular=-1&status=pago")

    assert problem(answer) == (422, "dados_invalidos")
    assert {e["campo"] for e in answer.json()["errors"]} == {"limite", "pular", "status"}


@pytest.mark.parametrize("path", ["/planted/things/a%00b", "/pedidos?busca=%00"])
async def test_a_nul_character_in_the_address_goes_no_further(porta: Embedded, path: str) -> None:
    answer = await porta.http.get(path)

    assert problem(answer) == (422, "dados_invalidos")


async def test_numbers_name_routes_and_never_what_a_caller_wrote(porta: Embedded) -> None:
    for n in range(5):
        await porta.http.get(f"/planted/things/secret-{n}")
        await porta.http.get(f"/nothing/secret-{n}")
        await porta.http.request(f"SECRET{n}", "/planted/things/a")

    text = numbers(porta)
    lines = [x for x in text.splitlines() if x.startswith("ponte_http_requests_total")]
    assert "secret" not in text.lower()
    assert [x.partition(" ")[2] for x in lines] == ["5.0", "5.0", "5.0"]
    assert any('metodo="OUTRO"' in x and 'rota="/planted/things/{thing}"' in x for x in lines)


async def test_a_parameter_given_twice_is_refused_but_where_others_write_the_address(
    ponte: Embedded,
) -> None:
    twice = await ponte.http.get("/pedidos?busca=a&busca=b")
    shop = await ponte.http.get("/?busca=a&busca=b")

    assert (twice.status_code, twice.json()["errors"][0]["campo"]) == (422, "busca")
    assert shop.status_code == 200
