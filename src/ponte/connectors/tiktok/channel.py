"""Channel: a mensagem becomes a direct message in a conversation that the person began.

One call is one try. The exception is a token that TikTok refuses: it is renewed and the
same call made once more, since the first did nothing.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from ponte.connectors.tiktok import build, midia
from ponte.connectors.tiktok.classify import classify, classify_first, refuses_token
from ponte.connectors.tiktok.limites import LIMITES, TITULO
from ponte.connectors.tiktok.parse import parse
from ponte.connectors.tiktok.renewal import account
from ponte.connectors.tiktok.settings import TiktokSettings
from ponte.domain.evento import EventoDeCanal, Midia
from ponte.domain.leitura import Objeto, epoch_ms, inteiro, objeto, objetos, texto
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.errors import DadosInvalidos, Problema
from ponte.ports import Deps
from ponte.resilience import anexos
from ponte.resilience.classes import Classe, OutsideError, Verdict
from ponte.resilience.exchange import Answer, Request

DESTINO = "tiktok"
PAGES = 5  # documented: a hundred conversations a page and in all; a bound, should that change
_CONVERSATION = re.compile(r"[\x21-\x7e]{1,256}\Z")  # chosen: ids are base64 of about 30


class TiktokChannel:
    """Write to people who wrote to the Business Account."""

    def __init__(self, settings: TiktokSettings, deps: Deps) -> None:
        self._settings = settings
        self._http = deps.http(DESTINO)
        self._redes = deps.redes
        self._token = account(settings, deps)

    def check(self, mensagem: Mensagem) -> None:
        """Refuse what Business Messaging would."""
        found = [Problema(campo, why) for campo, why in LIMITES.broken(mensagem)]
        if not _CONVERSATION.match(mensagem.destinatario):
            found.append(Problema("destinatario", "the id of a conversation expected"))
        card = mensagem.tipo is TipoMensagem.RESPOSTA_RAPIDA
        if card and len(mensagem.texto) > TITULO:
            found.append(Problema("conteudo.texto", f"at most {TITULO} characters above buttons"))
        picture = mensagem.tipo is TipoMensagem.IMAGEM
        why = midia.broken(mensagem, redes=self._redes) if picture else None
        if why is not None:
            found.append(Problema("conteudo.url", why))
        if not self._settings.can_send:
            found.append(Problema("canal", "no Business Account set to write from"))
        if found:
            raise DadosInvalidos(*found)

    async def send(self, mensagem: Mensagem) -> str | None:
        """Send one message.

        Raises:
            OutsideError: It was not taken.
        """
        body = build.message(self._settings, mensagem, media_id=await self._uploaded(mensagem))
        answer = await self._call(
            lambda token: build.send(self._settings, body, token=token, para="send_message")
        )
        return texto(objeto(_data(answer).get("message")).get("message_id"))

    async def _uploaded(self, mensagem: Mensagem) -> str | None:
        """Upload a picture and return TikTok's id of it; once more is harmless."""
        if mensagem.tipo is not TipoMensagem.IMAGEM:
            return None
        arquivo = await midia.picture(mensagem, redes=self._redes)
        answer = await self._call(lambda token: build.upload(self._settings, arquivo, token=token))
        return texto(_data(answer).get("media_id"))

    async def download_of(
        self, found: Midia, /, *, conversa: str, message_id: str
    ) -> tuple[bytes, str]:
        """Return the bytes of a picture or a video that somebody sent, and their type."""
        asked = {
            "conversation_id": conversa,
            "message_id": message_id,
            "media_id": found.id or "",
            "media_type": "VIDEO" if found.kind == "video" else "IMAGE",
        }
        answer = await self._call(lambda token: build.medium(self._settings, asked, token=token))
        url = texto(_data(answer).get("download_url")) or ""
        if not anexos.is_own(url, hosts=midia.HOSTS, base_url=self._settings.business_url):
            # The token goes along, and to nobody else.
            verdict = Verdict(Classe.GONE, "no address of TikTok's")
            raise OutsideError(DESTINO, verdict=verdict)
        token = await self._token.get()
        answer = await self._http.send(build.fetch(url, token=token), anexos.classify)
        return answer.body, anexos.mime(answer) or anexos.OCTETS

    async def show_typing(self, destinatario: str, *, instancia: str | None) -> None:
        """Show it for a moment."""
        del instancia  # one Business Account
        body = build.typing(self._settings, destinatario)
        await self._call(
            lambda token: build.send(self._settings, body, token=token, para="show_typing")
        )

    async def pull(self, *, desde_ms: int) -> Sequence[EventoDeCanal]:
        """Return what was written since then, oldest first; TikTok keeps 20 of a conversation."""
        found: list[EventoDeCanal] = []
        for tipo in ("STRANGER", "SINGLE"):
            for conversa in await self._conversations(tipo, desde_ms=desde_ms):
                found += await self._messages(conversa)
        since = [x for x in found if (x.timestamp_ms or 0) >= desde_ms]
        return sorted(since, key=lambda x: x.timestamp_ms or 0)

    async def probe(self) -> None:
        """Ask for something small with the token; raises `OutsideError` when it is not given."""
        await self._call(lambda token: build.presence(self._settings, token=token))

    async def _conversations(self, tipo: str, *, desde_ms: int) -> list[str]:
        """Return the conversations in which something was written since then."""
        found: list[str] = []
        cursor = 0
        for _ in range(PAGES):
            at = cursor
            data = _data(
                await self._call(
                    lambda token, at=at: build.conversations(  # type: ignore[misc]
                        self._settings, tipo, token=token, cursor=at
                    )
                )
            )
            for conversa in objetos(data.get("conversations")):
                conversa_id = texto(conversa.get("conversation_id"))
                if conversa_id and (epoch_ms(conversa.get("update_time")) or 0) >= desde_ms:
                    found.append(conversa_id)
            after = inteiro(data.get("cursor"))
            if data.get("has_more") is not True or after is None or after <= cursor:
                break
            cursor = after
        return found

    async def _messages(self, conversa: str) -> list[EventoDeCanal]:
        answer = await self._call(
            lambda token: build.contents(self._settings, conversa, token=token)
        )
        account = self._settings.business_id
        return [
            evento
            for message in objetos(_data(answer).get("messages"))
            for evento in parse(_as_webhook(message, account), self._settings)
        ]

    async def _call(self, request: Callable[[str], Request]) -> Answer:
        """Make one call; a refused token gets one new token and one repetition."""
        token = await self._token.get()
        answer = await self._http.send(request(token), classify_first)
        if refuses_token(answer):
            token = await self._token.get(refused=token)
            answer = await self._http.send(request(token), classify)
        return answer


def _as_webhook(message: Objeto, account: str | None) -> bytes:
    """Return a listed message in the form in which it would have come by webhook."""
    own = texto(objeto(message.get("from_user")).get("id")) == account
    content: dict[str, Any] = {
        **message,
        "from": message.get("sender"),
        "to": message.get("recipient"),
    }
    name = "im_send_msg" if own else "im_receive_msg"
    return json.dumps({"event": name, "user_openid": account, "content": content}).encode()


def _data(answer: Answer) -> Objeto:
    return objeto(objeto(answer.json()).get("data"))


async def probe(settings: TiktokSettings, deps: Deps) -> None:
    """Ask TikTok whether the token is good; raises `OutsideError` when it does not say so."""
    await TiktokChannel(settings, deps).probe()
