"""Channel: a mensagem becomes a direct message of the shop's account.

One call is one try. The exception is a token that X refuses: it is renewed and the same
call made once more, since the first did nothing. X knows no idempotency key; what it took
comes back by its webhook under the id that the answer would have told.
"""

import asyncio
import re
from collections.abc import Sequence

from ponte.connectors.x import assinatura, build, historia, midia
from ponte.connectors.x.classify import classify_sent
from ponte.connectors.x.conta import LEITURA, MENSAGENS, Conta
from ponte.connectors.x.limites import LIMITES
from ponte.connectors.x.settings import XSettings
from ponte.domain.evento import EventoDeCanal, Midia
from ponte.domain.leitura import objeto, objetos, texto
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.errors import DadosInvalidos, Problema
from ponte.ports import Deps
from ponte.resilience import destino

PAGES = 10  # chosen: a thousand messages; five calls of a window are left for the next time
PROBED_MS = 10 * 60_000  # chosen: X charges for a reading, and allows 15 in 15 minutes
_ID = re.compile(r"[0-9]{1,19}\Z", re.ASCII)  # documented: ids of users
_MIDIA = (TipoMensagem.IMAGEM, TipoMensagem.VIDEO)


class XChannel:
    """Write to people by the account of the settings.

    Args:
        settings: Of the connector.
        deps: What the runtime lends.
        sleep: Waits until X has looked at a medium.
    """

    def __init__(
        self, settings: XSettings, deps: Deps, *, sleep: midia.Sleep = asyncio.sleep
    ) -> None:
        self._settings = settings
        self._conta = Conta(settings, deps)
        self._redes = deps.redes
        self._sleep = sleep

    def check(self, mensagem: Mensagem) -> None:
        """Refuse what X would."""
        found = [Problema(campo, why) for campo, why in LIMITES.broken(mensagem)]
        if not _ID.match(mensagem.destinatario):
            found.append(Problema("destinatario", "a user's id in digits expected"))
        if mensagem.tipo in _MIDIA:
            why = destino.broken(mensagem.url, redes=self._redes)
            found += [] if why is None else [Problema("conteudo.url", why)]
        if not self._settings.can_send:
            found.append(Problema("canal", "no account set to write from"))
        if found:
            raise DadosInvalidos(*found)

    async def send(self, mensagem: Mensagem) -> str | None:
        """Send one message; return the id of its event.

        Raises:
            OutsideError: It was not taken.
        """
        media_id = None
        if mensagem.tipo in _MIDIA:
            meio = await midia.fetch(mensagem.url, redes=self._redes)
            media_id = await midia.put(self._conta, meio, sleep=self._sleep)
        body = build.message(mensagem, media_id=media_id)
        para = mensagem.destinatario
        answer = await self._conta.call(
            lambda token: build.send(self._settings, para, body, token=token),
            onde=MENSAGENS,
            judge=classify_sent,
        )
        return texto(objeto(objeto(answer.json()).get("data")).get("dm_event_id"))

    async def pull(self, *, desde_ms: int) -> Sequence[EventoDeCanal]:
        """Return what was written since then, oldest first; X keeps 30 days."""
        if not self._settings.can_send or self._settings.user_id is None:
            return []
        found: list[EventoDeCanal] = []
        after: str | None = None
        for _ in range(PAGES):
            page = await self._page(after)
            listed = list(historia.events(page, self._settings.user_id))
            found += [x for x in listed if (x.timestamp_ms or 0) >= desde_ms]
            after = texto(objeto(objeto(page).get("meta")).get("next_token"))
            times = [historia.moment(x) for x in objetos(objeto(page).get("data"))]
            if after is None or min((t for t in times if t is not None), default=0) < desde_ms:
                break
        return sorted(found, key=lambda x: x.timestamp_ms or 0)

    async def download(
        self,
        anexo: Midia,
        *,
        message_id: str,  # noqa: ARG002 - the door's
        instancia: str | None,  # noqa: ARG002 - the door's
    ) -> tuple[bytes, str]:
        """Return the bytes of a medium that somebody sent, and their type."""
        return await midia.download(self._conta, anexo.url)

    async def _page(self, after: str | None) -> object:
        answer = await self._conta.call(
            lambda token: build.events(self._settings, token=token, after=after), onde=LEITURA
        )
        return answer.json()


async def probe(settings: XSettings, deps: Deps) -> None:
    """Renew a token that is due; every ten minutes read one message and look after the webhook.

    Nothing is asked where nothing is sent. Between two readings only the token is looked at:
    X charges for each. What a reading told is shared by all processes.

    Raises:
        OutsideError: X does not answer as it should.
    """
    if not settings.can_send:
        return
    conta = Conta(settings, deps)
    await conta.guarda.get()
    if await deps.tokens.get(f"{conta.nome}:sonda") is not None:
        return
    await conta.call(lambda token: build.events(settings, token=token, most=1), onde=LEITURA)
    await assinatura.look_after(conta)
    until_ms = deps.now_ms() + PROBED_MS
    await deps.tokens.put(f"{conta.nome}:sonda", "well", expira_em_ms=until_ms)
