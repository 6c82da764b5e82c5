"""Nota: the fiscal document's number and 44-character access key.

Source: Manual de Orientação do Contribuinte 7.0, Anexo I; Nota Técnica Conjunta
2025.001 (alphanumeric CNPJ); NT 2019.001 B03-10 (cNF that must not be used).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from ponte.domain.valores import mod11

UF_CODIGO = {
    "RO": 11, "AC": 12, "AM": 13, "RR": 14, "PA": 15, "AP": 16, "TO": 17,
    "MA": 21, "PI": 22, "CE": 23, "RN": 24, "PB": 25, "PE": 26, "AL": 27, "SE": 28, "BA": 29,
    "MG": 31, "ES": 32, "RJ": 33, "SP": 35, "PR": 41, "SC": 42, "RS": 43,
    "MS": 50, "MT": 51, "GO": 52, "DF": 53,
}  # fmt: skip
MAX_NUMERO = 999_999_999
_CNF_PROIBIDOS = {d * 8 for d in "0123456789"} | {
    "".join(str((start + i) % 10) for i in range(8)) for start in range(10)
}


@dataclass(frozen=True, slots=True)
class PedidoDaNota:
    """What a nota needs to know of its pedido."""

    pedido_id: str
    canal: str
    total: str


@dataclass(frozen=True, slots=True)
class Nota:
    """A numbered nota; `situacao` goes built, signed, authorised or rejected."""

    modelo: int
    serie: int
    numero: int
    chave: str
    codigo: str
    situacao: str
    emitida_em: int


def new_codigo(numero: int) -> str:
    """Return a random cNF for a number: eight digits, none of the forbidden patterns."""
    while True:
        codigo = f"{secrets.randbelow(10**8):08d}"
        if codigo not in _CNF_PROIBIDOS and int(codigo) != numero:
            return codigo


class Empresa(Protocol):
    """What the key needs of the issuer."""

    uf: str
    cnpj: str
    serie: int


def access_key(empresa: Empresa, *, modelo: int, numero: int, codigo: str, em: datetime) -> str:
    """Return the 44-character key; `em` in the issuer's local time, normal emission.

    Raises:
        ValueError: the number or the series is out of its range.
    """
    serie = empresa.serie
    if not 1 <= numero <= MAX_NUMERO or not 0 <= serie <= 999:
        msg = f"nota number {numero} or series {serie} out of range"
        raise ValueError(msg)
    mes = f"{em.year % 100:02d}{em.month:02d}"
    origem = f"{UF_CODIGO[empresa.uf]:02d}{mes}{empresa.cnpj}"
    corpo = f"{origem}{modelo:02d}{serie:03d}{numero:09d}1{codigo}"
    return corpo + str(mod11(corpo))


@lru_cache(maxsize=8)  # the notas of one transaction share their instant
def local_time(em_ms: int, *, zona: str) -> datetime:
    """Return the instant in the issuer's zone; the key's year and month come from it."""
    return datetime.fromtimestamp(em_ms / 1000, ZoneInfo(zona))
