"""The shop page as a person has it: in a browser, live, through a crash, by keyboard, by finger."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.visita import (
    ACESSIVEL,
    MEDIR,
    PEQUENOS,
    Loja,
    card,
    is_live,
    notice,
)
from tests.crash.killer import ponte_up

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
COOKIE = {"expires": -1, "httpOnly": False, "secure": False, "sameSite": "Lax"}
PAGES = ("/", "/?busca=produto", "/?busca=zzz", "/?categoria=Bebidas&lang=en", "/?pagina=2")


@pytest.fixture(scope="module")
def loja(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loja]:
    server = ponte_up(tmp_path_factory.mktemp("loja"))
    server.start()
    try:
        loja = Loja(server, browser)
        for n in range(30):
            categoria = "Bebidas" if n % 2 else "Mercearia"
            loja.stock(f"P-{n:02}", 500, categoria=categoria)
        yield loja
    finally:
        server.stop()


def counted(page: Page) -> int:
    """Return how many orders the page says came in since it was opened."""
    found = re.match(r"\d+", page.inner_text("#contagem"))
    return int(found[0]) if found else 0


# ---------------------------------------------------------------- live


def test_an_order_comes_onto_the_page_and_turns_to_invoiced_in_place(
    loja: Loja,
) -> None:
    with loja.visit() as page:
        is_live(page)

        numero = loja.order("P-00", 2)
        page.wait_for_selector(notice(numero))
        page.wait_for_selector(f'{notice(numero)}[data-tipo="concluido"]')

        line = page.inner_text(notice(numero))
        assert f"Pedido #{numero} faturado" in line
        assert "1 item" in line
        assert page.locator(notice(numero)).count() == 1
        assert counted(page) == 1


def test_availability_and_price_change_in_place_and_never_tell_more_than_ten(loja: Loja) -> None:
    loja.stock("P-01", 40, preco="10.00")
    with loja.visit() as page:
        is_live(page)
        produto = page.locator(card("P-01"))

        loja.stock("P-01", 37, preco="1234.56")
        expect(produto).to_contain_text("R$ 1.234,56")
        expect(produto).to_contain_text("Disponível")
        assert "37" not in produto.evaluate("e => e.outerHTML")

        loja.order("P-01", 34)
        expect(produto).to_contain_text("Últimas 3")
        loja.order("P-01", 3)
        expect(produto).to_contain_text("Esgotado")
        assert produto.get_attribute("data-nivel") == "esgotado"
    loja.stock("P-01", 500, preco="25.90")


def test_a_burst_is_counted_to_the_last_order(loja: Loja) -> None:
    with loja.visit() as page:
        is_live(page)

        numeros = [loja.order("P-02") for _ in range(120)]
        page.wait_for_function(
            "() => document.querySelector('#contagem').innerText.startsWith('120 ')"
        )

        assert page.locator("#registro .aviso").count() == 5
        page.wait_for_timeout(1000)
        assert counted(page) == len(set(numeros)) == 120


def test_after_a_crash_and_restart_the_page_comes_back_by_itself_and_missed_nothing(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = ponte_up(tmp_path_factory.mktemp("queda"))
    server.start()
    try:
        loja = Loja(server, browser)
        loja.stock("CAFE", 100)
        with loja.visit() as page:
            is_live(page)
            antes = [loja.order("CAFE") for _ in range(3)]

            server.kill("up")
            page.wait_for_selector('#conexao[data-estado="reconectando"]')
            assert re.search(r"Reconectando… \(\d+ s\)", page.inner_text("#conexao"))
            server.restart("up")
            depois = [loja.order("CAFE", 30) for _ in range(3)]
            is_live(page)

            numeros = {*antes, *depois}
            expect(page.locator("#contagem")).to_contain_text(f"{len(numeros)} pedidos desde")
            for numero in sorted(numeros)[-5:]:
                expect(page.locator(notice(numero))).to_have_count(1)
            expect(page.locator(card("CAFE"))).to_contain_text("Últimas 7")
            page.wait_for_timeout(500)
            assert counted(page) == len(numeros)
    finally:
        server.stop()


def test_a_page_that_outlives_its_shops_data_starts_over_from_what_is_true(
    browser: Browser, tmp_path: Path
) -> None:
    before = ponte_up(tmp_path / "antes")
    after = replace(ponte_up(tmp_path / "depois"), porta=before.porta)
    after.roles[0].command = before.roles[0].command
    try:
        before.start()
        loja = Loja(before, browser)
        loja.stock("CAFE", 50)
        with loja.visit() as page:
            is_live(page)

            before.kill("up")
            after.start()
            loja.stock("CAFE", 2)
            numero = loja.order("CAFE")

            expect(page.locator(card("CAFE"))).to_contain_text("Última unidade", timeout=20_000)
            expect(page.locator(notice(numero))).to_contain_text("faturado")
            is_live(page)
    finally:
        before.stop()
        after.stop()


def test_without_its_server_the_page_says_since_when_and_stays_whole(loja: Loja) -> None:
    with loja.visit() as page:
        is_live(page)

        page.context.set_offline(True)

        page.wait_for_selector('#conexao[data-estado="fora"]')
        assert re.search(r"Sem conexão: atualizado às \d\d:\d\d", page.inner_text("#conexao"))
        assert page.locator(".produto").count() == 24
        page.context.set_offline(False)
        page.wait_for_selector('#conexao[data-estado="vivo"]')


def test_paused_notices_wait_and_come_all_at_once(loja: Loja) -> None:
    with loja.visit() as page:
        is_live(page)
        page.click("#pausar")

        numero = loja.order("P-04")
        page.wait_for_timeout(700)

        assert "Pausado" in page.inner_text("#conexao")
        assert page.locator(notice(numero)).count() == 0
        page.click("#pausar")
        page.wait_for_selector(notice(numero))
        assert "Ao vivo" in page.inner_text("#conexao")


def test_closed_notices_stay_closed_and_can_be_had_again(loja: Loja) -> None:
    with loja.visit() as page:
        is_live(page)
        page.click("#fechar")
        page.reload()
        expect(page.locator("#avisos")).to_be_hidden()

        page.click("#mostrar")

        expect(page.locator("#avisos")).to_be_visible()
        assert page.evaluate("document.activeElement.id") == "pausar"


def test_a_screen_reader_hears_one_sentence_and_not_each_order(loja: Loja) -> None:
    with loja.visit() as page:
        is_live(page)
        page.evaluate(
            "() => { window.dito = []; new MutationObserver(() => dito.push(voz.textContent))"
            ".observe(voz, { childList: true }); }"
        )

        loja.order("P-05")
        page.wait_for_function("() => dito.length === 1")
        for _ in range(4):
            loja.order("P-05")
        page.wait_for_timeout(1500)

        assert page.evaluate("dito.length") == 1
        assert page.get_attribute("#voz", "role") == "status"
        assert page.get_attribute("#registro", "aria-live") == "off"


# ---------------------------------------------------------------- without JavaScript


def test_without_javascript_the_shop_is_searched_turned_and_told_in_english(loja: Loja) -> None:
    total = loja.call("GET", "/estoque?limite=1")["total"]  # another test may have added one
    with loja.visit(java_script_enabled=False) as page:
        assert page.locator(".produto").count() == 24
        assert "Atualizado às" in page.inner_text("#conexao")
        assert not page.locator("#pausar").is_visible()

        page.click("text=Próxima")
        assert page.locator(".produto").count() == total - 24
        page.fill("#busca", "p-07")
        page.press("#busca", "Enter")
        assert page.locator("h3").all_inner_texts() == ["Produto P-07"]
        page.click("text=English")
        assert page.get_attribute("html", "lang") == "en"
        assert "In stock" in page.inner_text(".produto")
        page.click("#tema summary")
        page.click("text=Dark")
        assert page.get_attribute("html", "data-tema") == "escuro"
        assert "busca=p-07" in page.url


# ---------------------------------------------------------------- for everybody


@pytest.mark.parametrize("path", PAGES)
def test_every_page_serves_readers_every_width_and_every_finger(loja: Loja, path: str) -> None:
    with loja.visit(path, **PHONE) as page:
        is_live(page)
        assert page.evaluate(ACESSIVEL) == []
        for width in (320, 360, 640, 768, 1024, 1280):
            page.set_viewport_size({"width": width, "height": 740})
            assert page.evaluate("document.documentElement.scrollWidth") <= width

        page.set_viewport_size({"width": 360, "height": 740})
        page.click("#tema summary")

        assert page.evaluate(PEQUENOS, 44) == []


def test_the_theme_is_chosen_by_keyboard_applies_at_once_and_is_kept(loja: Loja) -> None:
    with loja.visit() as page:
        is_live(page)
        claro = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.focus("#tema summary")
        page.keyboard.press("Enter")
        for _ in range(3):
            page.keyboard.press("Tab")

        page.keyboard.press("Enter")

        escuro = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert escuro != claro
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
        page.reload()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == escuro


def test_escape_closes_the_theme_menu_and_gives_the_focus_back(loja: Loja) -> None:
    with loja.visit() as page:
        is_live(page)
        page.click("#tema summary")

        page.keyboard.press("Escape")

        assert not page.locator(".menu-folha").is_visible()
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_the_system_theme_is_followed_until_one_is_chosen(loja: Loja) -> None:
    with loja.visit(color_scheme="dark") as page:
        escuro = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.click("#tema summary")
        page.click("text=Claro")

        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != escuro


def test_the_first_tab_skips_to_the_products_and_the_focus_is_seen(loja: Loja) -> None:
    with loja.visit() as page:
        page.keyboard.press("Tab")

        box = page.locator(".pular").bounding_box()
        assert box
        assert box["y"] >= 0
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("context", [{}, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("avisos", ["sim", "nao"])
def test_nothing_jumps_while_orders_come_in(
    loja: Loja, context: dict[str, Any], avisos: str
) -> None:
    cookie = {"name": "ponte_avisos", "value": avisos, "domain": "127.0.0.1", "path": "/"}
    with loja.visit(storage_state={"cookies": [COOKIE | cookie]}, **context) as page:
        page.evaluate(MEDIR)
        is_live(page)
        page.wait_for_timeout(300)
        # A page painted while it is still being read may settle once; that is not an order's doing.
        page.evaluate("medidas.saltos.length = 0")

        for _ in range(3):
            page.wait_for_selector(notice(loja.order("P-06")), state="attached")
        page.wait_for_timeout(300)

        assert page.evaluate("medidas.saltos") == []


def test_who_wants_no_motion_gets_none(loja: Loja) -> None:
    with loja.visit(reduced_motion="reduce") as page:
        is_live(page)

        page.wait_for_selector(notice(loja.order("P-08")))

        assert page.evaluate("document.getAnimations().length") == 0


def test_print_leaves_the_products_and_no_controls(loja: Loja) -> None:
    with loja.visit() as page:
        is_live(page)

        page.emulate_media(media="print")

        assert page.locator(".produto").first.is_visible()
        for selector in (".busca", ".categorias", "#avisos", ".paginas", "#tema"):
            assert not page.locator(selector).is_visible(), selector


def test_names_that_look_like_html_are_read_as_text(loja: Loja) -> None:
    nome = "<img src=x onerror=document.title='ai'> & cia"
    loja.stock("HTML", 3, nome=nome, categoria="<b>Gordo</b>")
    with loja.visit("/?busca=html") as page:
        is_live(page)

        assert page.inner_text("h3") == nome
        assert page.locator(".produto img, .categorias b").count() == 0
        assert page.title() != "ai"


def test_a_page_left_open_opens_one_socket(loja: Loja) -> None:
    with loja.visit() as page:
        is_live(page)
        sockets: list[object] = []
        page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108
        page.reload()
        is_live(page)
        began = time.monotonic()
        while time.monotonic() - began < 1.0:
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
            page.wait_for_timeout(100)

        assert len(sockets) == 1
