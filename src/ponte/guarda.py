"""Guarda: what a platform granted one account, kept encrypted and renewed before it ends.

A refresh token may be used up by one use. So a renewal is put on record before it is asked
for, what comes back is stored before what was there is forgotten, and of all processes one
asks at a time. Where the answer is lost, nobody can know whether the token was used up: the
access token is used to its end, then the refresh token is tried once more, and a refusal
tells of the lost answer. The one rule: with the database away nothing is asked for.
Source: https://www.rfc-editor.org/rfc/rfc9700#section-4.14
"""

import asyncio
import contextlib
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

import orjson
import structlog

from ponte.domain.leitura import inteiro, objeto, texto
from ponte.domain.valores import format_time
from ponte.errors import Adiado, ArmazenamentoIndisponivel
from ponte.ports import Concessao, TokenStore
from ponte.resilience.classes import Classe, OutsideError, Verdict
from ponte.resilience.exchange import Answer

log = structlog.get_logger(__name__)
FOREVER_MS = 4_102_444_800_000  # 2100: nobody says when it ends
RENEW_AT = 0.8  # contracts of TikTok and X: renewed at 80 % of the life, at the latest
SPREAD = 0.05  # chosen: so much earlier at random, or many accounts renew at one instant
EXPIRES_IN_S = 3_600  # chosen: for an answer that does not say how long its token lives
AGAIN_MS = 60_000  # chosen: after a renewal that failed while the token is good still
LEASE_MS = 60_000  # chosen: six times as long as a call may take
TURNS, POLL_S = 60, 0.25  # chosen: 15 s for another process, whose call takes ten at most
GATEWAY = frozenset({502, 504})  # what lies behind may have acted
NONE = Verdict(Classe.AUTH, "no token set")
BUSY = Verdict(Classe.RETRY, "another process renews the token")

Renew = Callable[[str], Awaitable[Concessao]]
# Only spreads renewals in time, nothing is guessed from it: no secure source needed.
_uniform = random.uniform


@dataclass(frozen=True, slots=True)
class Guardado:
    """A token and what renews it; times in epoch milliseconds.

    Args:
        renovar_em: When it is due; 0 at once.
        expira_em: When the access token ends.
        ate: When nothing of it is good any more.
        pedido_em: When a renewal was asked for whose answer never came; None as a rule.
        mais: What else was granted with it, as its scope.
    """

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    renovar_em: int = 0
    expira_em: int = FOREVER_MS
    ate: int = FOREVER_MS
    pedido_em: int | None = None
    mais: Mapping[str, object] = field(default_factory=dict)

    def dump(self) -> str:
        """Return it as it is stored."""
        kept = {
            "access_token": self.access,
            "refresh_token": self.refresh,
            "renovar_em": self.renovar_em,
            "expira_em": self.expira_em,
            "pedido_em": self.pedido_em,
        }
        return orjson.dumps({**self.mais, **kept}).decode()


def load(stored: tuple[str, int]) -> Guardado:
    """Return what was stored."""
    kept = dict(objeto(orjson.loads(stored[0])))
    expira_em = inteiro(kept.pop("expira_em", None))
    return Guardado(
        access=texto(kept.pop("access_token", None)) or "",
        refresh=texto(kept.pop("refresh_token", None)),
        renovar_em=inteiro(kept.pop("renovar_em", None)) or 0,
        expira_em=FOREVER_MS if expira_em is None else expira_em,
        pedido_em=inteiro(kept.pop("pedido_em", None)),
        mais=kept,
        ate=stored[1],
    )


# What was granted and is not stored yet. Whoever asks for that account next stores it: who was
# granted it may be gone by then, as a probe is, and its refresh token is the only good one.
_EM_MAOS: WeakKeyDictionary[TokenStore, dict[str, Guardado]] = WeakKeyDictionary()


def judge(answer: Answer, verdict: Verdict, *, token: str | None) -> Verdict:
    """Return the verdict of an answer to a renewal, where a gateway may hide what was done."""
    if verdict.classe is Classe.OK:
        lost = Verdict(Classe.RETRY, "answer without a token", unknown_outcome=True)
        return verdict if token else lost
    return replace(verdict, unknown_outcome=True) if answer.status in GATEWAY else verdict


def renewal_due(vale_s: int, *, now_ms: int) -> int:
    """Return when a token that lives so long from now on is to be renewed."""
    return now_ms + int(vale_s * 1000 * RENEW_AT * _uniform(1 - SPREAD, 1))


