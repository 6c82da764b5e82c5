"""The shop page over HTTP, against a whole embedded Ponte."""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from ponte.console import assets
from ponte.console.loja import POR_PAGINA
from ponte.testing import Embedded, embedded


@pytest.fixture
async def ponte(tmp_path: Path) -> AsyncIterator[Embedded]:
    async with embedded(tmp_path, papeis=(), rate_limit_anon=1000) as inside:
        yield inside


async def stock(ponte: Embedded, produto_id: str, nome: str, **campos: object) -> None:
    corpo = {"nome": nome, "preco": "25.90", "quantidade": 40, "motivo": "teste"} | campos
    answer = await ponte.http.put(f"/estoque/{produto_id}", json=corpo)
    assert answer.status_code in {200, 201}, answer.text


async def page(ponte: Embedded, address: str = "/") -> str:
    """Return the page as anybody gets it, without a key."""
    transport = httpx2.ASGITransport(app=ponte.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://ponte.test") as anybody:
        answer = await anybody.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return str(answer.text)


def names(html: str) -> list[str]:
    return re.findall(r"<h3>(.*?)</h3>", html)


async def test_anybody_sees_an_empty_shop_without_a_key(ponte: Embedded) -> None:
    assert "Nenhum produto publicado." in await page(ponte)


async def test_an_empty_shop_is_filled_where_its_visitor_reached_it(ponte: Embedded) -> None:
    answer = await ponte.http.get("/", headers={"Host": "localhost:8123"})

    assert "curl -X PUT http://localhost:8123/estoque/ARROZ-5KG" in answer.text
    assert "<code>ponte demo</code>" in answer.text


async def test_a_product_is_on_the_page_once_it_has_stock(ponte: Embedded) -> None:
    await stock(ponte, "CAFE", "Café 500 g", preco="1234.56", quantidade=3, categoria="Mercearia")

    html = await page(ponte)

    assert names(html) == ["Café 500 g"]
    for texto in ("R$ 1.234,56", "Últimas 3", "Mercearia"):
        assert texto in html


@pytest.mark.parametrize("busca", ["FEIJAO", "feijão", "jão car", "carioca feij", "FJ-1"])
async def test_search_finds_by_name_and_sku_whatever_accents_and_case(
    ponte: Embedded, busca: str
) -> None:
    await stock(ponte, "FJ-1", "Feijão carioca 1 kg")
    await stock(ponte, "CAFE", "Café 500 g")

    html = await page(ponte, f"/?busca={busca}")

    assert names(html) == ["Feijão carioca 1 kg"]


@pytest.mark.parametrize("busca", ["%25", "_", "' OR 1=1 --", "%00x", "zzz", "a" * 5000])
async def test_a_strange_search_finds_nothing_and_breaks_nothing(
    ponte: Embedded, busca: str
) -> None:
    await stock(ponte, "CAFE", "Café 500 g")

    answer = await ponte.http.get(f"/?busca={busca}")

    assert answer.status_code in {200, 422}
    assert "Café 500 g" not in answer.text


async def test_a_category_narrows_the_page_and_is_marked(ponte: Embedded) -> None:
    await stock(ponte, "CAFE", "Café 500 g", categoria="Mercearia")
    await stock(ponte, "SUCO", "Suco 1 l", categoria="Bebidas")

    html = await page(ponte, "/?categoria=Bebidas")

    assert names(html) == ["Suco 1 l"]
    assert re.search(r'categoria=Bebidas" aria-current="page"', html)


@pytest.mark.parametrize(
    ("pagina", "shown"),
    [("1", POR_PAGINA), ("2", 3), ("99", 3), ("0", POR_PAGINA), ("x", POR_PAGINA)],
)
async def test_pages_hold_24_and_a_page_past_the_end_is_the_last(
    ponte: Embedded, pagina: str, shown: int
) -> None:
    linhas = "\n".join(f"P-{n},Produto {n:02},1.00,20" for n in range(POR_PAGINA + 3))
    csv = f"produto_id,nome,preco,quantidade\n{linhas}\n"
    answer = await ponte.http.post(
        "/estoque/importar", content=csv, headers={"content-type": "text/csv"}
    )
    assert answer.status_code < 300, answer.text

    html = await page(ponte, f"/?pagina={pagina}")

    assert len(names(html)) == shown
    assert f"{POR_PAGINA + 3} produtos" in html


async def test_what_is_sold_out_comes_after_what_can_be_bought(ponte: Embedded) -> None:
    await stock(ponte, "A", "Abacaxi", quantidade=0)
    await stock(ponte, "B", "Banana")

    assert names(await page(ponte)) == ["Banana", "Abacaxi"]


async def test_names_with_an_accent_stand_beside_their_letter(ponte: Embedded) -> None:
    for n, nome in enumerate(["Óleo", "Batata", "Água", "Ovos"]):
        await stock(ponte, f"P{n}", nome)

    assert names(await page(ponte)) == ["Água", "Batata", "Ovos", "Óleo"]


async def test_a_shop_with_another_filial_alone_is_not_empty(ponte: Embedded) -> None:
    await stock(ponte, "A", "Abacaxi", filial_id="7")

    html = await page(ponte)

    assert names(html) == ["Abacaxi"]
    assert 'data-filial="7"' in html


async def test_the_page_goes_on_where_the_public_stream_is(ponte: Embedded) -> None:
    await stock(ponte, "A", "Abacaxi")

    html = await page(ponte)

    assert f'data-epoca="{ponte.ctx.hub.publica.epoca}"' in html
    seq = re.search(r'data-seq="(\d+)"', html)
    assert seq
    assert int(seq[1]) >= 1


async def test_a_chosen_language_is_kept_for_the_next_visit(ponte: Embedded) -> None:
    first = await ponte.http.get("/?lang=en")
    second = await ponte.http.get("/", headers={"accept-language": "pt-BR"})

    assert '<html lang="en"' in first.text
    assert '<html lang="en"' in second.text


async def test_a_chosen_theme_is_kept_without_javascript(ponte: Embedded) -> None:
    await ponte.http.get("/?tema=escuro")

    assert 'data-tema="escuro"' in (await ponte.http.get("/")).text


async def test_an_unknown_language_or_theme_is_not_kept(ponte: Embedded) -> None:
    answer = await ponte.http.get('/?lang=xx"><script>&tema=xx')

    assert "xx" not in answer.headers.get_list("set-cookie")[0]
    assert 'xx"><script>' not in answer.text


async def test_the_page_is_asked_for_anew_and_the_files_never(ponte: Embedded) -> None:
    shell = await ponte.http.get("/")
    file = await ponte.http.get(assets.url("loja.js"))

    assert shell.headers["cache-control"] == "no-cache"
    assert "immutable" in file.headers["cache-control"]
    assert file.headers["content-type"].startswith("text/javascript")
    assert file.content == (assets.STATIC / "loja.js").read_bytes()


async def test_a_file_asked_for_under_an_older_name_is_not_kept(ponte: Embedded) -> None:
    answer = await ponte.http.get("/static/000000000000/loja.js")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


async def test_pages_and_files_travel_compressed_to_who_takes_it(ponte: Embedded) -> None:
    for address in ("/", assets.url("loja.css")):
        async with ponte.http.stream("GET", address, headers={"accept-encoding": "gzip"}) as answer:
            raw = b"".join([chunk async for chunk in answer.aiter_raw()])

        assert answer.headers["content-encoding"] == "gzip"
        assert len(gzip.decompress(raw)) > len(raw)


@pytest.mark.parametrize(
    "path",
    [
        "%2e%2e/loja.py",
        "..%2f..%2fsettings.py",
        "/etc/passwd",
        "vendor%2f..%2f..%2floja.py",
        "i18n",
        "",
        "nada.js",
        "LOJA.JS",
    ],
)
async def test_nothing_outside_the_static_folder_is_served(ponte: Embedded, path: str) -> None:
    answer = await ponte.http.get(f"/static/{assets.digest()}/{path}")

    assert answer.status_code == 404
    assert "import" not in answer.text


async def test_the_shop_takes_no_orders(ponte: Embedded) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert (await ponte.http.request(method, "/")).status_code == 405


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (b"text/html,application/xhtml+xml,*/*;q=0.8", True),
        (b"application/json", False),
        (b"", False),
    ],
)
async def test_a_person_gets_a_page_in_their_language_where_a_program_gets_json(
    ponte: Embedded, accept: bytes, wanted: bool
) -> None:
    headers = {"Accept": accept.decode(), "Accept-Language": "en"}

    answer = await ponte.http.get("/nada", headers=headers)

    kind = answer.headers["content-type"].partition(";")[0]
    assert answer.status_code == 404
    assert kind == ("text/html" if wanted else "application/problem+json")
    assert ("Page not found" in answer.text) is wanted
    assert answer.headers["x-request-id"] in answer.text


async def test_a_page_that_is_refused_keeps_its_status_and_its_headers(ponte: Embedded) -> None:
    ponte.http.headers["authorization"] = "Bearer wrong"
    visit = {"Accept": "text/html"}

    refused = await ponte.http.get("/pedidos", headers=visit)
    program = await ponte.http.get("/pedidos")
    posted = await ponte.http.post("/pedido", json={}, headers=visit)

    assert (refused.status_code, program.status_code, posted.status_code) == (401, 401, 401)
    assert refused.headers["www-authenticate"] == program.headers["www-authenticate"]
    assert refused.headers["content-type"].startswith("text/html")
    assert "frame-ancestors 'none'" in refused.headers["content-security-policy"]
    assert posted.headers["content-type"] == "application/problem+json"
