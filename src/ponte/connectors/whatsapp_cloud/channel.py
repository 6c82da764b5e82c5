"""Channel: one mensagem becomes one message of the shop's number to one person.

Too many messages to one person (131056) keep that person waiting and nobody else; every
other rate limit is the number's own, and all wait.
"""

from collections.abc import Iterator

from ponte.connectors.meta import midia
from ponte.connectors.meta.classify import graph_error
from ponte.connectors.whatsapp_cloud import build, eventos
from ponte.connectors.whatsapp_cloud.classify import PAIR_RATE, classify
from ponte.connectors.whatsapp_cloud.limites import (
    LIMITES,
    MAX_BUTTON_TITLE,
    MAX_BUTTONS,
    MAX_INTERACTIVE,
)
from ponte.connectors.whatsapp_cloud.par import Pares
from ponte.connectors.whatsapp_cloud.pessoa import is_address
from ponte.connectors.whatsapp_cloud.settings import WhatsAppCloudSettings
from ponte.domain.evento import Midia
from ponte.domain.leitura import inteiro, objeto, objetos, texto
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.domain.notificacao import clean
from ponte.errors import Adiado, DadosInvalidos, Problema
from ponte.ports import Deps
from ponte.resilience.classes import OK, Classe, OutsideError, Verdict
from ponte.resilience.exchange import Answer
from ponte.resilience.formulario import inline, is_inline
from ponte.resilience.limiter import SlidingWindowRateLimiter

DESTINO = "whatsapp_cloud"


class WhatsAppCloudChannel:
    """Write to people from one number."""

    def __init__(self, settings: WhatsAppCloudSettings, deps: Deps) -> None:
        self._settings = settings
        self._http = deps.http(DESTINO)
        self._http.limit_to(SlidingWindowRateLimiter(LIMITES.mensagens or 1, LIMITES.por_s))
        self._pares = Pares(deps.now_ms)

    def check(self, mensagem: Mensagem) -> None:
        """Refuse what the platform would, and everything while nothing can go out."""
        if not self._settings.sends:
            raise DadosInvalidos(
                Problema("canal", f"{DESTINO} has no ACCESS_TOKEN or no PHONE_NUMBER_ID")
            )
        found = [*LIMITES.broken(mensagem), *_broken(mensagem)]
        if not is_address(mensagem.destinatario):
            found.append(("destinatario", "digits with country code, or an id such as BR.123"))
        if found:
            raise DadosInvalidos(*(Problema(campo, porque) for campo, porque in found))

    async def send(self, mensagem: Mensagem) -> str | None:
        """Send one message; return WhatsApp's id of it, None for a read mark, which has none.

        Raises:
            OutsideError: It was not taken.
            Adiado: This person must be left alone for a while; nothing was sent.
        """
        quem = mensagem.destinatario
        wait_s = self._pares.wait_s(quem)
        if wait_s > 0:
            raise Adiado(f"{DESTINO} leaves this recipient alone", retry_after_s=wait_s)
        if not isinstance(mensagem.conteudo, str) and eventos.is_read_mark(mensagem.conteudo):
            mark = build.send(self._settings, eventos.read_mark(mensagem.conteudo))
            await self._http.send(mark, classify)
            return None
        body = build.build(mensagem, media_id=await self._uploaded(mensagem))
        answer = await self._http.send(build.send(self._settings, body), classify_sent)
        if _is_pair_rate(answer):
            verdict = classify(answer)
            raise OutsideError(DESTINO, verdict=verdict, retry_after_s=self._pares.refuse(quem))
        self._pares.forget(quem)
        return message_id(answer)

    async def _uploaded(self, mensagem: Mensagem) -> str | None:
        """Upload the bytes that a mensagem holds itself; return Meta's id of them.

        Uploading again after a try that failed is harmless: nobody sees what is not sent.
        """
        url = mensagem.url if mensagem.tipo in build.MEDIA else ""
        if not is_inline(url):
            return None
        conteudo = mensagem.conteudo
        nome = "" if isinstance(conteudo, str) else str(conteudo.get("nome") or "")
        arquivo = inline(url, nome=nome)
        if arquivo is None:
            raise OutsideError(DESTINO, verdict=Verdict(Classe.INVALID_REQUEST, "no base64"))
        answer = await self._http.send(build.upload(self._settings, arquivo), _classify_upload)
        return texto(objeto(answer.json()).get("id"))

    async def download(
        self,
        anexo: Midia,
        *,
        message_id: str,  # noqa: ARG002 - the door's
        instancia: str | None,  # noqa: ARG002 - the door's
    ) -> tuple[bytes, str]:
        """Return the bytes of a medium and their type: where it lies is asked for first.

        Raises:
            OutsideError: Meta does not have them (any more), or they are too many.
        """
        if anexo.id is None or not build.MEDIA_ID.match(anexo.id):
            raise OutsideError(DESTINO, verdict=Verdict(Classe.GONE, "no id of a medium"))
        answer = await self._http.send(build.medium(self._settings, anexo.id), classify)
        about = objeto(answer.json())
        if (inteiro(about.get("file_size")) or 0) > midia.MAX_BYTES:
            verdict = Verdict(Classe.INVALID_REQUEST, f"more than {midia.MAX_BYTES} bytes")
            raise OutsideError(DESTINO, verdict=verdict)
        corpo, found = await midia.download(
            self._http,
            texto(about.get("url")),
            base_url=self._settings.base_url,
            headers=self._settings.headers,
        )
        return corpo, texto(about.get("mime_type")) or found


