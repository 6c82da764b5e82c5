"""Entender: what a customer wants, from words as people write them on a telephone.

Accents or none, capitals, emoji, abbreviations, letters that are missing or doubled. The
one rule: a guess is worse than a question. What is not clear is `DESCONHECIDA`, and the
bot then offers its choices.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any


class Assunto(StrEnum):
    """What a customer may want; the first four are the bot's choices, in their order."""

    PEDIDO = "pedido"
    PRODUTO = "produto"
    HORARIO = "horario"
    PESSOA = "pessoa"
    SAUDACAO = "saudacao"
    AGRADECIMENTO = "agradecimento"
    DESCONHECIDA = "desconhecida"


OPCOES = (Assunto.PEDIDO, Assunto.PRODUTO, Assunto.HORARIO, Assunto.PESSOA)


@dataclass(frozen=True, slots=True)
class Intencao:
    """What somebody wants.

    `palavras` may name a product, `pedido` is an order's number or id, `final` the last four
    digits of the telephone or document that prove whose it is. `horario`: they ask for the
    hours as well.
    """

    assunto: Assunto
    palavras: tuple[str, ...] = ()
    pedido: str | None = None
    final: str | None = None
    horario: bool = False


# As people abbreviate; the right side is what the words below know.
_ABREVIADAS = {
    "vc": "voce", "vcs": "voces", "ces": "voces", "qto": "quanto", "qnto": "quanto",
    "qt": "quanto", "qnt": "quanto", "qtos": "quantos", "blz": "beleza", "pfv": "favor",
    "pf": "favor", "pfvr": "favor", "pls": "favor", "tb": "tambem", "tbm": "tambem",
    "td": "tudo", "bm": "bem", "obg": "obrigado", "obgd": "obrigado", "brigado": "obrigado",
    "brigada": "obrigado", "obrigada": "obrigado", "vlw": "valeu",
    "hj": "hoje", "hr": "horario", "hrs": "horario", "hora": "horario", "horas": "horario",
    "horarios": "horario", "kd": "cade", "cd": "cade", "oq": "que", "q": "que", "eh": "e",
    "ta": "esta", "tah": "esta", "to": "estou", "n": "nao", "naum": "nao", "ped": "pedido",
    "pedidos": "pedido", "vlr": "valor", "bj": "beijo", "dps": "depois", "msg": "mensagem",
    "dom": "domingo", "sab": "sabado", "tds": "todos", "oie": "oi", "oii": "oi", "ola": "oi",
    "opa": "oi", "eai": "oi", "hey": "oi", "hello": "oi", "alo": "oi", "precos": "preco",
    "atd": "atendente", "qdo": "quando", "qnd": "quando", "pq": "porque", "mt": "muito",
    "presso": "preco", "preso": "preco",
    "mto": "muito", "aki": "aqui", "agr": "agora", "thanks": "obrigado", "s": "sim",
    "nro": "numero", "num": "numero", "nr": "numero", "tao": "estao", "tava": "estava",
    "qero": "quero", "qro": "quero", "kero": "quero", "oque": "que", "fds": "semana", "c": "com",
    "grato": "obrigado", "vlws": "valeu", "tmj": "valeu", "flw": "valeu", "robo": "humano",
    "bot": "humano",
}  # fmt: skip


def _set(lista: str) -> frozenset[str]:
    return frozenset(lista.split())


