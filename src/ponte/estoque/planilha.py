"""Planilha: a CSV of counts, as spreadsheets of Brazilian shops export it.

Comma or semicolon, UTF-8 or Latin-1, prices as 25.90 or 25,90. All rows or none:
the answer names every bad row and what is wrong with it.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ponte.domain.valores import format_centavos, parse_centavos
from ponte.errors import DadosInvalidos, Problema
from ponte.estoque.service import Contagem
from ponte.store.db import Tx

NEEDED = ("produto_id", "nome", "preco", "quantidade")
OPTIONAL = ("minimo", "filial_id", "ean", "categoria", "imagem_url")
# Chosen: all rows are one transaction, and it alone may write meanwhile. Measured on two busy
# cores: 60 to 110 µs of the writer a row, so orders wait a second at most and not four.
MAX_LINHAS = 10_000
MAX_ERROS = 100  # chosen: a person mends no more at once
MAX_UNIDADES = 1_000_000_000
MAX_ID, MAX_TEXTO = 100, 200  # as over HTTP, product by product
MOTIVO = "importação"
_UNITS = re.compile(r"\A[0-9]{1,10}\Z")


def read(corpo: bytes) -> list[Contagem]:
    """Read the rows of a CSV.

    Raises:
        DadosInvalidos: with one problem for each bad row, named `linha N`.
    """
    linhas = _rows(_text(corpo))
    contagens: list[Contagem] = []
    problemas: list[Problema] = []
    seen: dict[tuple[str, str], int] = {}
    for numero, linha in linhas:
        try:
            contagem = _contagem(linha)
        except ValueError as error:
            problemas.append(Problema(f"linha {numero}", str(error)))
            continue
        chave = (contagem.produto_id, contagem.filial_id)
        if chave in seen:
            problemas.append(Problema(f"linha {numero}", f"repeats line {seen[chave]}"))
        seen[chave] = numero
        contagens.append(contagem)
    if problemas:
        raise DadosInvalidos(*problemas[:MAX_ERROS])
    if not contagens:
        raise DadosInvalidos(Problema("corpo", "the CSV has no rows"))
    return contagens


async def difference(tx: Tx, contagens: Sequence[Contagem]) -> dict[str, Any]:
    """Return what an import would change, without changing it."""
    mudancas = []
    for c in contagens:
        row = await tx.fetch_one(
            "SELECT e.quantidade, p.preco FROM produtos p LEFT JOIN estoque e"
            " ON e.produto_id = p.produto_id AND e.filial_id = ? WHERE p.produto_id = ?",
            (c.filial_id, c.produto_id),
        )
        antes, preco = row or (None, None)
        if antes == c.quantidade and preco == c.preco_centavos:
            continue
        mudancas.append(
            {
                "produto_id": c.produto_id,
                "filial_id": c.filial_id,
                "antes": antes,
                "depois": c.quantidade,
                "preco_antes": None if preco is None else format_centavos(preco),
                "preco_depois": format_centavos(c.preco_centavos or 0),
            }
        )
    return {"linhas": len(contagens), "mudancas": mudancas}


def _text(corpo: bytes) -> str:
    try:
        text = corpo.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What spreadsheets call Latin-1 has dashes and quotes where Latin-1 has controls.
        text = corpo.decode("cp1252", errors="replace")
    if "\x00" in text:
        raise DadosInvalidos(Problema("corpo", "not text: it holds a NUL byte"))
    return text


def _rows(text: str) -> list[tuple[int, dict[str, str]]]:
    """Return every row with the line it begins at; blank ones are left out."""
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for row in reader:
            found.append((line, row))
            line = reader.line_num + 1  # a quoted cell may hold line breaks
    except csv.Error as error:
        raise DadosInvalidos(Problema(f"linha {line}", f"not a CSV: {error}")) from error
    names = [name.strip().lower() for name in (found[0][1] if found else [])]
    _check_header(names)
    rows = [(line, row) for line, row in found[1:] if any(cell.strip() for cell in row)]
    if len(rows) > MAX_LINHAS:
        msg = f"{len(rows)} rows; {MAX_LINHAS} are taken at once, send the sheet in parts"
        raise DadosInvalidos(Problema("corpo", msg))
    return [
        (
            line,
            {name: cell.strip() for name, cell in zip(names, row, strict=False)}
            | ({"": "x"} if len(row) != len(names) else {}),
        )
        for line, row in rows
    ]


def _check_header(names: Sequence[str]) -> None:
    problemas = [Problema("linha 1", f"column {n} is missing") for n in NEEDED if n not in names]
    problemas += [
        Problema("linha 1", f"column {n or '(empty)'} is unknown")
        for n in names
        if n not in (*NEEDED, *OPTIONAL)
    ]
    if len(set(names)) != len(names):
        problemas.append(Problema("linha 1", "a column stands twice"))
    if problemas:
        raise DadosInvalidos(*problemas)


def _contagem(linha: Mapping[str, str]) -> Contagem:
    if "" in linha:
        msg = "has another number of cells than the header"
        raise ValueError(msg)
    if "/" in linha["produto_id"]:
        msg = "produto_id: '/' can't stand in an address"
        raise ValueError(msg)
    minimo = linha.get("minimo") or None
    categoria = linha.get("categoria") or None
    return Contagem(
        produto_id=_words("produto_id", linha["produto_id"], MAX_ID),
        filial_id=_words("filial_id", linha.get("filial_id") or "1", MAX_ID),
        quantidade=_units("quantidade", linha["quantidade"]),
        motivo=MOTIVO,
        nome=_words("nome", linha["nome"], MAX_TEXTO),
        preco_centavos=_price(linha["preco"]),
        minimo=None if minimo is None else _units("minimo", minimo),
        ean=_ean(linha.get("ean")),
        categoria=None if categoria is None else _words("categoria", categoria, MAX_TEXTO),
        imagem_url=_image(linha.get("imagem_url")),
    )


def _words(campo: str, texto: str, most: int) -> str:
    if not 0 < len(texto) <= most or not texto.isprintable():
        msg = f"{campo}: 1 to {most} characters in one line expected"
        raise ValueError(msg)
    return texto


def _price(texto: str) -> int:
    plain = texto.replace("R$", "").strip()
    if "," in plain:
        plain = plain.replace(".", "").replace(",", ".")
    try:
        return parse_centavos(plain)
    except ValueError as error:
        msg = f"preco: {error}"
        raise ValueError(msg) from error


def _units(campo: str, texto: str) -> int:
    if not _UNITS.match(texto) or int(texto) > MAX_UNIDADES:
        msg = f"{campo}: a whole number from 0 to {MAX_UNIDADES} expected"
        raise ValueError(msg)
    return int(texto)


def _ean(texto: str | None) -> str | None:
    if not texto:
        return None
    if not (texto.isascii() and texto.isdigit() and 8 <= len(texto) <= 14):
        msg = "ean: 8 to 14 digits expected"
        raise ValueError(msg)
    return texto


def _image(texto: str | None) -> str | None:
    if not texto:
        return None
    if not texto.startswith(("https://", "http://", "/")) or len(texto) > 500:
        msg = "imagem_url: an http(s) address expected"
        raise ValueError(msg)
    return texto
