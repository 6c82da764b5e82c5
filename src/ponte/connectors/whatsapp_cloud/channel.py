"""Channel: one mensagem becomes one message of the shop's number to one person.

Too many messages to one person (131056) keep that person waiting and nobody else; every
other rate limit is the number's own, and all wait.
"""

from collections.abc import Iterator, Mapping

from ponte.connectors.meta.classify import graph_error
from ponte.connectors.whatsapp_cloud import build
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
from ponte.domain.leitura import objeto, objetos, texto
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.domain.notificacao import clean
from ponte.errors import Adiado, DadosInvalidos, Problema
from ponte.ports import Deps
from ponte.resilience.classes import OK, Classe, OutsideError, Verdict
from ponte.resilience.exchange import Answer
from ponte.resilience.limiter import SlidingWindowRateLimiter

DESTINO = "whatsapp_cloud"
_TEMPLATE = {"modelo", "idioma", "parametros"}


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
        """Send one message; return WhatsApp's id of it.

        Raises:
            OutsideError: It was not taken.
            Adiado: This person must be left alone for a while; nothing was sent.
        """
        quem = mensagem.destinatario
        wait_s = self._pares.wait_s(quem)
        if wait_s > 0:
            raise Adiado(f"{DESTINO} leaves this recipient alone", retry_after_s=wait_s)
        request = build.send(self._settings, build.build(mensagem))
        answer = await self._http.send(request, classify_sent)
        if _is_pair_rate(answer):
            verdict = classify(answer)
            raise OutsideError(DESTINO, verdict=verdict, retry_after_s=self._pares.refuse(quem))
        self._pares.forget(quem)
        return message_id(answer)


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
        if not build.address(mensagem).startswith(("https://", "http://")):
            yield "conteudo.url", "an address that the platform can fetch"
        spoken = mensagem.tipo is TipoMensagem.AUDIO
        if spoken and not isinstance(conteudo, str) and conteudo.get("legenda"):
            yield "conteudo.legenda", "audio has no caption here"
    elif mensagem.tipo is TipoMensagem.RESPOSTA_RAPIDA and not isinstance(conteudo, str):
        yield from _broken_options(clean(mensagem.texto), conteudo.get("opcoes") or [])
    elif mensagem.tipo is TipoMensagem.EVENTO and not isinstance(conteudo, str):
        yield from _broken_template(conteudo)


def _broken_options(words: str, opcoes: list[str]) -> Iterator[tuple[str, str]]:
    if len(words) > MAX_INTERACTIVE:
        yield "conteudo.texto", f"at most {MAX_INTERACTIVE} characters beside options"
    if len(opcoes) <= MAX_BUTTONS:
        for i, opcao in enumerate(opcoes):
            if len(clean(opcao)) > MAX_BUTTON_TITLE:
                yield f"conteudo.opcoes.{i}", f"at most {MAX_BUTTON_TITLE} characters on a button"
    if len({build.option_id(clean(opcao)) for opcao in opcoes}) < len(opcoes):
        yield "conteudo.opcoes", "two are the same"


def _broken_template(conteudo: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for campo in sorted(conteudo.keys() - _TEMPLATE):
        yield f"conteudo.{campo[:50]}", "unknown field"
    if not _is_text(conteudo.get("modelo")):
        yield "conteudo.modelo", "the name of an approved template"
    if conteudo.get("idioma") is not None and not _is_text(conteudo["idioma"]):
        yield "conteudo.idioma", "a language such as pt_BR"
    parametros = conteudo.get("parametros")
    if parametros is None:
        return
    values = list(parametros.values()) if isinstance(parametros, Mapping) else parametros
    if not isinstance(values, list) or not all(map(_is_text, values)):
        yield "conteudo.parametros", "a list of texts, or an object of texts by name"


def _is_text(valor: object) -> bool:
    return isinstance(valor, str) and bool(valor.strip())
