"""Loja: the shop page as a function of plain data; no web framework and no database here.

The page is read-only and public. Its one rule: a visitor never reads an exact
count above `MOSTRADO_ATE`, neither in the words nor in the markup.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ponte.console import assets, figuras
from ponte.console.idiomas import (
    IDIOMAS,
    TEMAS,
    Idioma,
    Tema,
    catalogue,
    clock,
    decimal,
    money,
    plural,
    text,
)

MOSTRADO_ATE = 10  # chosen: CONSOLE §5, "never exact stock above 10"
POR_PAGINA = 24  # chosen: full rows with 2, 3, 4 and 6 columns
AVISOS = 5  # CONSOLE §5: the newest five orders
CABECAS_LCP = 6  # pictures above the fold of a phone and a desktop; the others load lazily
SCHEMA_ORG = {"ok": "InStock", "poucas": "LimitedAvailability", "esgotado": "OutOfStock"}
TEXTOS_AO_VIVO = (
    "loja.conexao.",
    "loja.contagem.",
    "loja.disp.",
    "loja.itens.",
    "loja.novos.",
    "loja.pedido",
    "loja.situacao.",
    "loja.avisos.",
    "loja.voz.",
)


@dataclass(frozen=True, slots=True)
class ProdutoNaVitrine:
    """What the shop shows of one produto; `imagem_url` is None when it has no picture."""

    produto_id: str
    nome: str
    preco_centavos: int
    categoria: str | None
    imagem_url: str | None
    disponivel: int


@dataclass(frozen=True, slots=True)
class PedidoRecente:
    """One order as anybody may see it; `tipo` is its newest fact."""

    numero: int
    tipo: str
    itens: int
    em: datetime


@dataclass(frozen=True, slots=True)
class Filtros:
    """What the visitor asked for, as it stands in the address."""

    busca: str = ""
    categoria: str = ""


@dataclass(frozen=True, slots=True)
class Aparencia:
    """How the visitor wants the page: language, theme, and whether order notices show."""

    idioma: Idioma = "pt-BR"
    tema: Tema = "sistema"
    avisos: bool = True


@dataclass(frozen=True, slots=True)
class Vitrine:
    """One page of the shop. `epoca` and `seq` say up to which public frame it is true.

    `gerada_em` carries the time zone that hours are shown in. `filial_id` names
    the shop whose counts these are, so that live frames of others are left out.
    `endereco` is where the visitor reached it, for the commands that an empty shop shows.
    """

    produtos: Sequence[ProdutoNaVitrine]
    gerada_em: datetime
    filtros: Filtros = field(default_factory=Filtros)
    total: int = 0
    pagina: int = 1
    categorias: Sequence[str] = ()
    pedidos: Sequence[PedidoRecente] = ()
    epoca: str = ""
    seq: int = 0
    filial_id: str = "1"
    endereco: str = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Disponibilidade:
    """What a visitor reads about a count: a level and the words for it."""

    nivel: str
    texto: str
    mostrado: int


def availability(disponivel: int, idioma: Idioma) -> Disponibilidade:
    """Return the words for a count; above `MOSTRADO_ATE` every count reads alike."""
    if disponivel <= 0:
        return Disponibilidade("esgotado", text(idioma, "loja.disp.esgotado"), 0)
    if disponivel <= MOSTRADO_ATE:
        return Disponibilidade("poucas", plural(idioma, "loja.disp.poucas", disponivel), disponivel)
    return Disponibilidade("ok", text(idioma, "loja.disp.ok"), MOSTRADO_ATE + 1)


def picture_src(imagem_url: str | None) -> str | None:
    """Return the picture's address when the page's policy lets it load, else None.

    `img-src 'self' data:` admits a path of this server and inline images; any
    other address would be a hole in the page and an error in the console.
    """
    url = (imagem_url or "").strip()
    local = url.startswith("/") and not url.startswith(("//", "/\\"))
    return url if local or url.startswith("data:image/") else None


def last_page(total: int) -> int:
    """Return the number of the last page, 1 for an empty shop."""
    return max(1, -(-total // POR_PAGINA))


def page_numbers(pagina: int, ultima: int) -> list[int | None]:
    """Return the pages to link: first, last and neighbours; None stands for a gap."""
    shown = sorted(
        {1, ultima} | {n for n in range(pagina - 1, pagina + 2) if 1 <= n <= ultima},
    )
    numbers: list[int | None] = []
    for before, n in zip([0, *shown], shown, strict=False):
        if n - before == 2:
            numbers.append(n - 1)
        elif n - before > 2:
            numbers.append(None)
        numbers.append(n)
    return numbers


def link(filtros: Filtros, **mudancas: object) -> str:
    """Return the address of the shop with these filters; empty values are left out."""
    values = {"busca": filtros.busca, "categoria": filtros.categoria} | mudancas
    query = urlencode({name: value for name, value in values.items() if value not in ("", None, 1)})
    return f"/?{query}" if query else "/"


def render_vitrine(vitrine: Vitrine, *, aparencia: Aparencia) -> str:
    """Return the shop page as HTML."""
    return _render("vitrine.html", aparencia, v=vitrine, dados=_json_ld(vitrine))


def render_erro(status: int, *, aparencia: Aparencia, identificacao: str = "") -> str:
    """Return the page for a refusal or a failure; it tells no more than the visitor can use.

    Args:
        status: The HTTP status; 404, 429 and 503 have words of their own.
        aparencia: The visitor's language and theme.
        identificacao: Id of the request, for support.
    """
    chave = f"erro.{status}"
    if f"{chave}.titulo" not in catalogue(aparencia.idioma):
        chave = "erro.geral"
    return _render("erro.html", aparencia, chave=chave, status=status, identificacao=identificacao)


def _render(template: str, aparencia: Aparencia, **values: Any) -> str:
    idioma = aparencia.idioma
    return (
        _environment()
        .get_template(template)
        .render(
            ap=aparencia,
            t=partial(text, idioma),
            tn=partial(plural, idioma),
            dinheiro=partial(money, idioma=idioma),
            disponibilidade=partial(availability, idioma=idioma),
            textos=_live_texts(idioma),
            **values,
        )
    )


@cache
def _environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,  # every template is HTML and names come from other systems
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals |= {
        "asset": assets.url,
        "figura": figuras.figura,
        "icone": figuras.icone,
        "relogio": clock,
        "link": link,
        "foto": picture_src,
        "decimal": decimal,
        "ultima_pagina": last_page,
        "paginas": page_numbers,
        "sem_filtros": Filtros(),
        "com_categoria": lambda filtros, nome: replace(filtros, categoria=nome),
        "IDIOMAS": IDIOMAS,
        "TEMAS": TEMAS,
        "AVISOS": AVISOS,
        "CABECAS_LCP": CABECAS_LCP,
        "MOSTRADO_ATE": MOSTRADO_ATE,
    }
    return env


@cache
def _live_texts(idioma: Idioma) -> dict[str, str]:
    return {k: v for k, v in catalogue(idioma).items() if k.startswith(TEXTOS_AO_VIVO)}


def _json_ld(vitrine: Vitrine) -> dict[str, Any]:
    """Return the page for search engines (https://schema.org/ItemList)."""
    first = (vitrine.pagina - 1) * POR_PAGINA + 1
    return {
        "@context": "https://schema.org",
        "@type": "ItemList",
        "numberOfItems": vitrine.total,
        "itemListElement": [
            {"@type": "ListItem", "position": n, "item": _json_ld_item(produto)}
            for n, produto in enumerate(vitrine.produtos, first)
        ],
    }


def _json_ld_item(produto: ProdutoNaVitrine) -> dict[str, Any]:
    nivel = availability(produto.disponivel, "pt-BR").nivel
    item = {
        "@type": "Product",
        "sku": produto.produto_id,
        "name": produto.nome,
        "category": produto.categoria,
        "image": picture_src(produto.imagem_url),
        "offers": {
            "@type": "Offer",
            "price": decimal(produto.preco_centavos),
            "priceCurrency": "BRL",
            "availability": f"https://schema.org/{SCHEMA_ORG[nivel]}",
        },
    }
    return {name: value for name, value in item.items() if value is not None}