class Guarda:
    """The tokens of one account, shared by every call of the process.

    Args:
        nome: Of the newest tokens among the encrypted ones.
        tokens: Where they lie.
        now_ms: The clock.
        renew: Trades a refresh token in; one call, one try.
        semente: What the settings say, taken while nothing is stored.
    """

    def __init__(
        self,
        nome: str,
        *,
        tokens: TokenStore,
        now_ms: Callable[[], int],
        renew: Renew,
        semente: Concessao | None = None,
    ) -> None:
        self._nome = nome
        self._tokens = tokens
        self._now_ms = now_ms
        self._trade = renew
        self._semente = semente
        self._lock = asyncio.Lock()
        self._em_maos = _EM_MAOS.setdefault(tokens, {})
        self._again_ms = 0
        self.guardado: Guardado | None = None

    async def get(self, *, refused: str | None = None) -> str:
        """Return an access token that is good now, renewed where it is due.

        Args:
            refused: A token that the platform has just refused; it is not given again.

        Raises:
            OutsideError: there is none; of class `auth` where a person must grant it anew.
            ArmazenamentoIndisponivel: the database is away; a new one is kept in hand.
        """
        if self._nome in self._em_maos or not self._is_fresh(refused):
            async with self._lock:
                await self._put_by()
                if not self._is_fresh(refused):
                    await self._load()
                if not self._is_fresh(refused) and not self._may_wait(refused):
                    await self._renew(refused)
        return self.guardado.access if self.guardado else ""

    def _is_fresh(self, refused: str | None) -> bool:
        own = self.guardado
        return self._is_usable(refused) and own is not None and self._now_ms() < own.renovar_em

    def _is_usable(self, refused: str | None) -> bool:
        own = self.guardado
        return bool(
            own is not None
            and own.access
            and own.access != refused
            and self._now_ms() < own.expira_em
        )

    def _may_wait(self, refused: str | None) -> bool:
        """Tell whether a token that is due serves for now: its renewal was tried already."""
        lost = self.guardado is not None and self.guardado.pedido_em is not None
        return self._is_usable(refused) and (lost or self._now_ms() < self._again_ms)

    async def _load(self) -> None:
        """Take what was stored last, by whichever process; at first what the settings say."""
        stored = await self._tokens.get(self._nome)
        if stored is not None:
            self.guardado = load(stored)
        elif self.guardado is None and self._semente is not None:
            given = self._semente
            # One without a known end is used until it is refused.
            renovar_em = FOREVER_MS if given.access_token else 0
            self.guardado = Guardado(given.access_token, given.refresh_token, renovar_em)

    # ------------------------------------------------------------ renewing

    async def _renew(self, refused: str | None) -> None:
        if self.guardado is None or not self.guardado.refresh:
            raise OutsideError(self._destino, verdict=NONE)
        dono = await self._claim(refused)
        if dono is None:
            return
        try:
            await self._load()  # whoever was alone before may have renewed it
            if not self._is_fresh(refused) and not self._may_wait(refused):
                await self._ask(self.guardado, refused)
        finally:
            await self._release(dono)

    async def _ask(self, before: Guardado, refused: str | None) -> None:
        asked = replace(before, pedido_em=self._now_ms())
        await self._put(asked)
        try:
            granted = await self._trade(before.refresh or "")
        except (OutsideError, Adiado) as error:
            self._again_ms = self._now_ms() + AGAIN_MS
            if await self._note(error, asked=asked, before=before):
                return  # another process had a new one in hand, and has stored it now
            if error.retry and self._is_usable(refused):
                log.warning("renewal failed, its token serves still", conta=self._nome)
                return
            if isinstance(error, OutsideError) and before.pedido_em is not None:
                raise _explained(error, before.pedido_em) from error
            raise
        self._em_maos[self._nome] = self._granted(granted, before)
        await self._put_by()

    async def _note(
        self, error: OutsideError | Adiado, *, asked: Guardado, before: Guardado
    ) -> bool:
        """Put on record how a renewal failed; True where another process was first after all."""
        if isinstance(error, OutsideError) and error.unknown_outcome:
            self.guardado = asked
            log.warning("answer of a renewal lost, its token may be used up", conta=self._nome)
            return False
        await self._load()
        if self.guardado is not None and self.guardado.refresh != before.refresh:
            return True  # whoever slept past its right must not put back what was used up
        self.guardado = before
        await self._put(before)
        return False

    def _granted(self, granted: Concessao, before: Guardado) -> Guardado:
        now_ms = self._now_ms()
        vale_s = max(granted.vale_s or EXPIRES_IN_S, 1)
        longest_s = max(vale_s, granted.renovavel_s or 0)
        return Guardado(
            access=granted.access_token,
            refresh=granted.refresh_token or before.refresh,
            renovar_em=renewal_due(vale_s, now_ms=now_ms),
            expira_em=now_ms + vale_s * 1000,
            ate=FOREVER_MS if granted.renovavel_s is None else now_ms + longest_s * 1000,
            mais=before.mais,
        )

    @property
    def _destino(self) -> str:
        return self._nome.partition(":")[0]

    async def _put_by(self) -> None:
        granted = self._em_maos.get(self._nome)
        if granted is not None:
            self.guardado = granted
            await self._put(granted)
            self._em_maos.pop(self._nome, None)

    async def _put(self, own: Guardado) -> None:
        await self._tokens.put(self._nome, own.dump(), expira_em_ms=own.ate)

    # ------------------------------------------------------------ one process at a time

    async def _claim(self, refused: str | None) -> str | None:
        """Take the right to renew; None where another's renewal, or the old token, serves.

        Raises:
            OutsideError: another process renews, and the old token serves no more.
        """
        dono = uuid.uuid4().hex
        for _ in range(TURNS):
            until_ms = self._now_ms() + LEASE_MS
            if await self._tokens.claim(self._direito, dono, expira_em_ms=until_ms):
                return dono
            await self._load()
            if self._is_usable(refused):
                return None
            await asyncio.sleep(POLL_S)
        raise OutsideError(self._destino, verdict=BUSY)

    async def _release(self, dono: str) -> None:
        # Left to itself it ends; a token that was stored is good all the same.
        with contextlib.suppress(ArmazenamentoIndisponivel):
            held = await self._tokens.get(self._direito)
            if held is not None and held[0] == dono:
                await self._tokens.delete(self._direito)

    @property
    def _direito(self) -> str:
        return f"{self._nome}:renova"


def _explained(error: OutsideError, lost_ms: int) -> OutsideError:
    """Return a refusal that tells of the lost answer that may explain it."""
    detail = (
        f"{error.verdict.detail}; the answer to a renewal was lost at {format_time(lost_ms)},"
        " which may have used the refresh token up"
    )
    return OutsideError(error.destino, verdict=replace(error.verdict, detail=detail))
