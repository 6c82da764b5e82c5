"""Funções: what the guards must know of a function before they wrap it."""

import inspect
from collections.abc import Callable
from types import CoroutineType
from typing import Any


def is_async(func: Callable[..., Any]) -> bool:
    """Tell whether calling it gives something to await, as its definition says."""
    return inspect.iscoroutinefunction(func) or inspect.iscoroutinefunction(
        getattr(func, "__call__", None)  # noqa: B004 - an object may be called as a coroutine
    )


async def outcome(result: Any) -> Any:
    """Return what a call came to, awaiting it where it is to be awaited."""
    # Most calls give a coroutine, and asking for that alone costs a third.
    if type(result) is CoroutineType or inspect.isawaitable(result):
        return await result
    return result
