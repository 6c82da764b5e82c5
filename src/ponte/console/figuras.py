"""Figuras: the drawing that stands in where a produto has no picture of its own.

A word of the name decides, else the categoria, else a plain box: a guess about
packaging, nothing that anything else may rely on.
"""

import re
import unicodedata
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Figura(NamedTuple):
    """A drawing of figuras.svg and the tone it is painted in (a class of loja.css)."""

    desenho: str
    tom: str


# Stems, without accents.
POR_NOME: tuple[tuple[str, Figura], ...] = (
    ("racao petisco areia", Figura("racao", "ouro")),
    ("suco nectar", Figura("caixinha", "laranja")),
    ("cafe cappuccino cha mate", Figura("cafe", "terra")),
    ("chocolate bombom achocolatado", Figura("barra", "terra")),
    ("biscoito bolacha cookie salgadinho", Figura("biscoito", "ouro")),
    ("arroz", Figura("saco", "azul")),
    ("feijao lentilha grao", Figura("saco", "tijolo")),
    ("acucar sal polvilho", Figura("saco", "ceu")),
    ("farinha fuba trigo aveia macarrao espaguete massa granola", Figura("saco", "ouro")),
    ("leite", Figura("caixinha", "azul")),
    ("manteiga margarina requeijao iogurte sorvete acai geleia mel", Figura("pote", "ceu")),
    ("queijo mussarela mucarela parmesao ricota", Figura("queijo", "ouro")),
    ("ovo", Figura("ovos", "laranja")),
    ("pao baguete torrada bolo", Figura("pao", "laranja")),
    ("azeite vinagre", Figura("garrafa", "verde")),
    ("oleo", Figura("garrafa", "ouro")),
    ("vinho", Figura("garrafa", "rosa")),
    ("refrigerante guarana cola agua isotonico", Figura("garrafa", "ceu")),
    ("cerveja chope energetico", Figura("lata", "ouro")),
    ("atum sardinha milho ervilha extrato molho conserva", Figura("lata", "tijolo")),
    ("peixe tilapia salmao camarao bacalhau merluza", Figura("peixe", "azul")),
    ("frango peru", Figura("bandeja", "laranja")),
    ("carne file linguica bife picanha presunto salsicha", Figura("bandeja", "tijolo")),
    ("banana", Figura("banana", "ouro")),
    ("maca laranja limao manga uva mamao abacaxi fruta", Figura("fruta", "tijolo")),
    ("tomate morango melancia", Figura("fruta", "rosa")),
    ("cebola alho beterraba", Figura("bulbo", "rosa")),
    ("batata mandioca inhame", Figura("bulbo", "terra")),
    ("cenoura hortalica", Figura("verdura", "laranja")),
    ("papel toalha guardanapo", Figura("rolo", "ceu")),
    ("sabonete shampoo xampu condicionador desodorante locao", Figura("frasco", "rosa")),
    ("dental escova fralda", Figura("caixa", "ceu")),
    ("detergente amaciante alvejante desinfetante", Figura("frasco", "verde")),
    ("sabao", Figura("caixa", "azul")),
    ("limpador multiuso lustra inseticida", Figura("borrifador", "azul")),
)
POR_CATEGORIA: tuple[tuple[str, Figura], ...] = (
    ("bebida adega", Figura("garrafa", "ceu")),
    ("laticinio frio", Figura("caixinha", "azul")),
    ("limpeza", Figura("borrifador", "azul")),
    ("higiene perfumaria beleza", Figura("frasco", "rosa")),
    ("hortifruti fruta verdura feira", Figura("verdura", "laranja")),
    ("padaria pao", Figura("pao", "laranja")),
    ("acougue carne aves", Figura("bandeja", "tijolo")),
    ("peixaria peixe", Figura("peixe", "azul")),
    ("pet animal", Figura("racao", "ouro")),
    ("doce bomboniere biscoito", Figura("biscoito", "ouro")),
    ("cafe matinal", Figura("cafe", "terra")),
    ("congelado sorvete", Figura("pote", "ceu")),
    ("mercearia alimento grao", Figura("saco", "azul")),
)
ICONES: tuple[tuple[str, str], ...] = (
    ("bebida adega", "c-bebidas"),
    ("laticinio frio", "c-laticinios"),
    ("limpeza", "c-limpeza"),
    ("higiene perfumaria beleza", "c-higiene"),
    ("hortifruti fruta verdura feira", "c-hortifruti"),
    ("padaria pao", "c-padaria"),
    ("acougue carne aves peixaria", "c-carnes"),
    ("pet animal", "c-pet"),
    ("doce bomboniere biscoito", "c-doces"),
    ("cafe matinal", "c-cafe"),
    ("congelado sorvete", "c-congelados"),
    ("mercearia alimento grao", "c-mercearia"),
    ("bebe infantil", "c-bebe"),
    ("casa utilidade cozinha", "c-casa"),
    ("eletro informatica celular", "c-eletro"),
    ("farmacia saude", "c-farmacia"),
    ("moda roupa vestuario calcado", "c-moda"),
)
CAIXA = Figura("caixa", "terra")


def figura(nome: str, categoria: str | None) -> Figura:
    """Return the drawing for a produto that has no picture."""
    return _first(POR_NOME, nome) or _first(POR_CATEGORIA, categoria or "") or CAIXA


def icone(categoria: str | None) -> str:
    """Return the icon of a categoria."""
    return _first(ICONES, categoria or "") or "c-outros"


def _first(table: tuple[tuple[str, T], ...], nome: str) -> T | None:
    """Return the entry of the earliest word that has one: the first words name the thing."""
    return next(
        (
            found
            for word in _words(nome)
            for stems, found in table
            if any(word.startswith(stem) for stem in stems.split())
        ),
        None,
    )


def _words(nome: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", nome.lower()).encode("ascii", "ignore").decode()
    return re.findall(r"[a-z]+", plain)
