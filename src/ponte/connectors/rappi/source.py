"""Source: Rappi as a marketplace whose documents become pedidos.

Each call is one try: the step that asked owns the tries. The one exception is a 401,
where a new token is fetched once and the same call is made once more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import structlog

from ponte.connectors.rappi.build import Chamada
from ponte.connectors.rappi.classify import classify, classify_transition
from ponte.connectors.rappi.divisor import divide
from ponte.connectors.rappi.parse import read
from ponte.connectors.rappi.settings import RappiSettings
from ponte.connectors.rappi.token import RappiToken
from ponte.domain.leitura import in_zone, lower, objeto, split
from ponte.domain.origem import DocumentoNeutro, EventoNeutro, PedidoNeutro
from ponte.errors import Permanente
from ponte.ports import Deps
from ponte.resilience.classes import OK, Classe, OutsideError, Verdict
from ponte.resilience.http import Answer, Request

DESTINO = "rappi"
CALL_TIMEOUT_S = 10.0  # chosen: an order is lost after 240 s, so three tries must fit well in
DEPRECATION = ("x-rappi-api-deprecation-date", "x-rappi-api-deprecation-info")

log = structlog.get_logger(__name__)
Classify = Callable[[Answer], Verdict]


class RappiSource:
    """Read orders, accept them, and switch products on and off."""

    def __init__(self, settings: RappiSettings, deps: Deps) -> None:
        self._settings = settings
        self._rotas = settings.rotas
        self._http = deps.http(DESTINO)
        self._token = RappiToken(settings, self._http, deps)
        self.deprecated: dict[str, str] = {}

    # ------------------------------------------------------------ reading

    def parse(self, evento: str, corpo: bytes) -> Sequence[DocumentoNeutro]:
        """Translate a stored body.

        Raises:
            Permanente: nothing in it can be read; it stays stored with this reason.
        """
        documentos = [self._settled(x) for x in read(evento, corpo)]
        unread = [x for x in documentos if is_unreadable(x)]
        if unread and len(unread) == len(documentos):
            first = unread[0]
            raise Permanente(f"Rappi {evento}: {getattr(first, 'motivo', '')}")
        return documentos

    def filial(self, loja: str | None) -> str | None:
        """Return the filial of a shop by Rappi's id or by the merchant's."""
        mapeada = self._settings.loja(loja)
        return None if mapeada is None else mapeada.filial_id

    def lojas(self) -> Mapping[str, str]:
        return {x.plataforma_id: x.filial_id for x in self._settings.stores}

    def _settled(self, documento: DocumentoNeutro) -> DocumentoNeutro:
        """Return it in reais, and with the zone of the shop where a time had none."""
        zona = ZoneInfo(self._settings.timezone)
        if isinstance(documento, EventoNeutro):
            return replace(
                documento,
                em=in_zone(documento.em, zona),
                agendado_para=in_zone(documento.agendado_para, zona),
            )
        loja = documento.loja
        pedido = divide(documento, self._settings.divisor_of(loja.plataforma_id, loja.parceiro_id))
        return replace(
            pedido,
            criado_em=in_zone(pedido.criado_em, zona),
            agendado_para=in_zone(pedido.agendado_para, zona),
        )

    # ------------------------------------------------------------ calling

    async def take(self, pedido_externo: str, *, loja: str | None) -> None:
        """Accept an order; one that is past accepting (400) is left as it is.

        Args:
            pedido_externo: Rappi's id of the order.
            loja: The shop by either of its ids; only the new routes need it.

        Raises:
            OutsideError: Rappi did not accept the call.
        """
        mapeada = self._settings.loja(loja)
        plataforma_id = loja if mapeada is None else mapeada.plataforma_id
        chamada = self._rotas.take(pedido_externo, loja=plataforma_id)
        answer = await self._call(chamada, classify_transition)
        if answer.status == 400:
            estado = await self.last_event(pedido_externo)
            log.info("order past accepting", pedido_externo=pedido_externo, estado=estado)

    async def last_event(self, pedido_externo: str) -> str | None:
        """Return the newest event of an order's history, None where Rappi does not tell."""
        answer = await self._call(self._rotas.events(pedido_externo), lambda _answer: OK)
        historia = answer.json()
        if not isinstance(historia, list) or not historia:
            return None
        newest = max(map(objeto, historia), key=lambda x: lower(x.get("event_time")) or "")
        return lower(newest.get("event"))

    async def pull(self) -> Sequence[tuple[str, bytes]]:
        """Fetch orders that a webhook may have missed, each as the bytes it was sent with.

        `GET /orders` comes last, since it hands out each order once: when anything
        before it fails, nothing was handed out. What is lost between here and the
        store comes again from the list of the last 10 minutes.
        """
        sent = await self._orders(self._rotas.orders_sent())
        new = await self._orders(self._rotas.orders())
        return [("new_order", corpo) for corpo in (*sent, *new)]

    async def switch(self, *, loja: str, on: Sequence[str], off: Sequence[str]) -> None:
        """Switch items of a shop by SKU; a repeat is harmless, the last state wins."""
        mapeada = self._settings.loja(loja)
        registrada = loja if mapeada is None else mapeada.parceiro_id
        for chamada in self._rotas.availability(registrada, on=on, off=off):
            await self._call(chamada, classify)

    async def probe(self) -> None:
        """Prove token and route by a call that changes nothing."""
        await self._call(self._rotas.stores(), classify)

    async def _orders(self, chamada: Chamada) -> list[bytes]:
        answer = await self._call(chamada, classify)
        if not isinstance(answer.json(), list):
            raise OutsideError(DESTINO, verdict=Verdict(Classe.RETRY, "answer without a list"))
        return split(answer.body)

    async def _call(self, chamada: Chamada, judge: Classify) -> Answer:
        """Make one call; a 401 gets one new token and one repetition."""
        token = await self._token.get()
        # The first 401 only says that the token is used up, so it is let through here.
        answer = await self._http.send(
            self._request(chamada, token), lambda x: OK if x.status == 401 else judge(x)
        )
        if answer.status == 401:
            token = await self._token.get(refused=token)
            answer = await self._http.send(self._request(chamada, token), judge)
        self._note_deprecation(chamada, answer)
        return answer

    def _request(self, chamada: Chamada, token: str) -> Request:
        return Request(
            chamada.metodo,
            chamada.url,
            json=chamada.json,
            headers={"x-authorization": f"{self._settings.token_prefix}{token}"},
            timeout_s=CALL_TIMEOUT_S,
            operation=chamada.nome,
        )

    def _note_deprecation(self, chamada: Chamada, answer: Answer) -> None:
        words = " ".join(answer.headers[x] for x in DEPRECATION if x in answer.headers)
        if words and chamada.nome not in self.deprecated:
            self.deprecated[chamada.nome] = words
            log.warning("route will go away", destino=DESTINO, rota=chamada.nome, aviso=words)


def is_unreadable(documento: DocumentoNeutro) -> bool:
    """Tell what stands for a document that could not be read."""
    return not isinstance(documento, PedidoNeutro) and documento.evento == "unreadable"