def classify_sent(answer: Answer) -> Verdict:
    """Return the verdict of a sending: without an id it was none.

    What concerns one recipient alone is let through here: as a rate limit it could silence
    the whole number.
    """
    if _is_pair_rate(answer):
        return OK
    verdict = classify(answer)
    if verdict.classe is not Classe.OK or message_id(answer):
        return verdict
    return Verdict(Classe.RETRY, "2xx without a message id", unknown_outcome=True)


def _classify_upload(answer: Answer) -> Verdict:
    verdict = classify(answer)
    if verdict.classe is not Classe.OK or texto(objeto(answer.json()).get("id")):
        return verdict
    return Verdict(Classe.RETRY, "2xx without an id")


def message_id(answer: Answer) -> str | None:
    """Return the id of what was sent; None where the answer names none."""
    found = objetos(objeto(answer.json()).get("messages"))
    return texto(found[0].get("id")) if found else None


async def probe(settings: WhatsAppCloudSettings, deps: Deps) -> None:
    """Read the shop's number; raises `OutsideError`. Nothing is asked where nothing is sent."""
    if settings.sends:
        await deps.http(DESTINO).send(build.number(settings), classify)


def _is_pair_rate(answer: Answer) -> bool:
    error = graph_error(answer)
    return error is not None and error.code == PAIR_RATE


def _broken(mensagem: Mensagem) -> Iterator[tuple[str, str]]:
    """Yield what this platform refuses beyond its plain limits."""
    conteudo = mensagem.conteudo
    if mensagem.tipo in build.MEDIA:
        url = mensagem.url
        known = url.startswith(("https://", "http://")) or build.MEDIA_ID.match(url)
        if not known and inline(url) is None:
            yield "conteudo.url", "http://, https://, data:…;base64, or Meta's id of a medium"
        spoken = mensagem.tipo is TipoMensagem.AUDIO
        if spoken and not isinstance(conteudo, str) and conteudo.get("legenda"):
            yield "conteudo.legenda", "audio has no caption here"
    elif mensagem.tipo is TipoMensagem.RESPOSTA_RAPIDA and not isinstance(conteudo, str):
        yield from _broken_options(clean(mensagem.texto), conteudo.get("opcoes") or [])
    elif mensagem.tipo is TipoMensagem.EVENTO and not isinstance(conteudo, str):
        yield from eventos.broken(conteudo)


def _broken_options(words: str, opcoes: list[str]) -> Iterator[tuple[str, str]]:
    if len(words) > MAX_INTERACTIVE:
        yield "conteudo.texto", f"at most {MAX_INTERACTIVE} characters beside options"
    if len(opcoes) <= MAX_BUTTONS:
        for i, opcao in enumerate(opcoes):
            if len(clean(opcao)) > MAX_BUTTON_TITLE:
                yield f"conteudo.opcoes.{i}", f"at most {MAX_BUTTON_TITLE} characters on a button"
    if len({build.option_id(clean(opcao)) for opcao in opcoes}) < len(opcoes):
        yield "conteudo.opcoes", "two are the same"