_PESSOA = _set(
    "atendente atendimento humano humana alguem vendedor vendedora gerente reclamar reclamacao"
    " pessoa funcionario funcionaria socorro insatisfeito insatisfeita absurdo procon reembolso"
    " estorno devolucao devolver trocar"
)
_PEDIDO = _set("pedido encomenda rastreio rastrear rastreamento compra entregador motoboy status")
_HORARIO = _set(
    "horario funcionamento funciona funcionam abre abrem aberto aberta abertos fecha fecham"
    " fechado fechada expediente abrir abriu abriram fechar fechou fecharam"
)
# They may stand in a product's name as well, so a product is thought of first.
_DIAS = _set("domingo sabado feriado feriados semana")
_PRODUTO = _set(
    "preco valor quanto custa custam custo tem tinha vende vendem disponivel estoque sai saindo"
    " comprar compro quero queria chegou produto produtos disponibilidade vendendo acabou"
    " gostaria procuro procurando separa reserva reservar desconto promocao"
)
_SAUDACAO = _set("oi dia tarde noite bom boa beleza salve eae")
_AGRADECIMENTO = _set(
    "obrigado valeu agradecido agradecida grato grata gratidao agradeco beleza ok show perfeito"
    " otimo certo joia entendi"
)
# What is neither a subject nor the name of a product.
_VAZIAS = _set(
    "a o as os um uma uns umas de do da dos das no na nos nas em e ou que qual quais por pra para"
    " pro com se ai la aqui me te lhe eu voce voces meu minha meus minhas seu sua esse essa este"
    " esta isso esses essas ja ainda agora hoje amanha sim nao favor gentileza moco moca amigo"
    " amiga gente tudo bem tambem so mais muito tchau beijo abraco ate mesmo aquele aquela oi"
    " senhor senhora saber sobre ver fica ficou estao estou estava pode poderia podem consegue"
    " consigo informar informa dizer fala falar mim nisso ae ne to loja tenho pessoal pessoas"
    " todos unidade unidades qualquer algum alguma ter teria tao foi vai vou quando onde como"
    " porque kkk rs haha precisa preciso deixa nada fim ve manda"
)
_PERGUNTA = _set("preco valor quanto custa custam custo tem vende vendem")
_ALL = _PESSOA | _PEDIDO | _HORARIO | _DIAS | _PRODUTO | _SAUDACAO | _AGRADECIMENTO | _VAZIAS
# Typed with few enough slips to be sure of it. Chosen: one letter of five, two of ten.
_PARECIDA = 0.84
_MIN_PARECIDA = 5
MAX_LIDO = 300  # chosen: what somebody wants is said early, and comparing words costs time
_PALAVRA = re.compile(r"[a-z0-9][a-z0-9./-]*[a-z0-9]|[a-z0-9]")
_TRES = re.compile(r"([a-z])\1{2,}|([aeiu])\2+\b")
_UNIDADES = {
    "g": "g", "gr": "g", "grs": "g", "grama": "g", "gramas": "g", "kg": "kg", "kgs": "kg",
    "quilo": "kg", "quilos": "kg", "kilo": "kg", "kilos": "kg", "ml": "ml", "l": "l", "lt": "l",
    "lts": "l", "litro": "l", "litros": "l",
}  # fmt: skip
_MEDIDA = re.compile(rf"\b(\d+)\s*({'|'.join(_UNIDADES)})\b")
_PRECO = re.compile(r"(?:r\$ ?)?\b\d+,\d{2}\b|r\$ ?\d+")
_COLADO = re.compile(r"\b(pedido|ped|no|n|nr|nro|num|numero)[.:]?(?=\d)")
_MILHAR = re.compile(r"(?<![\d.,])(\d{1,3})\.(\d{3})(?![\d.,])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMERO = re.compile(r"(?<![\w.,-])#?(\d{3,12})(?![\w-]|,\d)")
# As a marketplace names one: letters before the number.
_EXTERNO = re.compile(r"\b(?:pedido|numero|codigo)\W{1,3}#?([a-z]{2,10}-?\d{3,12})\b")
_FINAL = re.compile(
    r"\b(?:final|finais|ultimos|cpf|cnpj|telefone|celular|fone|tel)\b\D{0,30}(\d[\d ().+/-]*)"
)
_NAO_SABE = re.compile(r"\b(nao (sei|lembro|tenho|achei|guardei)|esqueci|perdi)\b")
_NEGADO = re.compile(
    r"\b(?:nao|naum|n) (?:quero|queria|preciso|procuro|e)\b(?! mais)[^,.;!?]*(?:[,.;!?]|\bmas\b|$)"
)
# Thanks, or a yes: nothing is asked for.
_AGRADO = frozenset("👍🙏❤👏👌😊🥰😍💚🤝😉🎉")
_TONS = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff\\s]")
_FAZER = re.compile(
    r"\b(fazer|faco|quero|queria|gostaria de) (um |o |uma )?(pedido|encomenda|compra)\b"
)
# What a bot can't do: undo an order, make amends, telephone.
_AJUDA = re.compile(
    r"\b(preciso de (ajuda|suporte)|cancel(a|ar|e|em|amento)|nao quero mais|me (liga|ligar|ligue)"
    r"|(veio|vieram|chegou|chegaram|esta|estava) (tudo )?(errad|faltando|quebrad|estragad|vencid"
    r"|amassad|aberto e)[a-z]*)\b"
)
_CADE = re.compile(
    r"\b(cade|onde esta|que horario chega|quando chega|nao chegou|ja saiu|previsao)\b"
)
_MINHA = re.compile(
    r"\b(nao recebi|(minha|a) entrega|atras(ou|ado|ada)|ja enviaram"
    r"|(paguei|comprei)\b.*\bnao chegou)\b"
)
_ABERTO = re.compile(r"\b(ate que horario|que horario|atendem (hoje|ate|aos|de))\b")


