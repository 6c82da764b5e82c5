"""Portaria: the one door. Who is it, may they, and not too often.

Every route passes here by its declared scope; nothing is decided by looking at
the path. Wrong keys are counted by address, right ones by key.
"""

from collections.abc import Mapping

from ponte.acesso.chaves import Chamador, Chaves
from ponte.acesso.taxa import MAX_CHAVES, MAX_ENDERECOS, Taxa
from ponte.acesso.tentativas import Tentativas
from ponte.context import Context
from ponte.errors import MuitasRequisicoes, NaoAutenticado, SemEscopo
from ponte.resilience.partilha import Regra

_BEARER = "bearer "


def presented(headers: Mapping[bytes, bytes]) -> str | None:
    """Return the key that a request carries, or None when it carries none."""
    value = headers.get(b"authorization")
    if value is not None:
        text = value.decode("latin-1")
        # Any other scheme is a key as well: a wrong one, never "no key".
        return text[7:].strip() if text[:7].lower() == _BEARER else text
    value = headers.get(b"x-api-key")
    return None if value is None else value.decode("latin-1").strip()


def _taxa(ctx: Context, nome: str, regra: Regra, nomes: int) -> Taxa:
    cota = None if ctx.cotas is None else ctx.cotas.open(nome, regra, nomes=nomes)
    return Taxa(int(regra.limite), regra.janela_s, nomes=nomes, cota=cota)


class Portaria:
    """Keys, wrong tries and rates of one process."""

    def __init__(self, ctx: Context) -> None:
        settings = ctx.settings
        limites = settings.limites
        fixa = settings.api_key.get_secret_value() if settings.api_key else None
        self.chaves = Chaves(ctx.db, now_ms=ctx.now_ms, fixa=fixa)
        self.tentativas = Tentativas(limite=limites.falhas_de_chave, bloqueio_s=limites.bloqueio_s)
        self._anonimos = _taxa(ctx, "anonimo", Regra(settings.rate_limit_anon, 60), MAX_ENDERECOS)
        self._por_chave = _taxa(ctx, "chave", Regra(settings.rate_limit_key, 1), MAX_CHAVES)
        self._limited = {
            nome: ctx.telemetry.limited.labels(nome) for nome in ("anonimo", "chave", "tentativas")
        }

    async def identify(self, chave: str, *, endereco: str) -> Chamador:
        """Return whose key this is.

        Raises:
            NaoAutenticado: nobody's; it was counted against the address.
            MuitasRequisicoes: nobody's, and the address is closed to wrong keys.
        """
        chamador = await self.chaves.find(chave)
        if chamador is not None:
            return chamador
        closed_s = self.tentativas.blocked_s(endereco)
        if closed_s > 0:
            self._limited["tentativas"].inc()
            raise MuitasRequisicoes(closed_s)
        self.tentativas.fail(endereco)
        raise NaoAutenticado("Unknown, expired or revoked key")

    def admit_known(self, chave: str | None, *, escopo: str) -> Chamador | None:
        """Let a caller in at once by a key that was read lately; None leaves it to `admit`.

        Raises:
            SemEscopo: the key lacks the scope.
            MuitasRequisicoes: over the key's rate.
        """
        chamador = None if chave is None else self.chaves.find_known(chave)
        if chamador is not None:
            self._check(chamador, escopo)
        return chamador

    async def admit(self, chave: str | None, *, endereco: str, escopo: str) -> Chamador:
        """Let a caller with the scope in.

        Raises:
            NaoAutenticado: no key, or a wrong one.
            SemEscopo: the key lacks the scope.
            MuitasRequisicoes: over the key's rate, or wrong keys from a closed address.
        """
        if chave is None:
            raise NaoAutenticado("A key is needed")
        chamador = await self.identify(chave, endereco=endereco)
        self._check(chamador, escopo)
        return chamador

    def _check(self, chamador: Chamador, escopo: str) -> None:
        if not chamador.admin:
            self._count(chamador.id)
            if escopo not in chamador.escopos:
                raise SemEscopo(escopo)

    async def admit_anyone(
        self, chave: str | None, *, endereco: str, limited: bool = True
    ) -> Chamador | None:
        """Let anybody in, with a key or without; a wrong key is still refused.

        Raises:
            NaoAutenticado: a wrong key.
            MuitasRequisicoes: over the rate of the address or the key.
        """
        if chave is None:
            if limited:
                try:
                    self._anonimos.take(endereco)
                except MuitasRequisicoes:
                    self._limited["anonimo"].inc()
                    raise
            return None
        chamador = await self.identify(chave, endereco=endereco)
        if limited and not chamador.admin:
            self._count(chamador.id)
        return chamador

    def _count(self, chave_id: str) -> None:
        try:
            self._por_chave.take(chave_id)
        except MuitasRequisicoes:
            self._limited["chave"].inc()
            raise
