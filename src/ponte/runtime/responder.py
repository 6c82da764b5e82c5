"""Responder: finds the operator's own code that answers customers, and refuses what can't.

The one rule: what is wrong with it is said at the start, by the setting's name, and not to
the first customer who writes.
"""

import inspect
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

from ponte.errors import ConfiguracaoInvalida
from ponte.settings import BotSettings

Responder = Callable[[Any], Awaitable[Any]]
VARIAVEL = "PONTE_BOT__RESPONDER"


def load_responder(bot: BotSettings) -> Responder | None:
    """Return what the setting names; None where it names nothing or the bot is off.

    Raises:
        ConfiguracaoInvalida: there is no such module or name, or it can't be asked.
    """
    if not bot.enabled or not bot.responder:
        return None
    modulo, _, nome = bot.responder.partition(":")
    found = getattr(_imported(modulo), nome, None)
    if found is None:
        raise _wrong(bot, f"the module {modulo} has no {nome}")
    if not callable(found):
        raise _wrong(bot, f"{nome} is {type(found).__name__}, which can't be called")
    if inspect.isclass(found):
        raise _wrong(bot, f"{nome} is a class; name a function, or an object made of it")
    if not _is_async(found):
        raise _wrong(bot, f"{nome} is not async; write async def {nome}(pergunta)")
    try:
        inspect.signature(found).bind(object())
    except TypeError as error:
        raise _wrong(bot, f"{nome} must take one argument, the Pergunta: {error}") from error
    responder: Responder = found
    return responder


def _imported(modulo: str) -> Any:
    try:
        return import_module(modulo)
    except ModuleNotFoundError as error:
        missing = error.name or modulo
        if modulo == missing or modulo.startswith(f"{missing}."):
            msg = f"{VARIAVEL}: no module {missing}; PYTHONPATH names the folder that holds it"
            raise ConfiguracaoInvalida(msg) from error
        msg = f"{VARIAVEL}: {modulo} needs the module {missing}, which is not installed"
        raise ConfiguracaoInvalida(msg) from error
    except Exception as error:  # whatever the operator's module raises while it is read
        msg = f"{VARIAVEL}: {modulo} can't be imported: {type(error).__name__}: {error}"
        raise ConfiguracaoInvalida(msg) from error


def _is_async(found: Any) -> bool:
    return inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(
        getattr(found, "__call__", None)  # noqa: B004 - an object whose call is async
    )


def _wrong(bot: BotSettings, why: str) -> ConfiguracaoInvalida:
    return ConfiguracaoInvalida(f"{VARIAVEL}={bot.responder}: {why}")
