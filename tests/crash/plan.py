"""What the outside client means to buy: every order follows from (seed, n) alone.

The shop has wide products, which never run out, and one scarce product, of which
more is asked than there is. An order without the scarce product may therefore
never end `sem_estoque`.
"""

import random
from dataclasses import dataclass, field
from typing import Any

WIDE = tuple(f"LARGO-{i}" for i in range(6))
SCARCE = "ESCASSO"
WIDE_OPENING = 1_000_000
SCARCE_OPENING = 40


@dataclass(frozen=True)
class Profile:
    """How hard and how oddly the client buys; shares are of orders, 0 to 1."""

    seed: int
    rate_per_s: float = 40.0
    connections: int = 6
    # A slow machine places fewer orders between the kills; the run goes on until this many.
    at_least: int = 0
    with_externo: float = 0.6
    twins: float = 0.1
    repeats: float = 0.2
    cancels: float = 0.12
    scarce: float = 0.15


@dataclass(frozen=True)
class Ordem:
    """One order the client means to place, and what else it will do to it."""

    n: int
    chave: str
    pedido_externo: str | None
    itens: tuple[tuple[str, int], ...]
    twin: bool = False
    repeat: bool = False
    cancel: bool = False
    body: dict[str, Any] = field(default_factory=dict)


def opening() -> dict[str, int]:
    return dict.fromkeys(WIDE, WIDE_OPENING) | {SCARCE: SCARCE_OPENING}


def plan(profile: Profile, n: int) -> Ordem:
    """Return order `n` of this profile; the same arguments give the same order."""
    # A PRNG on purpose: the run must be repeatable from its seed.
    dice = random.Random(f"{profile.seed}:{n}")  # noqa: S311
    itens = _itens(dice, scarce=profile.scarce)
    externo = f"X-{profile.seed}-{n}" if dice.random() < profile.with_externo else None
    body: dict[str, Any] = {
        "itens": [{"produto_id": produto, "quantidade": units} for produto, units in itens],
        "observacao": f"ordem {n}",
    }
    if externo is not None:
        body["pedido_externo"] = externo
    return Ordem(
        n=n,
        chave=f"chave-{profile.seed}-{n}",
        pedido_externo=externo,
        itens=itens,
        twin=dice.random() < profile.twins,
        repeat=dice.random() < profile.repeats,
        cancel=dice.random() < profile.cancels,
        body=body,
    )


def _itens(dice: random.Random, *, scarce: float) -> tuple[tuple[str, int], ...]:
    chosen = dice.sample(WIDE, dice.randint(1, 3))
    if dice.random() < 0.1:
        chosen.append(chosen[0])  # the same product on two lines: two movements, not one
    itens = [(produto, dice.randint(1, 4)) for produto in chosen]
    if dice.random() < scarce:
        itens.append((SCARCE, 1))
    return tuple(itens)
