"""Sessions: the door by which a platform renews what a person granted."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

Superficie = Literal["videos", "mensagens"]


@dataclass(frozen=True, slots=True)
class Concessao:
    """Tokens that a platform grants; lives in seconds, None where it does not say."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    vale_s: int | None = None
    renovavel_s: int | None = None


class Renewal(Protocol):
    """A platform that gives a new token for a refresh token."""

    async def renew(self, refresh_token: str, *, superficie: Superficie) -> Concessao:
        """Trade it in; it may be used up by that, so what comes back must be kept.

        Raises:
            OutsideError: the platform gives none; of class `auth` when it never will.
        """
