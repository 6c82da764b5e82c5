"""Caso: a stand-in of X and a channel to it, for the tests of this folder."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ponte.connectors.x.channel import XChannel
from ponte.connectors.x.settings import XSettings
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.ports import Deps
from ponte.resilience import destino
from ponte.simulators.x import SimuladorX
from ponte.testing import FrozenClock

ANA, BIA = "2222222222222222222", "3333333333333333333"
HERE_ONLY = destino.networks(["127.0.0.0/8"])
TEXTO = Mensagem(TipoMensagem.TEXTO, Canal.X, ANA, "Temos sim!")
FOTO = replace(TEXTO, tipo=TipoMensagem.IMAGEM, conteudo={"url": "", "legenda": "Foto do produto"})


@dataclass
class Caso:
    """A stand-in, a channel to it, and the clock of both."""

    simulador: SimuladorX
    settings: XSettings
    deps: Deps
    clock: FrozenClock
    waited: list[float] = field(default_factory=list)
    redes: Sequence[destino.Rede] = HERE_ONLY

    @property
    def channel(self) -> XChannel:
        """A channel as a process that has just started has it."""
        deps = replace(self.deps, redes=self.redes)
        return XChannel(self.settings, deps, sleep=self._sleep)

    async def _sleep(self, segundos: float) -> None:
        self.waited.append(segundos)

    def foto(self, tipo: str = "jpg", *, legenda: str | None = "Foto do produto") -> Mensagem:
        conteudo = {"url": self.simulador.medium(f"a.{tipo}"), "legenda": legenda}
        kind = TipoMensagem.VIDEO if tipo == "mp4" else TipoMensagem.IMAGEM
        return replace(FOTO, tipo=kind, conteudo={k: v for k, v in conteudo.items() if v})


def capture(caso: Caso) -> list[bytes]:
    """Keep what the stand-in tells instead of posting it."""
    posted: list[bytes] = []

    async def post(corpo: bytes, **_: Any) -> None:
        posted.append(corpo)

    caso.simulador.post = post  # type: ignore[method-assign]
    return posted
