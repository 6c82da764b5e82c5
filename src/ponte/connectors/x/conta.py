"""Conta: the shop's account, by its token of two hours and the refresh token that goes once.

What such a token asks for stands in `guarda`. Each kind of call has a destination of its
own, since X counts them apart: a window that is used up for one holds up no other.
Source: https://docs.x.com/resources/fundamentals/authentication/oauth-2-0/authorization-code
"""

import hashlib

from ponte.connectors.x import build
from ponte.connectors.x.classify import classify, classify_grant, unless_refused
from ponte.connectors.x.limites import JANELA_S, LEITURAS
from ponte.connectors.x.settings import XSettings
from ponte.domain.leitura import inteiro, objeto, texto
from ponte.guarda import Guarda
from ponte.ports import Concessao, Deps
from ponte.resilience.exchange import Answer, Classify
from ponte.resilience.limiter import SlidingWindowRateLimiter

DESTINO, MENSAGENS, LEITURA = "x", "x_mensagens", "x_leitura"
UNAUTHORIZED = 401


class Conta:
    """One account, shared by every call that it makes."""

    def __init__(self, settings: XSettings, deps: Deps) -> None:
        self.settings = settings
        self.http = deps.http(DESTINO)
        self.mensagens = deps.http(MENSAGENS)
        self.mensagens.limit_to(SlidingWindowRateLimiter(settings.mensagens_em_15_min, JANELA_S))
        self.leitura = deps.http(LEITURA)
        self.leitura.limit_to(SlidingWindowRateLimiter(LEITURAS, JANELA_S))
        self.nome = _name(settings)
        self.guarda = Guarda(
            self.nome,
            tokens=deps.tokens,
            now_ms=deps.now_ms,
            renew=self._renew,
            semente=_seed(settings),
        )

    async def call(
        self,
        request: build.Made,
        *,
        onde: str = DESTINO,
        judge: Classify = classify,
    ) -> Answer:
        """Make one call; a refused token gets one new token and one repetition.

        Args:
            request: Builds it with a token.
            onde: Its destination.
            judge: What its answer means.

        Raises:
            OutsideError: it was not taken.
        """
        https = {DESTINO: self.http, MENSAGENS: self.mensagens, LEITURA: self.leitura}
        http = https[onde]
        token = await self.guarda.get()
        answer = await http.send(request(token), unless_refused(judge))
        if answer.status == UNAUTHORIZED:
            token = await self.guarda.get(refused=token)
            answer = await http.send(request(token), judge)
        return answer

    async def _renew(self, refresh_token: str) -> Concessao:
        request = build.renewal(self.settings, refresh_token)
        given = objeto((await self.http.send(request, classify_grant)).json())
        return Concessao(
            access_token=texto(given.get("access_token")) or "",
            refresh_token=texto(given.get("refresh_token")),
            vale_s=inteiro(given.get("expires_in")),
        )


def _name(settings: XSettings) -> str:
    """Return the place of the newest tokens; other credentials in the settings begin anew."""
    given = (settings.refresh_token, settings.access_token)
    seed = "\n".join(x.get_secret_value() if x else "" for x in given)
    return f"x:{settings.user_id}:{hashlib.sha256(seed.encode()).hexdigest()[:16]}"


def _seed(settings: XSettings) -> Concessao:
    access, refresh = settings.access_token, settings.refresh_token
    renews = refresh is not None and settings.client_id is not None
    return Concessao(
        access.get_secret_value() if access else "",
        refresh.get_secret_value() if refresh is not None and renews else None,
    )
