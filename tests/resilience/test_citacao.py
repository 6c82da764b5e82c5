"""What the outside quotes of a secret is taken out; what an answer is read for stays."""

import pytest

from ponte.resilience.citacao import MAX_LIDO, without
from ponte.resilience.exchange import Request

SEGREDO = "obviously-fake-secret-0001"


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "http://x.test/a", headers={"Authorization": f"Bearer {SEGREDO}"}),
        Request("GET", "http://x.test/a", headers={"apikey": SEGREDO}),
        Request("GET", "http://x.test/a", headers={"api_access_token": SEGREDO}),
        Request("GET", f"http://x.test/bot123456789:{SEGREDO}/getMe"),
        Request("GET", f"http://x.test/a?access_token={SEGREDO}"),
        Request("POST", "http://x.test/a", json={"app": {"client_secret": SEGREDO}}),
        Request("POST", "http://x.test/a", content=f"client_secret={SEGREDO}&x=1".encode()),
    ],
    ids=["scheme", "header", "named header", "path", "query", "json", "form"],
)
@pytest.mark.parametrize("body", ["bad token %s", '{"error": {"message": "Malformed %s."}}'])
def test_a_secret_that_is_quoted_is_taken_out(request_: Request, body: str) -> None:
    said = without((body % SEGREDO).encode(), request_, status=401)

    assert said.decode() == body % "[redacted]"


def test_what_an_answer_is_read_for_stays() -> None:
    request = Request(
        "POST",
        "http://x.test/message/sendText/uma-instancia-de-nome-longo/100000000000001",
        json={"text": "uma mensagem que alguém escreveu", "author": "Ana da Silva", "key": "x"},
        headers={"Content-Type": "application/json", "apikey": "short"},
    )
    body = (
        b'{"instance": "uma-instancia-de-nome-longo", "id": "100000000000001", "key": "x",'
        b' "text": "uma mensagem que algu\xc3\xa9m escreveu", "author": "Ana da Silva"}'
    )

    assert without(body, request, status=200) is body


@pytest.mark.parametrize(
    "request_",
    [
        Request("POST", "http://x.test/token", json={"refresh_token": SEGREDO}),
        Request("POST", "http://x.test/token", content=f"refresh_token={SEGREDO}".encode()),
        Request("GET", "http://x.test/token", headers={"Authorization": f"Bearer {SEGREDO}"}),
    ],
    ids=["json", "form", "header"],
)
def test_a_token_that_is_granted_once_more_stays_and_a_quoted_one_does_not(
    request_: Request,
) -> None:
    granted = b'{"refresh_token":"%s","next":"%s1","message":"%s is old, not \\"%s\\""}'
    segredo, oculto = SEGREDO.encode(), b"[redacted]"

    said = without(granted % ((segredo,) * 4), request_, status=200)

    assert said == granted % (segredo, segredo, oculto, oculto)


def test_a_large_answer_is_not_searched() -> None:
    request = Request("GET", "http://x.test/a", headers={"apikey": SEGREDO})
    body = SEGREDO.encode() + b"x" * MAX_LIDO

    assert without(body, request, status=401) is body
