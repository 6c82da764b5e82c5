"""The shop page as a document: what it says, to whom, and that nothing in it can do harm."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest

from ponte.console.figuras import figura
from ponte.console.idiomas import Idioma, money, negotiate_idioma, negotiate_tema
from ponte.console.loja import (
    POR_PAGINA,
    Aparencia,
    Filtros,
    PedidoRecente,
    ProdutoNaVitrine,
    Vitrine,
    availability,
    last_page,
    link,
    page_numbers,
    picture_src,
    render_erro,
    render_vitrine,
)

AGORA = datetime(2026, 11, 22, 17, 3, 21, tzinfo=UTC).astimezone(ZoneInfo("America/Sao_Paulo"))
PORTUGUES, INGLES = Aparencia("pt-BR"), Aparencia("en")


def produto(nome: str = "Arroz 5 kg", **mudancas: object) -> ProdutoNaVitrine:
    campos: dict[str, object] = {
        "produto_id": "ARROZ-5KG",
        "nome": nome,
        "preco_centavos": 2590,
        "categoria": "Mercearia",
        "imagem_url": None,
        "disponivel": 40,
    } | mudancas
    return ProdutoNaVitrine(**campos)  # type: ignore[arg-type]


def vitrine(*produtos: ProdutoNaVitrine, **mudancas: object) -> Vitrine:
    campos: dict[str, object] = {
        "gerada_em": AGORA,
        "total": len(produtos),
        "categorias": ["Bebidas", "Mercearia"],
        "epoca": "E1p",
        "seq": 42,
    } | mudancas
    return Vitrine(produtos, **campos)  # type: ignore[arg-type]


class Pagina(HTMLParser):
    """Every start tag with its attributes, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]


