"""Usuario: a person or a program that Ponte knows by name, and what they may do."""

from dataclasses import dataclass

ADMIN = "admin"  # the scope that holds all others


@dataclass(frozen=True, slots=True)
class Usuario:
    """Who sends or hears something. `nome` is what personal messages are addressed to."""

    nome: str
    escopos: frozenset[str] = frozenset()
    id: str = ""

    def may(self, escopo: str) -> bool:
        """Tell whether they hold the scope."""
        return ADMIN in self.escopos or escopo in self.escopos
