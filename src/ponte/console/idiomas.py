"""Idiomas: which language and theme a visitor gets, and how words, money and hours look in it.

Every word that a visitor reads stands in static/i18n, in both languages under
the same keys; pages and modules hold keys only.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Literal

from ponte.console.assets import STATIC

Idioma = Literal["pt-BR", "en"]
Tema = Literal["sistema", "claro", "escuro"]
IDIOMAS: tuple[Idioma, ...] = ("pt-BR", "en")
TEMAS: tuple[Tema, ...] = ("sistema", "claro", "escuro")


def match_idioma(pedido: str | None) -> Idioma | None:
    """Return the catalogue for a language tag; any Portuguese is ours, None when we have none."""
    primary = (pedido or "").strip().lower().replace("_", "-").split("-")[0]
    return next((idioma for idioma in IDIOMAS if idioma.lower().split("-")[0] == primary), None)


def negotiate_idioma(
    lang: str | None, *, cookie: str | None, accept: str | None, padrao: Idioma = "pt-BR"
) -> Idioma:
    """Return the language to answer in: `?lang`, else the saved choice, else the browser's.

    Args:
        lang: The value of `?lang`.
        cookie: What an earlier visit chose.
        accept: The `Accept-Language` header (RFC 9110, section 12.5.4).
        padrao: What this installation speaks when nothing else decides.
    """
    chosen = match_idioma(lang) or match_idioma(cookie)
    if chosen:
        return chosen
    wanted = sorted(_accepted(accept or ""), key=lambda pair: -pair[1])
    return next((found for tag, _ in wanted if (found := match_idioma(tag))), padrao)


def _accepted(accept: str) -> list[tuple[str, float]]:
    pairs = []
    for part in accept.replace(" ", "").split(","):
        tag, _, weight = part.partition(";q=")
        try:
            pairs.append((tag, float(weight or 1)))
        except ValueError:
            continue
    return [(tag, q) for tag, q in pairs if 0 < q <= 1]


def negotiate_tema(tema: str | None, *, cookie: str | None) -> Tema:
    """Return the theme: `?tema`, else the saved choice, else whatever the system shows."""
    for chosen in (tema, cookie):
        for known in TEMAS:
            if known == chosen:
                return known
    return "sistema"


@cache
def catalogue(idioma: Idioma) -> Mapping[str, str]:
    """Return every text of one language by its key."""
    texts: dict[str, str] = json.loads((STATIC / "i18n" / f"{idioma}.json").read_text("utf-8"))
    return texts


def text(idioma: Idioma, chave: str, **valores: object) -> str:
    """Return one text; a missing key or value is a KeyError, never an empty word."""
    return catalogue(idioma)[chave].format(**valores)


def plural(idioma: Idioma, chave: str, n: int, **valores: object) -> str:
    """Return the form of a text for `n` things.

    Source: CLDR plural rules; Portuguese counts 0 and 1 alike, English only 1.
    """
    one = n == 1 or (n == 0 and idioma == "pt-BR")
    return text(idioma, f"{chave}.{'one' if one else 'other'}", n=n, **valores)


def decimal(centavos: int) -> str:
    """Return an amount as the API spells it, `1234.56`."""
    return f"{Decimal(centavos) / 100:.2f}"


def money(centavos: int, idioma: Idioma) -> str:
    """Return an amount in reais, `R$ 1.234,56` in Portuguese and `R$ 1,234.56` in English."""
    english = f"{Decimal(centavos) / 100:,.2f}"
    swapped = english.translate(str.maketrans(",.", ".,"))
    return f"R$ {english if idioma == 'en' else swapped}"


def clock(em: datetime) -> str:
    """Return the hour people read on a wall, in the time zone that `em` carries."""
    return em.strftime("%H:%M")
