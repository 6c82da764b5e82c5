"""Comportamento: how a stand-in misbehaves, ordered one fault at a time.

A fault is used up by the calls it hits, so a test knows exactly how many failed.
"""

from dataclasses import dataclass, field

RESPOSTAS = frozenset({"429", "5xx", "html", "lost", "mute", "token"})
ENTREGAS = frozenset({"duplicate", "delay", "reorder", "drop"})


@dataclass(slots=True)
class Defeito:
    """One fault: what, how many times more, where (empty: anywhere), and for how long."""

    modo: str
    vezes: int = 1
    onde: str = ""
    segundos: float = 1.0


@dataclass(slots=True)
class Comportamento:
    """The faults still to come, in the order in which they were asked for."""

    defeitos: list[Defeito] = field(default_factory=list)

    def add(self, defeito: Defeito) -> None:
        """Order a fault; "normal" forgets all of them.

        Raises:
            ValueError: no such fault.
        """
        if defeito.modo == "normal":
            self.defeitos.clear()
        elif defeito.modo in RESPOSTAS | ENTREGAS:
            self.defeitos.append(defeito)
        else:
            msg = f"no such fault: {defeito.modo}"
            raise ValueError(msg)

    def use(self, modos: frozenset[str], onde: str) -> Defeito | None:
        """Return the fault that hits this call, counting it as used."""
        for defeito in self.defeitos:
            if defeito.modo in modos and defeito.onde in {"", onde}:
                defeito.vezes -= 1
                if defeito.vezes <= 0:
                    self.defeitos.remove(defeito)
                return defeito
        return None
