"""Vídeo: a video that the shop publishes, from being accepted to what became of it.

`estado` never goes back, since a platform reports late, twice and out of order. The one
rule: the platform's id of a publication is on record before the first byte is on its way,
so that whoever goes on after a crash goes on with that one and begins no second.
"""

from dataclasses import dataclass
from enum import StrEnum

MENOR_PEDACO = 5 * 1024 * 1024  # documented: 5 MB at least, whichever megabyte is meant
MAIOR_PEDACO = 64_000_000  # documented: 64 MB, the last one more
MAX_PEDACOS = 1000  # documented
MAX_BYTES = 4 * 1024**3  # documented: a video has 4 GB at most
MAX_TITULO = 2200  # documented, in UTF-16 units


class EstadoVideo(StrEnum):
    """How far a video is.

    `na_caixa`: a draft lies in the inbox of the account, and a person goes on from there.
    `publico` means seen by everybody, after the platform's own check; `removido`, no more.
    """

    ACEITO = "aceito"
    ENVIANDO = "enviando"
    PROCESSANDO = "processando"
    NA_CAIXA = "na_caixa"
    FALHOU = "falhou"
    PUBLICADO = "publicado"
    PUBLICO = "publico"
    REMOVIDO = "removido"


class Privacidade(StrEnum):
    """Who may see a video."""

    PUBLICO = "publico"
    AMIGOS = "amigos"
    SEGUIDORES = "seguidores"
    SO_EU = "so_eu"


_ORDEM = {estado: n for n, estado in enumerate(EstadoVideo)}
POR_ENVIAR = frozenset({EstadoVideo.ACEITO, EstadoVideo.ENVIANDO})
EM_CURSO = POR_ENVIAR | {EstadoVideo.PROCESSANDO}


def advances(antes: EstadoVideo, depois: EstadoVideo) -> bool:
    """Tell whether a report says something new.

    What was given up on and was published after all is published.
    """
    return _ORDEM[depois] > _ORDEM[antes]


@dataclass(frozen=True, slots=True)
class Corte:
    """How a file of `tamanho` bytes goes out: `quantos` pieces of `pedaco` bytes.

    The last one takes what is left over as well.
    """

    tamanho: int
    pedaco: int
    quantos: int

    def trecho(self, enviados: int) -> tuple[int, int]:
        """Return the first byte of the piece that follows what was sent, and one past its last."""
        numero = min(enviados // self.pedaco, self.quantos - 1)
        fim = self.tamanho if numero == self.quantos - 1 else (numero + 1) * self.pedaco
        return numero * self.pedaco, fim


def cut(tamanho: int, *, pedaco: int = MENOR_PEDACO) -> Corte:
    """Return how a file is cut: floor(size / piece) pieces, a small file in one.

    Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
    """
    pedaco = max(pedaco, -(-tamanho // MAX_PEDACOS))
    quantos = tamanho // pedaco
    if quantos <= 1:
        return Corte(tamanho, tamanho, 1)
    return Corte(tamanho, pedaco, quantos)


@dataclass(frozen=True, slots=True)
class Postagem:
    """What is published, and how: from a file (`corte`, `mime`) or from an address (`url`).

    A draft (`rascunho`) has none of the rest: a person chooses it on the telephone.
    """

    rascunho: bool = False
    url: str | None = None
    corte: Corte | None = None
    titulo: str = ""
    privacidade: Privacidade | None = None
    sem_comentarios: bool = False
    sem_dueto: bool = False
    sem_costura: bool = False
    capa_ms: int | None = None
    conteudo_de_marca: bool = False
    marca_propria: bool = False
