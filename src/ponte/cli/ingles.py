"""Ingles: what the command line says in Portuguese, for a person who reads English.

The words stand in the commands once, in Portuguese; each has its English in a table
beside, and a test walks the commands for one that has none. Only what is said passes
through here, line by line and each as a whole, so that a name that stands in a
table's cell stays as it is.
"""

import re
from collections.abc import Mapping
from functools import cache

from ponte.cli.ingles_ajuda import AJUDA
from ponte.cli.ingles_ditas import DITAS
from ponte.cli.ingles_textos import TEXTOS

Patterns = tuple[tuple[re.Pattern[str], str], ...]
# What may stand before a line's words: a mark, or the hour of a fact.
_ENFEITE = re.compile(r"(?:[✔✘] |[\d-]{2}:[\d-]{2}:[\d-]{2} {2})?")


def english(texto: str) -> str:
    """Return a sentence, a cause or a hint in English, part by part."""
    known = _whole(texto)
    return known if known is not None else "; ".join(_part(part) for part in texto.split("; "))


def english_talk(texto: str) -> str:
    """Return what is said beside the data in English: each line that is known as a whole."""
    return "\n".join(_whole(line) or line for line in texto.split("\n"))


def english_data(texto: str) -> str:
    """Return a printed result in English: the few lines in it that are words of ours."""
    return "\n".join(_line(line) for line in texto.split("\n"))


def _line(line: str) -> str:
    found = _ENFEITE.match(line)
    begin = found.end() if found else 0
    known = _look(line[begin:], _of_data())
    return line if known is None else line[:begin] + known


def _part(texto: str) -> str:
    known = _whole(texto)
    if known is not None:
        return known
    head, colon, rest = texto.partition(": ")
    return f"{_whole(head) or head}{colon}{_part(rest)}" if colon else texto


def _whole(texto: str) -> str | None:
    return _look(texto, _of_all())


def _look(texto: str, patterns: Patterns) -> str | None:
    for pattern, words in patterns:
        found = pattern.fullmatch(texto)
        if found:
            return words.format(*map(_within, found.groups()))
    return None


def _within(group: str) -> str:
    # A sentence of ours inside another; a single word is most likely somebody's name.
    if " " not in group:
        return group
    return "; ".join(_whole(part) or part for part in group.split("; "))


@cache
def _of_data() -> Patterns:
    return _patterns(TEXTOS)


@cache
def _of_all() -> Patterns:
    return _patterns({**TEXTOS, **DITAS, **AJUDA})


def _patterns(frases: Mapping[str, str]) -> Patterns:
    # The one that says most goes first, so that none hides behind a shorter one.
    most_first = sorted(frases.items(), key=lambda pair: -len(re.sub(r"\{n?\}", "", pair[0])))
    return tuple((_pattern(frase), words) for frase, words in most_first)


def _pattern(frase: str) -> re.Pattern[str]:
    """Return the pattern of a sentence: {} is any text, {n} a number."""
    escaped = re.escape(frase).replace(r"\{\}", "(.+?)").replace(r"\{n\}", r"(\d+)")
    return re.compile(escaped, re.DOTALL)