def entender(
    texto: str, *, escolha: str | None = None, estado: Mapping[str, Any] | None = None
) -> Intencao:
    """Return what somebody wants.

    Args:
        texto: Their words.
        escolha: The id of the option that they pressed, where they pressed one.
        estado: What the bot asked last (`espera`): the same words mean something else then.
    """
    espera = (estado or {}).get("espera")
    if escolha in set(OPCOES):
        return Intencao(Assunto(escolha))
    if _is_thanks(texto):
        return Intencao(Assunto.AGRADECIMENTO)
    simples = plain(texto[:MAX_LIDO])
    answered = _answered(simples, espera)
    if answered is not None:
        return answered
    palavras = words(simples)
    normal = " ".join(palavras)
    assunto = _subject(palavras, normal)
    if espera in ("final", Assunto.PEDIDO) and assunto in (Assunto.PEDIDO, Assunto.DESCONHECIDA):
        return _told(simples, normal, espera)
    if assunto is Assunto.PEDIDO:
        return _order(simples)
    return _named(assunto, simples, espera)


def _is_thanks(texto: str) -> bool:
    signs = _TONS.sub("", texto)
    return bool(signs) and set(signs) <= _AGRADO


def _named(assunto: Assunto, simples: str, espera: Any) -> Intencao:
    """Return the intention with the words that may name a product."""
    palavras = words(_NEGADO.sub(" ", simples))
    nomes = _names(palavras)
    if assunto is Assunto.PRODUTO and not nomes and not _has(palavras, _PRODUTO):
        return Intencao(Assunto.AGRADECIMENTO)  # what they don't want was all of it
    if assunto is Assunto.HORARIO:
        both = tuple(w for w in nomes if w not in _HORARIO | _DIAS and not _close(w, _HORARIO))
        asked = any(word in _PERGUNTA for word in palavras)
        return (
            Intencao(Assunto.PRODUTO, both, horario=True) if both and asked else Intencao(assunto)
        )
    if assunto is Assunto.DESCONHECIDA and espera == Assunto.PRODUTO and nomes:
        assunto = Assunto.PRODUTO
    named = assunto in (Assunto.PRODUTO, Assunto.DESCONHECIDA)
    return Intencao(assunto, nomes if named else ())


def plain(texto: str) -> str:
    """Return a text in small letters, without accents, emoji and letters drawn out."""
    decomposed = unicodedata.normalize("NFKD", texto.casefold())
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    spelled = _MEDIDA.sub(lambda m: f"{m[1]}{_UNIDADES[m[2]]}", _TRES.sub(r"\1\2", letters))
    return _COLADO.sub(r"\1 ", spelled)


def words(simples: str) -> list[str]:
    """Return the words of a plain text, abbreviations written out."""
    priced = _PRECO.sub(" preco ", simples)
    return [_ABREVIADAS.get(word, word) for word in _PALAVRA.findall(priced)]


def alike(a: str, b: str) -> bool:
    """Tell whether two plain words are the same but for a slip of the finger."""
    if a == b:
        return True
    a, b = _sound(a), _sound(b)
    if a == b:
        return True
    if min(len(a), len(b)) < _MIN_PARECIDA or a[0] != b[0]:
        return False
    return SequenceMatcher(None, a, b).ratio() >= _PARECIDA


def _sound(word: str) -> str:
    """Return a word with the letters alike that Portuguese says alike."""
    return word.replace("ss", "s").replace("z", "s").replace("ch", "x").replace("y", "i")


def _answered(simples: str, espera: Any) -> Intencao | None:
    """Return what a bare number says: a choice, an order, or whose the order is."""
    digits = re.sub(r"[\s#.()/+-]", "", simples)
    if not digits.isdecimal() or not digits.isascii():
        uuid = _UUID.search(simples)
        return Intencao(Assunto.PEDIDO, pedido=uuid[0]) if uuid else None
    if espera == "final" and len(digits) >= 4:
        return Intencao(Assunto.PEDIDO, final=digits[-4:])
    if len(digits) == 1:
        n = int(digits)
        known = 1 <= n <= len(OPCOES)
        return Intencao(OPCOES[n - 1] if known else Assunto.DESCONHECIDA)
    if espera == Assunto.PEDIDO or simples.strip().startswith("#"):
        return Intencao(Assunto.PEDIDO, pedido=digits[:18])
    return Intencao(Assunto.DESCONHECIDA, (digits,))


