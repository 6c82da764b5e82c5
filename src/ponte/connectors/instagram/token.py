"""Token: the key of Instagram Login, which lives 60 days and is renewed long before its end.

It renews itself, and the old one stays good: nothing is used up, so two processes that
renew at once do no harm. How old the one in the settings is nobody knows; it is renewed a
day after it was first seen. The one rule: a renewal that fails stops nothing. The token in
hand serves until Instagram refuses it, and the renewal is tried again each hour.
Source: https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token
"""

import asyncio
import hashlib
from dataclasses import dataclass, field
from urllib.parse import urlencode

import orjson
import structlog

from ponte.connectors.instagram.classify import classify
from ponte.connectors.instagram.settings import InstagramSettings
from ponte.domain.leitura import inteiro, objeto, texto
from ponte.errors import PonteError
from ponte.ports import Deps
from ponte.resilience.classes import OK, Classe, Verdict
from ponte.resilience.exchange import Answer, Request

log = structlog.get_logger(__name__)
DAY_MS = 86_400_000  # documented: a token must be so old to be renewed
LIFE_MS = 60 * DAY_MS  # documented: the life of a long-lived token
RENEW_AT = 0.5  # chosen: a month is left in which a renewal that fails can be mended
AGAIN_MS = 3_600_000  # chosen: so soon a renewal that failed is tried again
WARN_MS = 14 * DAY_MS  # chosen: so long before its end a person is told
GRACE_MS = 2 * DAY_MS  # chosen: so long one may fail of which nobody knows the end
FOREVER_MS = 4_102_444_800_000  # 2100


@dataclass(frozen=True, slots=True)
class Chave:
    """A token; times in epoch milliseconds, `fim_ms` 0 where Instagram did not tell its end."""

    access: str = field(repr=False)
    renovar_ms: int
    fim_ms: int = 0


@dataclass(frozen=True, slots=True)
class Espera:
    """Since when a token is known here, and when its renewal is next tried."""

    vista_ms: int
    depois_ms: int
    falhou: bool = False


@dataclass(slots=True, repr=False)
class InstagramToken:
    """The token of one account, shared by every call of the process."""

    settings: InstagramSettings
    deps: Deps
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _chave: Chave | None = None
    _espera: Espera | None = None

    async def get(self, *, refused: str | None = None) -> str:
        """Return the newest token, renewed when its time has come.

        Args:
            refused: A token that Instagram has just not taken; it comes back only where
                nobody stored a newer one.
        """
        if self.settings.login != "instagram":
            return self._given
        if self._chave is None or self._chave.access == refused or self._is_due():
            async with self._lock:
                self._chave = await self._load()
                if self._is_due():
                    self._chave = await self._renewed(self._chave)
        return self._chave.access

    @property
    def ends_ms(self) -> int | None:
        """The end of a token that could not be renewed, where a person must act soon."""
        chave, espera, now_ms = self._chave, self._espera, self.deps.now_ms()
        if chave is None or espera is None or not espera.falhou:
            return None
        if chave.fim_ms:
            return chave.fim_ms if chave.fim_ms - now_ms < WARN_MS else None
        return espera.vista_ms + LIFE_MS if now_ms - espera.vista_ms > GRACE_MS else None

    def _is_due(self) -> bool:
        chave, espera, now_ms = self._chave, self._espera, self.deps.now_ms()
        waits = espera is not None and now_ms < espera.depois_ms
        return chave is not None and now_ms >= chave.renovar_ms and not waits

    @property
    def _given(self) -> str:
        token = self.settings.access_token
        return token.get_secret_value() if token else ""

    @property
    def _name(self) -> str:
        """The place of the newest token; another one in the settings begins a new place."""
        return f"instagram:{hashlib.sha256(self._given.encode()).hexdigest()[:16]}"

    async def _load(self) -> Chave:
        """Return what was stored last, by whichever process; at first what the settings say."""
        stored = await self.deps.tokens.get(f"{self._name}:espera")
        if stored is None:
            now_ms = self.deps.now_ms()
            await self._wait(Espera(now_ms, depois_ms=now_ms + DAY_MS))
        else:
            self._espera = Espera(**orjson.loads(stored[0]))
        newest = await self.deps.tokens.get(self._name)
        return Chave(self._given, 0) if newest is None else Chave(**orjson.loads(newest[0]))

    async def _renewed(self, chave: Chave) -> Chave:
        now_ms = self.deps.now_ms()
        vista_ms = self._espera.vista_ms if self._espera else now_ms
        try:
            answer = await self.deps.http("instagram").send(
                self._request(chave.access), classify_grant
            )
        except PonteError as error:  # whatever it is, the token in hand is the best one
            log.warning("token not renewed, tried again", conector="instagram", erro=str(error))
            await self._wait(Espera(vista_ms, depois_ms=now_ms + AGAIN_MS, falhou=True))
            return chave
        new = _granted(answer, now_ms=now_ms)
        kept = {name: getattr(new, name) for name in Chave.__slots__}
        await self.deps.tokens.put(self._name, orjson.dumps(kept).decode(), expira_em_ms=new.fim_ms)
        await self._wait(Espera(vista_ms, depois_ms=new.renovar_ms))
        return new

    async def _wait(self, espera: Espera) -> None:
        kept = {name: getattr(espera, name) for name in Espera.__slots__}
        text = orjson.dumps(kept).decode()
        await self.deps.tokens.put(f"{self._name}:espera", text, expira_em_ms=FOREVER_MS)
        self._espera = espera

    def _request(self, access: str) -> Request:
        query = urlencode({"grant_type": "ig_refresh_token", "access_token": access})
        url = f"{self.settings.base_url}/refresh_access_token?{query}"
        return Request("GET", url, operation="refresh_token")


def classify_grant(answer: Answer) -> Verdict:
    """Return the verdict of a renewal: 200 without a token is a fault of the other side."""
    verdict = classify(answer)
    if verdict.classe is not Classe.OK:
        return verdict
    token = texto(objeto(answer.json()).get("access_token"))
    return OK if token else Verdict(Classe.RETRY, "answer without a token")


def _granted(answer: Answer, *, now_ms: int) -> Chave:
    corpo = objeto(answer.json())
    life_ms = max(inteiro(corpo.get("expires_in")) or 0, 0) * 1000 or LIFE_MS
    return Chave(
        access=texto(corpo.get("access_token")) or "",
        renovar_ms=now_ms + max(int(life_ms * RENEW_AT), DAY_MS),
        fim_ms=now_ms + life_ms,
    )
