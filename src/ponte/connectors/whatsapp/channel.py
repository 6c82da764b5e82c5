"""Channel: one mensagem becomes one message of an instance, at the pace that keeps it unbanned.

A number is asked about before its first message, since WhatsApp may know it without its
ninth digit; an address that WhatsApp gave is used as it stands. Each call is one try.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from ponte.connectors.whatsapp import historia, respostas
from ponte.connectors.whatsapp.build import build, call, numbered, typing
from ponte.connectors.whatsapp.classify import classify
from ponte.connectors.whatsapp.jid import jid, variants
from ponte.connectors.whatsapp.limites import LIMITES
from ponte.connectors.whatsapp.numeros import Numeros, address_in
from ponte.connectors.whatsapp.settings import WhatsAppSettings
from ponte.domain.evento import EventoDeCanal, Midia
from ponte.domain.leitura import Objeto
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.errors import DadosInvalidos, Problema
from ponte.ports import Deps
from ponte.resilience.classes import Classe, OutsideError, Verdict
from ponte.resilience.exchange import Answer
from ponte.resilience.http import Http
from ponte.resilience.limiter import SlidingWindowRateLimiter

DESTINO = "whatsapp"
REPLY_BYTES = 16 * 1024 * 1024  # chosen: 10 MiB of a medium (RELIABILITY) in base64, and its frame
DOWNLOAD_TIMEOUT_S = 25.0  # chosen: shorter than a request's 30 s
_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]{6,24}\Z", re.ASCII)
_JID = re.compile(r"[0-9][0-9-]{4,40}@(?:s\.whatsapp\.net|g\.us|lid|c\.us)\Z", re.ASCII)
_URL = re.compile(r"https?://\S+\Z|data:[^,]*;base64,", re.IGNORECASE)
_MEDIA = {TipoMensagem.IMAGEM, TipoMensagem.AUDIO, TipoMensagem.VIDEO, TipoMensagem.DOCUMENTO}


class WhatsAppChannel:
    """Write to people and groups through the instances of one server.

    Each instance is a destination of its own: a telephone that WhatsApp banned, or that hangs,
    keeps no other from writing.
    """

    def __init__(self, settings: WhatsAppSettings, deps: Deps) -> None:
        self._settings = settings
        self._http = deps.http(DESTINO)
        self._now_ms = deps.now_ms
        self._numeros = Numeros()
        self._http.partes.on_open(_pace)

    # ------------------------------------------------------------ writing

    def check(self, mensagem: Mensagem) -> None:
        """Refuse what could not be sent."""
        problemas = [Problema(campo, why) for campo, why in LIMITES.broken(mensagem)]
        to = mensagem.destinatario.strip()
        if not _NUMBER.match(to) and not _JID.match(to):
            problemas.append(Problema("destinatario", "a number with country code expected"))
        if not (mensagem.instancia or self._settings.instance):
            problemas.append(Problema("instancia", "none named, and no default set"))
        problemas += self._wrong_content(mensagem)
        if problemas:
            raise DadosInvalidos(*problemas)

    def _wrong_content(self, mensagem: Mensagem) -> list[Problema]:
        conteudo = mensagem.conteudo
        if mensagem.tipo in _MEDIA:
            if not _URL.match(mensagem.url):
                return [Problema("conteudo.url", "http://, https:// or base64 data expected")]
            if mensagem.tipo is TipoMensagem.AUDIO and mensagem.texto and mensagem.url != conteudo:
                return [Problema("conteudo.legenda", "a voice note has no caption")]
        if mensagem.tipo is TipoMensagem.RESPOSTA_RAPIDA and not isinstance(conteudo, str):
            whole = numbered(mensagem.texto, conteudo.get("opcoes") or [])
            if LIMITES.weigh(whole) > LIMITES.texto:
                return [Problema("conteudo", f"at most {LIMITES.texto} characters with options")]
        return []

    async def send(self, mensagem: Mensagem) -> str | None:
        """Send one message; return WhatsApp's id of it.

        Raises:
            OutsideError: It was not taken, or nobody has this number there.
            Adiado: The instance's pace or its breaker says to wait; nothing was sent.
        """
        instancia = self._instance(mensagem.instancia)
        numero = mensagem.destinatario
        number = await self._address(numero, instancia)
        request = build(mensagem, self._settings, instancia=instancia, number=number)

        def judge(answer: Answer) -> Verdict:
            verdict = classify(answer)
            if verdict.classe is Classe.RECIPIENT_UNREACHABLE:
                self._numeros.forget(_digits(numero))
            return verdict

        return respostas.message_id(await self._http.part(instancia).send(request, judge))

    async def show_typing(self, destinatario: str, *, instancia: str | None) -> None:
        """Show for a second that an answer is being written."""
        own = self._instance(instancia)
        number = await self._address(destinatario, own)
        request = replace(typing(self._settings, instancia=own, number=number), paced=False)
        await self._http.part(own).send(request, classify)

    async def _address(self, destinatario: str, instancia: str) -> str:
        """Return the address that WhatsApp knows; it is asked for once in 30 days."""
        if "@" in destinatario:
            return jid(destinatario) or destinatario
        numero = _digits(destinatario)
        found = self._numeros.get(numero, now_ms=self._now_ms())
        if found is not None:
            return found
        body = {"numbers": list(variants(numero))}
        request = call(self._settings, "chat/whatsappNumbers", instancia=instancia, json=body)
        http = self._http.part(instancia)
        found = address_in(await http.send(replace(request, paced=False), classify))
        if found is None:
            verdict = Verdict(Classe.RECIPIENT_UNREACHABLE, "not on WhatsApp")
            raise OutsideError(DESTINO, verdict=verdict)
        self._numeros.put(numero, found, now_ms=self._now_ms())
        return found

    def _instance(self, instancia: str | None) -> str:
        return instancia or self._settings.instance or ""

    # ------------------------------------------------------------ reading

    async def pull(self, *, desde_ms: int) -> Sequence[EventoDeCanal]:
        """Return what every instance that the key may see wrote down since then."""
        answer = await self._http.send(call(self._settings, "instance/fetchInstances"), classify)
        found: list[EventoDeCanal] = []
        for instancia in respostas.instances(answer):
            records = await self._records(instancia.nome, desde_ms)
            found += historia.events(instancia.nome, records)
        return sorted(found, key=lambda x: x.timestamp_ms or desde_ms)

    async def _records(self, instancia: str, desde_ms: int) -> list[Objeto]:
        found: list[Objeto] = []
        for page in range(1, historia.MAX_PAGES + 1):
            body = historia.query(desde_ms, ate_ms=self._now_ms() + 60_000, page=page)
            request = call(self._settings, "chat/findMessages", instancia=instancia, json=body)
            answer = await self._http.send(replace(request, reply_bytes=REPLY_BYTES), classify)
            records = respostas.records(answer)
            fresh = historia.since(records, desde_ms)
            found += fresh
            if len(fresh) < len(records) or not records or page >= respostas.pages(answer):
                break
        return found

    async def download(
        self, midia: Midia, *, message_id: str, instancia: str | None
    ) -> tuple[bytes, str]:
        """Return the bytes of a medium and their type.

        Those that came with the webhook need no call. The address of a bucket is not
        followed: it stands in a body, and Evolution has the same bytes.

        Raises:
            OutsideError: Evolution does not have them (any more).
        """
        inline = respostas.decoded(midia.inline_base64) if midia.inline_base64 else None
        if inline is not None:
            return inline, midia.mime or respostas.OCTETS
        body = {"message": {"key": {"id": message_id}}, "convertToMp4": False}
        request = call(
            self._settings,
            "chat/getBase64FromMediaMessage",
            instancia=self._instance(instancia),
            json=body,
            timeout_s=DOWNLOAD_TIMEOUT_S,
        )
        answer = await self._http.send(
            replace(request, reply_bytes=REPLY_BYTES), respostas.classify_media
        )
        return respostas.media(answer) or (b"", respostas.OCTETS)


def _pace(_instancia: str, http: Http) -> None:
    """Give a telephone its own pace, in all processes together where they share it."""
    http.limit_to(SlidingWindowRateLimiter(LIMITES.mensagens or 1, LIMITES.por_s))


def _digits(numero: str) -> str:
    return re.sub(r"\D", "", numero, flags=re.ASCII)


async def probe(settings: WhatsAppSettings, deps: Deps) -> None:
    """Ask the server for its instances, and whether the default one is paired."""
    http = deps.http(DESTINO)
    if not settings.instance:
        await http.send(call(settings, "instance/fetchInstances"), classify)
        return
    request = call(settings, "instance/connectionState", instancia=settings.instance)
    estado = respostas.state(await http.send(request, classify))
    if estado != "aberta":
        # A telephone that is unpaired needs a person; one that connects needs a moment.
        classe = Classe.RETRY if estado == "conectando" else Classe.AUTH
        raise OutsideError(DESTINO, verdict=Verdict(classe, f"instance {estado}"))
