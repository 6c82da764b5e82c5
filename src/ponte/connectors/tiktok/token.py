"""Token: the key to the Business Account, renewed before it ends.

A refresh token may be used once: what comes back in its place is stored before anything
else is done with the answer, and stays in hand until it is stored. Nothing is renewed by
two callers of a process at once; where another process was first, its newer token is used.
Source: https://business-api.tiktok.com/portal/docs?id=1833997638479041
"""

import asyncio
import hashlib
from dataclasses import dataclass, field

import orjson

from ponte.connectors.tiktok.build import renewal
from ponte.connectors.tiktok.classify import classify
from ponte.connectors.tiktok.settings import TiktokSettings
from ponte.domain.leitura import inteiro, objeto, texto
from ponte.ports import Deps
from ponte.resilience.classes import OK, Classe, OutsideError, Verdict
from ponte.resilience.exchange import Answer
from ponte.resilience.http import Http

RENEW_AT = 0.8  # contract: renewed at 80 % of its life
EXPIRES_IN_S = 3_600  # chosen: for an answer that does not say how long its token lives
REFRESH_EXPIRES_IN_S = 30 * 86_400  # chosen, the same for the refresh token
FOREVER_MS = 4_102_444_800_000  # 2100: a token from the settings says nothing of its end
NONE = Verdict(Classe.AUTH, "no token set")


@dataclass(frozen=True, slots=True)
class Par:
    """A token, what renews it, and when; times in epoch milliseconds."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    renew_ms: int
    until_ms: int


@dataclass(slots=True, repr=False)
class TiktokToken:
    """The tokens of one Business Account, shared by every call of the process."""

    settings: TiktokSettings
    http: Http
    deps: Deps
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _par: Par | None = None
    _unstored: bool = False

    async def get(self, *, refused: str | None = None) -> str:
        """Return a token that is good now, asking TikTok when there is none.

        Args:
            refused: A token that TikTok has just refused; it is not given again.

        Raises:
            OutsideError: TikTok gives none, or there are no credentials.
        """
        if not self._unstored and self._is_good(refused):
            return self._par.access if self._par else ""
        async with self._lock:
            await self._put_by()
            if not self._is_good(refused):
                await self._load()
            if not self._is_good(refused):
                await self._renew()
            return self._par.access if self._par else ""

    def _is_good(self, refused: str | None) -> bool:
        par = self._par
        return par is not None and par.access != refused and self.deps.now_ms() < par.renew_ms

    @property
    def _name(self) -> str:
        """The place of the newest tokens; other credentials in the settings begin a new one."""
        seeds = (self.settings.refresh_token, self.settings.access_token)
        seed = "\n".join(x.get_secret_value() if x else "" for x in seeds)
        digest = hashlib.sha256(seed.encode()).hexdigest()[:16]
        return f"tiktok:{self.settings.business_id}:{digest}"

    async def _load(self) -> None:
        """Take what was stored last, by whichever process; at first what the settings say."""
        stored = await self.deps.tokens.get(self._name)
        if stored is not None:
            kept = objeto(orjson.loads(stored[0]))
            self._par = Par(
                access=texto(kept.get("access")) or "",
                refresh=texto(kept.get("refresh")),
                renew_ms=inteiro(kept.get("renew_ms")) or 0,
                until_ms=stored[1],
            )
        elif self._par is None:
            access, refresh = self.settings.access_token, self.settings.refresh_token
            self._par = Par(
                access=access.get_secret_value() if access else "",
                refresh=refresh.get_secret_value() if refresh else None,
                # One without a known end is used until it is refused.
                renew_ms=FOREVER_MS if access else 0,
                until_ms=FOREVER_MS,
            )

    async def _renew(self) -> None:
        before = self._par.refresh if self._par else None
        if before is None or not (self.settings.app_id and self.settings.app_secret):
            raise OutsideError("tiktok", verdict=NONE)
        answer = await self.http.send(renewal(self.settings, before), _renewal_first)
        if _classify_renewal(answer).classe is Classe.AUTH:
            # A refresh token goes once: another process may have been first, and stored more.
            await self._load()
            if self._par is not None and self._par.refresh != before:
                return
            raise OutsideError("tiktok", verdict=_classify_renewal(answer))
        self._par = _pair(answer, before, now_ms=self.deps.now_ms())
        self._unstored = True
        await self._put_by()

    async def _put_by(self) -> None:
        if not self._unstored or self._par is None:
            return
        kept = {
            "access": self._par.access,
            "refresh": self._par.refresh,
            "renew_ms": self._par.renew_ms,
        }
        await self.deps.tokens.put(
            self._name, orjson.dumps(kept).decode(), expira_em_ms=self._par.until_ms
        )
        self._unstored = False


def _renewal_first(answer: Answer) -> Verdict:
    verdict = _classify_renewal(answer)
    return OK if verdict.classe is Classe.AUTH else verdict


def _classify_renewal(answer: Answer) -> Verdict:
    """Return the verdict of a token answer: 200 without a token is a fault of the other side."""
    verdict = classify(answer)
    if verdict.classe is not Classe.OK:
        return verdict
    token = texto(objeto(objeto(answer.json()).get("data")).get("access_token"))
    return OK if token else Verdict(Classe.RETRY, "answer without a token")


def _pair(answer: Answer, before: str, *, now_ms: int) -> Par:
    data = objeto(objeto(answer.json()).get("data"))
    life_s = max(inteiro(data.get("expires_in")) or EXPIRES_IN_S, 1)
    refresh_s = inteiro(data.get("refresh_token_expires_in")) or REFRESH_EXPIRES_IN_S
    return Par(
        access=texto(data.get("access_token")) or "",
        refresh=texto(data.get("refresh_token")) or before,
        renew_ms=now_ms + int(life_s * 1000 * RENEW_AT),
        until_ms=now_ms + max(life_s, refresh_s) * 1000,
    )