def json_of(html: str, tipo: str) -> object:
    found = re.search(rf'<script type="{re.escape(tipo)}"[^>]*>(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_a_product_shows_name_category_price_and_availability_in_words() -> None:
    html = render_vitrine(vitrine(produto(preco_centavos=123456)), aparencia=PORTUGUES)

    for texto in ("Arroz 5 kg", "Mercearia", "R$ 1.234,56", "Disponível"):
        assert texto in html


@pytest.mark.parametrize(
    ("disponivel", "portugues", "ingles"),
    [
        (0, "Esgotado", "Sold out"),
        (1, "Última unidade", "Last one"),
        (2, "Últimas 2", "Only 2 left"),
        (10, "Últimas 10", "Only 10 left"),
        (11, "Disponível", "In stock"),
        (5000, "Disponível", "In stock"),
    ],
)
def test_availability_is_a_word_and_the_count_only_up_to_ten(
    disponivel: int, portugues: str, ingles: str
) -> None:
    assert availability(disponivel, "pt-BR").texto == portugues
    assert availability(disponivel, "en").texto == ingles


def test_a_count_above_ten_stands_nowhere_in_the_page() -> None:
    many = render_vitrine(vitrine(produto(disponivel=7319)), aparencia=PORTUGUES)
    more = render_vitrine(vitrine(produto(disponivel=88412)), aparencia=PORTUGUES)

    assert "7319" not in many
    assert many == more


def test_names_from_other_systems_are_text_and_nothing_else() -> None:
    nome = """<img src=x onerror=alert(1)>"'</script><script>alert(2)</script>{{ 7 * 7 }}"""
    hostil = produto(nome, produto_id='"><b>', categoria=nome, imagem_url=None)

    html = render_vitrine(
        vitrine(hostil, categorias=[nome], filtros=Filtros(nome, nome)), aparencia=PORTUGUES
    )

    pagina = Pagina(html)
    assert not pagina.all("img")
    assert not pagina.all("b") or all("aviso-pedido" in b.get("class", "") for b in pagina.all("b"))
    assert [s.get("type") for s in pagina.all("script")] == [
        "module",
        "application/ld+json",
        "application/json",
    ]
    assert "{{ 7 * 7 }}" in html
    assert json_of(html, "application/ld+json")["itemListElement"][0]["item"]["name"] == nome  # type: ignore[index]


def test_the_page_needs_nothing_that_its_content_policy_refuses() -> None:
    html = render_vitrine(
        vitrine(produto(), pedidos=[PedidoRecente(7, "pedido.recebido", 2, AGORA)]),
        aparencia=PORTUGUES,
    )

    pagina = Pagina(html)
    assert not pagina.all("style")
    for tag, attrs in pagina.tags:
        assert "style" not in attrs, tag
        assert not [name for name in attrs if name.startswith("on")], tag
        for name in ("src", "href"):
            assert attrs.get(name, "/").startswith(("/", "#")), attrs


@pytest.mark.parametrize(
    ("url", "src"),
    [
        ("/imagens/arroz.png", "/imagens/arroz.png"),
        ("data:image/png;base64,AAAA", "data:image/png;base64,AAAA"),
        ("https://cdn.test/arroz.png", None),
        ("//cdn.test/arroz.png", None),
        ("/\\cdn.test/arroz.png", None),
        ("javascript:alert(1)", None),
        ("data:text/html,<script>", None),
        ("", None),
        (None, None),
    ],
)
def test_a_picture_is_shown_only_from_this_server_or_inline(
    url: str | None, src: str | None
) -> None:
    assert picture_src(url) == src


def test_every_picture_says_what_it_shows() -> None:
    html = render_vitrine(
        vitrine(produto("Café 500 g"), produto("Leite 1 l", imagem_url="/img/leite.png")),
        aparencia=PORTUGUES,
    )

    pagina = Pagina(html)
    assert [svg["aria-label"] for svg in pagina.all("svg") if svg.get("role") == "img"] == [
        "Ilustração de Café 500 g"
    ]
    assert [img["alt"] for img in pagina.all("img")] == ["Leite 1 l"]
    assert all(img["width"] and img["height"] for img in pagina.all("img"))


def test_search_engines_read_price_and_availability() -> None:
    html = render_vitrine(
        vitrine(produto(disponivel=0), produto(disponivel=3, preco_centavos=5), pagina=2, total=30),
        aparencia=PORTUGUES,
    )

    lista = json_of(html, "application/ld+json")
    assert isinstance(lista, dict)
    first, second = lista["itemListElement"]
    assert first["position"] == POR_PAGINA + 1
    assert first["item"]["offers"] == {
        "@type": "Offer",
        "price": "25.90",
        "priceCurrency": "BRL",
        "availability": "https://schema.org/OutOfStock",
    }
    assert second["item"]["offers"]["availability"] == "https://schema.org/LimitedAvailability"
    assert second["item"]["offers"]["price"] == "0.05"


def test_the_page_carries_the_place_in_the_stream_that_it_is_true_at() -> None:
    html = render_vitrine(vitrine(produto()), aparencia=PORTUGUES)

    corpo = Pagina(html).all("body")[0]
    assert (corpo["data-epoca"], corpo["data-seq"], corpo["data-filial"]) == ("E1p", "42", "1")
    assert "Atualizado às 14:03" in html


def test_recent_orders_show_number_situation_items_and_hour_and_no_more_than_five() -> None:
    pedidos = [PedidoRecente(1042 - n, "pedido.concluido", 2, AGORA) for n in range(7)]

    html = render_vitrine(vitrine(produto(), pedidos=pedidos), aparencia=PORTUGUES)

    assert "Pedido #1042" in html
    assert "faturado" in html
    assert "2 itens" in html
    assert "Pedido #1038" in html
    assert "Pedido #1037" not in html


def test_an_empty_shop_says_so_and_how_to_fill_it() -> None:
    html = render_vitrine(vitrine(categorias=[]), aparencia=PORTUGUES)

    assert "Nenhum produto publicado." in html
    assert "ponte estoque import" in html
    assert "curl -X PUT" in html


def test_a_search_without_result_is_not_an_empty_shop() -> None:
    html = render_vitrine(vitrine(filtros=Filtros("xyz")), aparencia=PORTUGUES)

    assert "Nenhum produto publicado." not in html
    assert "Nada encontrado" in html
    assert "Limpar filtros" in html


def test_pages_are_linked_with_the_filters_that_are_on() -> None:
    filtros = Filtros("pão & cia", "Padaria")

    html = render_vitrine(
        vitrine(produto(), filtros=filtros, total=POR_PAGINA * 3, pagina=2), aparencia=PORTUGUES
    )

    hrefs = [a.get("href") for a in Pagina(html).all("a")]
    assert "/?busca=p%C3%A3o+%26+cia&categoria=Padaria" in hrefs
    assert "/?busca=p%C3%A3o+%26+cia&categoria=Padaria&pagina=3" in hrefs


def test_links_leave_out_what_is_not_chosen() -> None:
    assert link(Filtros()) == "/"
    assert link(Filtros(), pagina=1) == "/"
    assert link(Filtros("1"), pagina=2) == "/?busca=1&pagina=2"


@pytest.mark.parametrize(
    ("pagina", "ultima", "numeros"),
    [
        (1, 1, [1]),
        (1, 3, [1, 2, 3]),
        (2, 5, [1, 2, 3, 4, 5]),
        (5, 9, [1, None, 4, 5, 6, None, 9]),
        (9, 9, [1, None, 8, 9]),
    ],
)
def test_page_numbers_leave_gaps_only_where_two_or_more_are_missing(
    pagina: int, ultima: int, numeros: list[int | None]
) -> None:
    assert page_numbers(pagina, ultima) == numeros


def test_an_empty_shop_has_one_page() -> None:
    assert [last_page(n) for n in (0, 1, POR_PAGINA, POR_PAGINA + 1)] == [1, 1, 1, 2]


@pytest.mark.parametrize(
    ("lang", "cookie", "accept", "idioma"),
    [
        (None, None, None, "pt-BR"),
        ("en", "pt-BR", "pt-BR", "en"),
        (None, "en", "pt-BR", "en"),
        (None, None, "en-US,en;q=0.9", "en"),
        (None, None, "fr, en;q=0.5, pt;q=0.7", "pt-BR"),
        (None, None, "pt-PT", "pt-BR"),
        (None, None, "en;q=0, de", "pt-BR"),
        ("xx", "??", "en", "en"),
        ("pt_BR", None, "en", "pt-BR"),
        (None, None, ";;;q=x,,en;q=nan", "pt-BR"),
        (None, None, "de; q=0.9, en; q=0.1", "en"),
    ],
)
def test_language_is_the_address_then_the_saved_one_then_the_browsers(
    lang: str | None, cookie: str | None, accept: str | None, idioma: Idioma
) -> None:
    assert negotiate_idioma(lang, cookie=cookie, accept=accept) == idioma


def test_the_installations_language_decides_when_nothing_else_does() -> None:
    assert negotiate_idioma(None, cookie=None, accept="fr", padrao="en") == "en"


def test_theme_is_the_address_then_the_saved_one_then_the_systems() -> None:
    assert negotiate_tema("escuro", cookie="claro") == "escuro"
    assert negotiate_tema("preto", cookie="claro") == "claro"
    assert negotiate_tema(None, cookie='"><script>') == "sistema"


def test_the_page_declares_language_and_theme() -> None:
    html = render_vitrine(vitrine(produto()), aparencia=Aparencia("en", "escuro"))

    raiz = Pagina(html).all("html")[0]
    assert (raiz["lang"], raiz["data-tema"]) == ("en", "escuro")
    assert "In stock" in html
    assert "Disponível" not in html


def test_closed_order_notices_stay_closed() -> None:
    html = render_vitrine(vitrine(produto()), aparencia=Aparencia(avisos=False))

    avisos = next(a for a in Pagina(html).all("section") if a.get("id") == "avisos")
    assert "hidden" in avisos


@pytest.mark.parametrize(("aparencia", "titulo"), [(PORTUGUES, "Página não"), (INGLES, "Page not")])
def test_a_missing_page_has_words_of_its_own(aparencia: Aparencia, titulo: str) -> None:
    html = render_erro(404, aparencia=aparencia, identificacao="0193-<b>")

    assert titulo in html
    assert "404" in html
    assert "0193-&lt;b&gt;" in html


def test_any_other_failure_still_has_a_page() -> None:
    assert "Não foi possível abrir a página" in render_erro(418, aparencia=PORTUGUES)


@pytest.mark.parametrize(
    ("centavos", "portugues", "ingles"),
    [
        (0, "R$ 0,00", "R$ 0.00"),
        (5, "R$ 0,05", "R$ 0.05"),
        (123456, "R$ 1.234,56", "R$ 1,234.56"),
        (99999999999, "R$ 999.999.999,99", "R$ 999,999,999.99"),
    ],
)
def test_money_reads_as_people_write_it(centavos: int, portugues: str, ingles: str) -> None:
    assert money(centavos, "pt-BR") == portugues
    assert money(centavos, "en") == ingles


@pytest.mark.parametrize(
    ("nome", "categoria", "desenho"),
    [
        ("Manteiga com sal 200 g", "Laticínios", "pote"),
        ("CAFÉ TORRADO", None, "cafe"),
        ("Coisa nova", "Bebidas", "garrafa"),
        ("Coisa nova", None, "caixa"),
        ("", "", "caixa"),
    ],
)
def test_a_product_without_picture_gets_the_drawing_its_first_words_name(
    nome: str, categoria: str | None, desenho: str
) -> None:
    assert figura(nome, categoria).desenho == desenho
