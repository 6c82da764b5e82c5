"""Facts of mensagens."""

from typing import Any, ClassVar

from ponte.events.fato import Fato


class MensagemPublicada(Fato, frozen=True, kw_only=True):
    """A person wrote to everybody on /ws, or in the private room `para_sala`."""

    tipo: ClassVar[str] = "mensagem"
    sala: ClassVar[str | None] = "mensagens"
    de: str
    texto: str
    para_sala: str | None = None

    def lane(self) -> str:
        return self.de

    def public(self) -> dict[str, Any] | None:
        return None if self.para_sala else {"texto": self.texto}
