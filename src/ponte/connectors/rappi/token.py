"""Token: the key to Rappi's API, asked for seldom.

A token lives about a week and Rappi limits how often one may be asked for. It is
renewed at 90 % of its life, by one caller while the others wait, and kept encrypted
so that a restart does not ask again.
Source: dev-portal.rappi.com, API reference "Authentication".
"""

import asyncio
from dataclasses import dataclass, field

from ponte.connectors.rappi.classify import classify
from ponte.connectors.rappi.settings import RappiSettings
from ponte.domain.leitura import inteiro, loads, objeto, texto
from ponte.ports import Deps
from ponte.resilience.classes import OK, Classe, OutsideError, Verdict
from ponte.resilience.http import Answer, Http, Request

RENEW_AT = 0.9  # contract: renewed at 90 % of `expires_in`
EXPIRES_IN_S = 3_600  # chosen: for an answer that does not say how long its token lives
TOKEN_TIMEOUT_S = 10.0


@dataclass(slots=True, repr=False)
class RappiToken:
    """The one token of a client, shared by every call of the process."""

    settings: RappiSettings
    http: Http
    deps: Deps
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _token: str | None = None
    _until_ms: int = 0

    async def get(self, *, refused: str | None = None) -> str:
        """Return a token that is good now, asking Rappi when there is none.

        Args:
            refused: A token that Rappi has just answered 401 to; it is not given again.

        Raises:
            OutsideError: Rappi gives none, or there are no credentials.
        """
        if self._is_good(refused):
            return self._token or ""
        async with self._lock:
            if not self._is_good(refused):
                await self._load()
            if not self._is_good(refused):
                await self._ask()
            return self._token or ""

    def _is_good(self, refused: str | None) -> bool:
        fresh = self.deps.now_ms() < self._until_ms
        return self._token is not None and fresh and self._token != refused

    @property
    def _name(self) -> str:
        return f"rappi:{self.settings.client_id}"

    async def _load(self) -> None:
        """Take what another process or an earlier life of this one has stored."""
        stored = await self.deps.tokens.get(self._name)
        if stored is not None:
            self._token, self._until_ms = stored

    async def _ask(self) -> None:
        request = self._request()
        answer = await self.http.send(request, classify_token)
        corpo = objeto(loads(answer.body))
        lifetime_s = inteiro(corpo.get("expires_in")) or EXPIRES_IN_S
        self._until_ms = self.deps.now_ms() + int(max(lifetime_s, 1) * 1000 * RENEW_AT)
        self._token = texto(corpo.get("access_token")) or ""
        await self.deps.tokens.put(self._name, self._token, expira_em_ms=self._until_ms)

    def _request(self) -> Request:
        segredo = self.settings.client_secret
        if not self.settings.client_id or segredo is None:
            raise OutsideError("rappi", verdict=Verdict(Classe.AUTH, "no client id or secret set"))
        chamada = self.settings.rotas.token(self.settings.client_id, segredo.get_secret_value())
        return Request(
            chamada.metodo,
            chamada.url,
            json=chamada.json,
            timeout_s=TOKEN_TIMEOUT_S,
            operation=chamada.nome,
        )


def classify_token(answer: Answer) -> Verdict:
    """Return the verdict of a token answer: 200 without a token is a fault of the other side."""
    verdict = classify(answer)
    if verdict.classe is not Classe.OK:
        return verdict
    token = texto(objeto(answer.json()).get("access_token"))
    return OK if token else Verdict(Classe.RETRY, "answer without a token")
