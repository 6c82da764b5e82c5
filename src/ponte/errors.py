"""Errors: every deliberate refusal, with its HTTP status, stable code and whether to try again.

The edge turns a `PonteError` into problem+json and the worker reads `retry`
from it; nothing else decides either. A message may be shown to a caller, so it
never holds a secret or personal data.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problema:
    """One field that is wrong, in the words the caller used."""

    campo: str
    mensagem: str


class PonteError(Exception):
    """Root of what Ponte refuses on purpose; nothing was changed unless a subclass says so."""

    status: int = 500
    code: str = "erro_interno"
    retry: bool = False
    retry_after_s: float | None = None
    errors: Sequence[Problema] = ()


class DadosInvalidos(PonteError):
    """The input is well formed but breaks a rule; nothing was changed."""

    status = 422
    code = "dados_invalidos"

    def __init__(self, *errors: Problema) -> None:
        first = errors[0] if errors else Problema("corpo", "invalid")
        super().__init__(f"{first.campo}: {first.mensagem}")
        self.errors = errors


class JsonInvalido(PonteError):
    """The body is not the JSON that Ponte accepts (RFC 8259, no NaN, no duplicate keys)."""

    status = 400
    code = "json_invalido"


class CorpoGrande(PonteError):
    """The body is over its limit; it was not read to its end."""

    status = 413
    code = "corpo_grande"


class NaoAutenticado(PonteError):
    """No key, or one that is unknown, expired or revoked."""

    status = 401
    code = "nao_autenticado"


class SemEscopo(PonteError):
    """The key is valid but lacks the scope that the route declares."""

    status = 403
    code = "sem_escopo"

    def __init__(self, escopo: str) -> None:
        super().__init__(f"The key lacks the scope {escopo}")
        self.escopo = escopo


class OrigemRecusada(PonteError):
    """The Host or Origin is not one that this installation serves."""

    status = 403
    code = "origem_recusada"


class ProvaRecusada(PonteError):
    """Who asks for the proof of a webhook is not the platform: its word is missing or wrong."""

    status = 403
    code = "prova_recusada"


class NaoEncontrado(PonteError):
    """No such thing."""

    status = 404
    code = "nao_encontrado"

    def __init__(self, nome: str, chave: str) -> None:
        super().__init__(f"{nome} {chave} not found")
        self.nome = nome
        self.chave = chave


class ConflitoDeEstado(PonteError):
    """The thing exists but its state does not allow this; it was left as it is."""

    status = 409
    code = "estado_invalido"


class EstoqueInsuficiente(PonteError):
    """More units were asked for than the filial has; nothing was changed."""

    status = 409
    code = "estoque_insuficiente"

    def __init__(self, produto_id: str, *, pedido: int, disponivel: int) -> None:
        super().__init__(f"Produto {produto_id}: {pedido} units asked, {disponivel} left")
        self.produto_id = produto_id
        self.pedido = pedido
        self.disponivel = disponivel


class ChaveReutilizada(PonteError):
    """The Idempotency-Key was used before with another body; nothing was changed."""

    status = 422
    code = "chave_reutilizada"


class MuitasRequisicoes(PonteError):
    """The caller is over its rate; nothing was done."""

    status = 429
    code = "muitas_requisicoes"
    retry = True

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"Too many requests; try again in {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


class ArmazenamentoIndisponivel(PonteError):
    """The database can't store now; whether the last commit happened may be unknown.

    The same Idempotency-Key settles it: a repeat finds the first answer or does the work.
    """

    status = 503
    code = "armazenamento_indisponivel"
    retry = True
    retry_after_s = 1.0


class Encerrando(PonteError):
    """The process is shutting down and takes no new work."""

    status = 503
    code = "encerrando"
    retry = True
    retry_after_s = 2.0


class ConfiguracaoInvalida(PonteError):
    """A setting is missing or unsafe; the process does not start."""

    code = "configuracao_invalida"


class Permanente(PonteError):
    """A handler saw that trying again can't help; the work is set aside at once."""

    status = 422
    code = "permanente"


class Adiado(PonteError):
    """A handler asks to run again later; it does not count as a failed try."""

    status = 503
    code = "adiado"
    retry = True

    def __init__(self, motivo: str, *, retry_after_s: float) -> None:
        super().__init__(motivo)
        self.retry_after_s = retry_after_s
