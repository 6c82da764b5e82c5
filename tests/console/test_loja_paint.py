"""What a visitor sees while the page is still being read: little comes first, nothing jumps."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.console.visita import CORTAR, Loja, is_live
from tests.crash.killer import ponte_up

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

WIDTHS = (320, 360, 640, 768, 960, 1024, 1280, 1600)
LONGO = "Produto com um nome que toma quatro linhas de um cartão e mais meia"


@pytest.fixture(scope="module")
def loja(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loja]:
    server = ponte_up(tmp_path_factory.mktemp("pintura"))
    server.start()
    try:
        loja = Loja(server, browser)
        for n in range(26):
            categoria = f"Seção {n}" if n < 10 else None
            nome = LONGO if n % 5 == 4 else f"Produto {n:02}"
            loja.stock(f"P-{n:02}", n, nome=nome, categoria=categoria)
        loja.order("P-25")
        yield loja
    finally:
        server.stop()


@pytest.mark.parametrize("path", ["/", "/?lang=en", "/?busca=zzz"])
def test_nothing_stands_elsewhere_once_more_of_the_page_is_read(loja: Loja, path: str) -> None:
    cut = {}
    with loja.visit("about:blank") as page:
        # What the module changes is no matter of reading, and it misses what is cut away.
        page.route("**/loja.js", lambda route: route.fulfill(content_type="text/javascript"))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{loja.url}{path}")
            cut[width] = page.evaluate(CORTAR)

        page.goto("about:blank")

    assert cut == {width: {"restam": 0, "saltos": []} for width in WIDTHS}


def test_before_the_first_paint_comes_one_small_stylesheet(loja: Loja) -> None:
    with loja.visit() as page:
        is_live(page)

        blocking = page.evaluate(
            "() => performance.getEntriesByType('resource')"
            ".filter((e) => e.renderBlockingStatus === 'blocking')"
            ".map((e) => [e.name.split('/').at(-1), e.encodedBodySize])"
        )
        document = page.evaluate("performance.getEntriesByType('navigation')[0].encodedBodySize")

    assert [name for name, _ in blocking] == ["loja.css"]
    # Ten segments, what a server may send before it hears back (RFC 6928), hold each of them.
    assert 0 < max(document, blocking[0][1]) < 14_600
