"""Console over HTTP: the public shop page, and the static files of every page.

The shop page answers every address that a person may type with a page, so a
strange filter is no error. What a visitor chooses is kept in cookies that hold
nothing else, so the page needs no session.
"""

import gzip
from dataclasses import replace
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from ponte.console import assets
from ponte.console.consultas import read_vitrine
from ponte.console.idiomas import negotiate_idioma, negotiate_tema
from ponte.console.loja import Aparencia, Filtros, render_erro, render_vitrine
from ponte.context import Context
from ponte.deps import Ctx, public
from ponte.errors import NaoEncontrado

router = APIRouter(tags=["console"])

MAX_BUSCA = 80  # the form's own limit
MAX_PAGINA = 1_000_000  # chosen: far above any shop, far below what an offset holds
ANO_S = 31_536_000
FOREVER = "public, max-age=31536000, immutable"
GZIP_NIVEL = 5  # measured: 33 KB of page in 0.5 ms, 3 % larger than level 9


class Endereco(BaseModel):
    """What the address of the shop page may say; anything else is left out."""

    busca: str = ""
    categoria: str = ""
    pagina: str = "1"
    lang: str | None = None
    tema: str | None = None


@router.get("/", dependencies=[public()], response_class=Response)
async def shop(request: Request, ctx: Ctx, endereco: Annotated[Endereco, Query()]) -> Response:
    """Return the shop page."""
    lang, tema = endereco.lang, endereco.tema
    aparencia = appearance(request, ctx, lang=lang, tema=tema)
    filtros = Filtros(_clean(endereco.busca), _clean(endereco.categoria))
    vitrine = await ctx.db.read(
        read_vitrine,
        filtros,
        _page_number(endereco.pagina),
        ctx.hub.publica.epoca,
        _fuso(ctx.settings.tz),
    )
    # The Host is one that this installation serves: the edge refused every other.
    vitrine = replace(vitrine, endereco=str(request.base_url).rstrip("/"))
    response = html(request, render_vitrine(vitrine, aparencia=aparencia))
    if lang is not None:
        _remember(response, "ponte_lang", aparencia.idioma)
    if tema is not None:
        _remember(response, "ponte_tema", aparencia.tema)
    return response


@router.get("/static/{digest}/{path:path}", dependencies=[public(limited=False)])
async def static(request: Request, digest: str, path: str) -> Response:
    """Return a static file of the package; its address changes when any of them does."""
    asset = assets.load().get(path)
    if asset is None:
        raise NaoEncontrado("File", path)
    # An older page may still ask under an older name: it gets the file, but not for ever.
    cache_control = FOREVER if digest == assets.digest() else "no-cache"
    headers = {"cache-control": cache_control, "vary": "Accept-Encoding"}
    if _takes_gzip(request):
        headers["content-encoding"] = "gzip"
        return Response(asset.gzipped, headers=headers, media_type=asset.media_type)
    return Response(asset.body, headers=headers, media_type=asset.media_type)


def appearance(
    request: Request, ctx: Context, *, lang: str | None = None, tema: str | None = None
) -> Aparencia:
    """Return how a visitor wants pages to look, from the address, cookies and browser."""
    cookies = request.cookies
    return Aparencia(
        idioma=negotiate_idioma(
            lang,
            cookie=cookies.get("ponte_lang"),
            accept=request.headers.get("accept-language"),
            padrao=ctx.settings.lang,
        ),
        tema=negotiate_tema(tema, cookie=cookies.get("ponte_tema")),
        avisos=cookies.get("ponte_avisos") != "nao",
    )


def html(request: Request, page: str, *, status: int = 200) -> Response:
    """Answer a page: never kept without asking, since it differs by hour and by visitor."""
    headers = {
        "cache-control": "no-cache",
        "vary": "Accept-Encoding, Accept-Language, Cookie",
    }
    body = page.encode()
    if _takes_gzip(request):
        headers["content-encoding"] = "gzip"
        body = gzip.compress(body, GZIP_NIVEL, mtime=0)
    return Response(body, status, headers, media_type="text/html; charset=utf-8")


def wants_html(request: Request) -> bool:
    """Tell whether a person's browser asks, rather than a program."""
    return "text/html" in request.headers.get("accept", "")


def error_page(request: Request, ctx: Context, *, status: int, identificacao: str) -> Response:
    """Return the page that a person sees instead of problem+json."""
    aparencia = appearance(request, ctx)
    page = render_erro(status, aparencia=aparencia, identificacao=identificacao)
    return html(request, page, status=status)


def _takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


def _remember(response: Response, nome: str, valor: str) -> None:
    # Readable by the page's own module, which changes the theme without a request.
    response.set_cookie(nome, valor, max_age=ANO_S, samesite="lax", path="/")


def _clean(texto: str) -> str:
    return "".join(c for c in texto if c.isprintable()).strip()[:MAX_BUSCA]


def _page_number(texto: str) -> int:
    if texto.isascii() and texto.isdigit() and len(texto) <= len(str(MAX_PAGINA)):
        return min(max(int(texto), 1), MAX_PAGINA)
    return 1


@cache
def _fuso(nome: str) -> ZoneInfo:
    return ZoneInfo(nome)
