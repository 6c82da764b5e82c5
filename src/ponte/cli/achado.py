"""Achado: one thing that `ponte doctor` looked at, and how it is told."""

from dataclasses import dataclass
from typing import Any

from ponte.cli.saida import said, spoken, with_program


@dataclass(frozen=True, slots=True)
class Achado:
    """One thing that was looked at."""

    nome: str
    ok: bool
    texto: str
    tente: str | None = None

    def view(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"nome": self.nome, "ok": self.ok, "texto": self.texto, "tente": self.tente}

    def line(self) -> str:
        """Return it for people."""
        dica = with_program(said(self.tente)) if self.tente and not self.ok else ""
        tente = f"\n    {spoken('Tente')}: {dica}" if dica else ""
        return f"{'✔' if self.ok else '✘'} {spoken(self.nome)}: {said(self.texto)}{tente}"
