"""A visitor of the shop page: one tab, and everything that went wrong in it."""

import contextlib
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, Page

from tests.crash.killer import API_KEY, Server
from tests.crash.wire import Wire

# What a page must have for people who don't see it, each with what is wrong where it has not.
ACESSIVEL = """() => {
  const erros = [];
  const shown = (e) => e.checkVisibility({ visibilityProperty: true });
  const all = (s) => [...document.querySelectorAll(s)];
  const name = (e) => (e.getAttribute("aria-label")
    || (e.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean)
        .map((id) => document.getElementById(id)?.textContent ?? "").join(" ")
    || e.textContent || e.title || "").trim();
  if (!document.documentElement.lang) erros.push("html without lang");
  if (!document.title.trim()) erros.push("no title");
  for (const s of ["header", "main", "footer", "h1"])
    if (all(s).filter(shown).length !== 1) erros.push(`not exactly one ${s}`);
  let before = 0;
  for (const h of all("h1,h2,h3,h4,h5,h6")) {
    const level = Number(h.tagName[1]);
    if (level > before + 1) erros.push(`${h.tagName} after H${before}: ${h.textContent}`);
    before = level;
  }
  const navs = all("nav").filter(shown).map(name);
  if (navs.some((n) => !n) || new Set(navs).size !== navs.length) erros.push(`navs ${navs}`);
  for (const e of all("a[href], button, summary, input:not([type=hidden])").filter(shown)) {
    const labelled = e.matches("input") ? e.labels?.[0]?.textContent.trim() : name(e);
    if (!labelled) erros.push(`no name: ${e.outerHTML.slice(0, 90)}`);
  }
  for (const e of all("img")) if (!e.hasAttribute("alt")) erros.push(`no alt: ${e.src}`);
  for (const e of all("svg"))
    if (e.getAttribute("aria-hidden") !== "true" && !name(e)) erros.push("svg without name");
  for (const e of all("[aria-labelledby]"))
    for (const id of e.getAttribute("aria-labelledby").split(" "))
      if (!document.getElementById(id)) erros.push(`nothing has id ${id}`);
  const ids = all("[id]").map((e) => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) erros.push(`twice: ${id}`);
  for (const e of all("ul, ol"))
    for (const c of e.children) if (c.tagName !== "LI") erros.push(`${c.tagName} in a list`);
  for (const e of all("[tabindex]")) if (e.tabIndex > 0) erros.push("a positive tabindex");
  return erros;
}"""
# Everything that a finger aims at, but for links inside a sentence (WCAG 2.5.8, inline).
PEQUENOS = """(min) => [...document.querySelectorAll("a[href], button, summary, input")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }))
  .filter((e) => !e.closest("p:not(:has(.botao))"))
  .filter((e) => !e.matches(".pular, [type=hidden]"))
  .map((e) => [e, e.getBoundingClientRect()])
  .filter(([, r]) => r.width < min || r.height < min)
  .map(([e, r]) => `${r.width}x${r.height} ${e.outerHTML.slice(0, 80)}`)"""
MEDIR = """() => {
  window.medidas = { saltos: [], lcp: 0 };
  const rect = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(" ");
  const salto = (s) => `${s.node?.className ?? s.node?.textContent}: `
    + `${rect(s.previousRect)} -> ${rect(s.currentRect)}`;
  new PerformanceObserver((l) => medidas.saltos.push(
    ...l.getEntries().flatMap((e) => e.sources.map(salto))))
    .observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((l) => { medidas.lcp = l.getEntries().at(-1).startTime; })
    .observe({ type: "largest-contentful-paint", buffered: true });
}"""
# What stands elsewhere once more of the page is read. A browser paints what it has read so
# far, so the page is cut after each piece, from its end to its beginning; where a box grows, what
# stood before must stay. What comes whole is not cut: a button, a sentence, the short foot.
CORTAR = """() => {
  const INTEIROS = "a, button, summary, p, h1, h2, h3, label, svg, footer";
  const box = (e) => e.getBoundingClientRect();
  const place = (e) => `${Math.round(box(e).x)} ${Math.round(box(e).y)}`;
  const name = (e) => `${e.localName}#${e.id}.${e.className.baseVal ?? e.className}`;
  const seen = (e) => box(e).width > 0 && box(e).height > 0 && box(e).top < innerHeight
    && e.checkVisibility({ visibilityProperty: true });
  const all = [...document.body.querySelectorAll("*")]
    .filter((e) => !e.parentElement.closest("svg"));
  const whole = new Map(all.filter(seen).map((e) => [e, place(e)]));
  const saltos = new Map();
  for (const e of all.reverse()) {
    if (e.parentElement.closest(INTEIROS)) continue;
    for (const gone of [e, ...e.querySelectorAll("*")]) whole.delete(gone);
    e.remove();
    for (const [left, end] of whole) {
      const before = place(left);
      if (seen(left) && before !== end && !saltos.has(name(left)))
        saltos.set(name(left), `${name(left)}: ${before} -> ${end} once ${name(e)} is read`);
    }
  }
  return { restam: document.body.querySelectorAll("*").length, saltos: [...saltos.values()] };
}"""


class Loja:
    """A running Ponte, as its operator and as a visitor see it."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server = server
        self.url = f"http://127.0.0.1:{server.porta}"
        self._browser = browser

    @contextlib.contextmanager
    def visit(self, path: str = "/", **context: Any) -> Iterator[Page]:
        """Open a page in a browser that knows nothing yet; any console error fails the test."""
        context = {"locale": "pt-BR", "viewport": {"width": 1280, "height": 900}} | context
        tab = self._browser.new_context(base_url=self.url, **context)
        page = tab.new_page()
        page.set_default_timeout(30_000)
        erros: list[str] = []
        page.on("console", lambda m: erros.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: erros.append(str(e)))
        try:
            page.goto(path)
            yield page
        finally:
            tab.close()
        # While a server is away Chromium itself reports each try to reach it.
        own = ("WebSocket connection to", "net::ERR_INTERNET_DISCONNECTED")
        assert [e for e in erros if not any(words in e for words in own)] == []

    def call(self, method: str, path: str, body: object = None) -> Any:
        with Wire(self.server.porta, API_KEY) as wire:
            answer = wire.call(method, path, body=body)
        assert answer.ok, answer
        return answer.body

    def stock(self, produto_id: str, quantidade: int, **campos: object) -> None:
        corpo = {"nome": f"Produto {produto_id}", "preco": "25.90", "motivo": "contagem"}
        self.call("PUT", f"/estoque/{produto_id}", corpo | {"quantidade": quantidade} | campos)

    def order(self, produto_id: str, quantidade: int = 1) -> int:
        """Place an order and return its number."""
        item = {"produto_id": produto_id, "quantidade": quantidade}
        return int(self.call("POST", "/pedido", {"itens": [item]})["numero"])


def is_live(page: Page) -> None:
    """Return once the page says that it is live."""
    page.wait_for_selector('#conexao[data-estado="vivo"]')


def card(produto_id: str) -> str:
    return f'[data-produto="{produto_id}"]'


def notice(numero: int) -> str:
    return f'#registro [data-numero="{numero}"]'