def _subject(palavras: list[str], normal: str) -> Assunto:
    fazer = _FAZER.search(normal) is not None
    onde = _CADE.search(normal) is not None and not _names_a_product(palavras)
    onde = onde or _MINHA.search(normal) is not None
    asked = (
        (Assunto.PESSOA, _has(palavras, _PESSOA) or _AJUDA.search(normal) is not None),
        (Assunto.PRODUTO, fazer),
        (Assunto.PEDIDO, onde or _has(palavras, _PEDIDO)),
        (Assunto.HORARIO, _has(palavras, _HORARIO) or _ABERTO.search(normal) is not None),
        (Assunto.PRODUTO, _has(palavras, _PRODUTO)),
        (Assunto.HORARIO, _has(palavras, _DIAS)),
    )
    return next((assunto for assunto, found in asked if found), _courtesy(palavras))


def _courtesy(palavras: list[str]) -> Assunto:
    """Return what words are that ask for nothing: a greeting, thanks, or no such thing."""
    known = [word for word in palavras if word not in _VAZIAS]
    if known and "oi" not in palavras and _all(known, _AGRADECIMENTO):
        return Assunto.AGRADECIMENTO
    greeted = bool(known) or "oi" in palavras or "bem" in palavras
    if greeted and _all(known, _SAUDACAO | _AGRADECIMENTO):
        return Assunto.SAUDACAO
    return Assunto.DESCONHECIDA


def _all(palavras: list[str], conhecidas: frozenset[str]) -> bool:
    return all(any(alike(word, one) for one in conhecidas) for word in palavras)


def _has(palavras: list[str], assuntos: frozenset[str]) -> bool:
    return any(word in assuntos or _close(word, assuntos) for word in palavras)


def _close(word: str, assuntos: frozenset[str]) -> bool:
    long_enough = len(word) >= _MIN_PARECIDA and word not in _ALL
    return long_enough and any(alike(word, one) for one in assuntos)


def _names(palavras: list[str]) -> tuple[str, ...]:
    """Return the words that may name a product."""
    asked = _PRODUTO | _SAUDACAO | _AGRADECIMENTO | _VAZIAS
    found = [w for w in palavras if w not in asked and not _close(w, _PRODUTO)]
    # How many they want is no part of its name.
    return tuple(w for w in found if not (w.isdecimal() and len(w) <= 2) or len(found) == 1)


def _names_a_product(palavras: list[str]) -> bool:
    about = {"chega", "chegou", "saiu", "previsao", "cade", "entrega", "horario"}
    return any(word not in about for word in _names(palavras))


def _order(simples: str) -> Intencao:
    """Return an order's number and the digits that prove whose it is, where they are there."""
    uuid = _UUID.search(simples)
    simples = _MILHAR.sub(r"\1\2", _UUID.sub(" ", simples))
    marked = _FINAL.search(simples)
    final = None
    if marked is not None:
        digits = re.sub(r"\D", "", marked[1])
        final = digits[-4:] if len(digits) >= 4 else None
        simples = f"{simples[: marked.start()]} {simples[marked.end() :]}"
    numero = _EXTERNO.search(simples) or _NUMERO.search(simples)
    pedido = uuid[0] if uuid else numero[1] if numero else None
    return Intencao(Assunto.PEDIDO, pedido=pedido, final=final)


def _told(simples: str, normal: str, espera: Any) -> Intencao:
    """Return what was said when the bot had asked for an order's number, or whose it is."""
    found = _order(simples)
    if found.pedido is None and found.final is None:
        if _NAO_SABE.search(normal):
            return Intencao(Assunto.PESSOA)
        if "pedido" not in normal:
            return _named(Assunto.DESCONHECIDA, simples, espera)
    if espera == "final" and found.final is None:
        digits = re.sub(r"\D", "", _MILHAR.sub(r"\1\2", simples))
        final = digits[-4:] if len(digits) >= 4 else None
        return Intencao(Assunto.PEDIDO, final=final)
    return found
