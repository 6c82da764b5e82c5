"""Fato: what every fact is, and who may see it."""

from typing import Any, ClassVar

import msgspec


class Fato(msgspec.Struct, frozen=True, kw_only=True):
    """What happened. Its fields are the `dados` of the wire; unknown ones are ignored."""

    tipo: ClassVar[str]
    sala: ClassVar[str | None] = None
    # Fields with words that a person or a program outside wrote, and that the frame must
    # carry. Everything else is an id, a code, a name of a thing or a number: decision 0008.
    palavras: ClassVar[frozenset[str]] = frozenset()

    def lane(self) -> str:
        """Return the aggregate id: facts of one lane are handled in order."""
        return self.tipo

    def public(self) -> dict[str, Any] | None:
        """Return what anybody may see, or None when the fact is not public."""
        return None
