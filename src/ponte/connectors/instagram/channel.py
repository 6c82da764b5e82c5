"""Channel: one mensagem becomes one message to one person of Instagram."""

from ponte.connectors.instagram.build import build
from ponte.connectors.instagram.classify import classify
from ponte.connectors.instagram.limites import LIMITES
from ponte.connectors.instagram.settings import InstagramSettings
from ponte.connectors.meta.envio import MetaChannel, refuse
from ponte.domain.mensagem import Mensagem
from ponte.errors import DadosInvalidos, Problema
from ponte.ports import Deps


class InstagramChannel:
    """Write to people who wrote to the account."""

    def __init__(self, settings: InstagramSettings, deps: Deps) -> None:
        self._settings = settings
        self._meta = MetaChannel(settings, deps, nome="instagram")
        self._meta.limit_to(LIMITES)

    def check(self, mensagem: Mensagem) -> None:
        """Refuse what the platform would, and everything while there is no token."""
        if self._settings.access_token is None:
            raise DadosInvalidos(Problema("canal", "instagram has no ACCESS_TOKEN"))
        refuse(mensagem, LIMITES)

    async def send(self, mensagem: Mensagem) -> str | None:
        """Send one message; return the platform's id, None for what has none.

        Raises:
            OutsideError: It was not taken.
        """
        return await self._meta.post(build(mensagem), classify)

    async def show_typing(self, destinatario: str, *, instancia: str | None) -> None:  # noqa: ARG002 - the door's
        """Show that an answer is being written."""
        corpo = {"recipient": {"id": destinatario}, "sender_action": "typing_on"}
        await self._meta.post(corpo, classify)


async def probe(settings: InstagramSettings, deps: Deps) -> None:
    """Ask who the token is; raises `OutsideError`."""
    await MetaChannel(settings, deps, nome="instagram").probe(classify)
