"""The two platforms that share one protocol, each with its stand-in, for tests that run on both."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ponte.domain.evento import EventoDeCanal
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.ports import Connector
from ponte.simulators.facebook import SimuladorFacebook
from ponte.simulators.instagram import SimuladorInstagram
from ponte.simulators.meta_mensageiro import SimuladorMensageiro
from tests.connectors.lent import connector_named


@dataclass(frozen=True)
class RedeDeTeste:
    """One platform as the tests name it."""

    nome: str
    objeto: str
    channel: str
    canal: Canal
    pessoa: str
    loja: str
    simulador: Callable[..., SimuladorMensageiro]

    @property
    def connector(self) -> Connector:
        return connector_named(self.nome)

    def settings(self, **values: Any) -> Any:
        return self.connector.settings.model_validate(values)

    def parse(self, corpo: bytes) -> list[EventoDeCanal]:
        parse = self.connector.parse
        assert parse is not None
        return list(parse(corpo, self.settings()))

    def message(self, tipo: TipoMensagem, conteudo: Any) -> Mensagem:
        return Mensagem(tipo, self.canal, self.pessoa, conteudo)

    def posted(self, item: dict[str, Any], *, where: str = "messaging") -> list[EventoDeCanal]:
        """Return the events of one item that comes from a person."""
        sides = {"sender": {"id": self.pessoa}, "recipient": {"id": self.loja}}
        entry = {"id": self.loja, where: [sides | {"timestamp": 1767225600} | item]}
        return self.parse(json.dumps({"object": self.objeto, "entry": [entry]}).encode())


REDES = {
    "instagram": RedeDeTeste(
        "instagram", "instagram", "instagram", Canal.INSTAGRAM, "900000000000001",
        "17841400000000001", SimuladorInstagram,
    ),
    "facebook": RedeDeTeste(
        "facebook", "page", "messenger", Canal.FACEBOOK, "800000000000001", "300000000000001",
        SimuladorFacebook,
    ),
}  # fmt: skip
