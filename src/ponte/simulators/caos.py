"""Caos: how often a stand-in misbehaves by itself, drawn from a seed, each fault by its share.

The same seed and the same calls in the same order misbehave alike. A level leaves out
`token`: a refused key stops a canal until a person looks after it, so it is asked for by name.
"""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ponte.simulators.comportamento import ENTREGAS, RESPOSTAS, Defeito

# Chosen: of all calls and deliveries, the share that one level of chaos spoils.
NIVEIS = {"calmo": 0.0, "leve": 0.02, "medio": 0.1, "forte": 0.3}
SEGUNDOS = 0.5  # chosen: how long what is late, mute or too fast takes
_BY_NAME_ALONE = frozenset({"token"})


@dataclass(slots=True)
class Caos:
    """Shares of 0 to 1, which add up to 1 at most on each side.

    `respostas` and `entregas` map a fault's name to its share of calls and of deliveries.
    """

    respostas: Mapping[str, float] = field(default_factory=dict)
    entregas: Mapping[str, float] = field(default_factory=dict)
    seed: int = 1
    segundos: float = SEGUNDOS
    _sorte: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check names and shares."""
        unknown = (set(self.respostas) - RESPOSTAS) | (set(self.entregas) - ENTREGAS)
        if unknown:
            msg = f"no such fault: {', '.join(sorted(unknown))}"
            raise ValueError(msg)
        for shares in (self.respostas, self.entregas):
            if min(shares.values(), default=0) < 0 or sum(shares.values()) > 1:
                msg = "shares of 0 to 1 expected, which add up to 1 at most"
                raise ValueError(msg)
        self._sorte = random.Random(f"caos:{self.seed}")  # noqa: S311 - repeatable, not secret

    def draw(self, modos: frozenset[str]) -> Defeito | None:
        """Return the fault that hits this call, or None."""
        shares = self.respostas if modos == RESPOSTAS else self.entregas
        dice = self._sorte.random()
        for modo, share in shares.items():
            if dice < share:
                return Defeito(modo, segundos=self.segundos)
            dice -= share
        return None

    def view(self) -> dict[str, Any]:
        """Return it as it is told on the wire."""
        return {
            "semente": self.seed,
            "segundos": self.segundos,
            "respostas": dict(self.respostas),
            "entregas": dict(self.entregas),
        }


def of_level(
    nivel: str, *, falhas: Collection[str] = (), semente: int = 1, segundos: float = SEGUNDOS
) -> Caos:
    """Return the chaos of a level, its faults equally often.

    Args:
        nivel: A name of `NIVEIS`.
        falhas: The faults to draw from; empty means all but those that need a person.
        semente: Where the dice begin.
        segundos: How long what is late, mute or too fast takes.

    Raises:
        ValueError: no such level, or no such fault.
    """
    if nivel not in NIVEIS:
        msg = f"no such level: {nivel}; {', '.join(NIVEIS)}"
        raise ValueError(msg)
    chosen = set(falhas) or (RESPOSTAS | ENTREGAS) - _BY_NAME_ALONE
    return Caos(
        respostas=_even(chosen - ENTREGAS, NIVEIS[nivel]),
        entregas=_even(chosen & ENTREGAS, NIVEIS[nivel]),
        seed=semente,
        segundos=segundos,
    )


def of_order(corpo: Mapping[str, Any]) -> Caos:
    """Return the chaos that a request orders: a level, or shares by name.

    Raises:
        ValueError: it can't be read; says why.
    """
    try:
        semente, segundos = int(corpo.get("semente", 1)), float(corpo.get("segundos", SEGUNDOS))
        if "nivel" in corpo:
            falhas = [str(falha) for falha in corpo.get("falhas") or ()]
            return of_level(str(corpo["nivel"]), falhas=falhas, semente=semente, segundos=segundos)
        shares = [
            {str(k): float(v) for k, v in dict(corpo.get(side) or {}).items()}
            for side in ("respostas", "entregas")
        ]
    except (TypeError, AttributeError) as error:
        msg = f"an order of chaos expected: {error}"
        raise ValueError(msg) from error
    return Caos(shares[0], shares[1], semente, segundos)


def _even(falhas: Collection[str], share: float) -> dict[str, float]:
    return {falha: share / len(falhas) for falha in sorted(falhas)} if share else {}
