"""Facts of videos that the shop publishes."""

from typing import ClassVar

from ponte.events.fato import Fato


class _DoVideo(Fato, frozen=True, kw_only=True):
    video_id: str
    sessao: str

    sala: ClassVar[str | None] = "canais"

    def lane(self) -> str:
        return self.video_id


class VideoPedido(_DoVideo, frozen=True, kw_only=True):
    """A video was stored and will be published, by the account of `sessao`."""

    tipo: ClassVar[str] = "video.pedido"


class VideoMudou(_DoVideo, frozen=True, kw_only=True):
    """A video came further, or failed; `motivo` is the platform's code."""

    tipo: ClassVar[str] = "video.mudou"
    palavras: ClassVar[frozenset[str]] = frozenset({"motivo"})
    estado: str
    motivo: str | None = None
