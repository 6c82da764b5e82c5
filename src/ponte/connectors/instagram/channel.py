"""Channel: one mensagem becomes one message to one person of Instagram."""

from functools import partial

from ponte.connectors.instagram.build import build
from ponte.connectors.instagram.classify import classify
from ponte.connectors.instagram.limites import LIMITES
from ponte.connectors.meta import envio

_REDE = envio.Rede("instagram", LIMITES, build, classify)

InstagramChannel = partial(envio.MetaChannel, rede=_REDE)
probe = partial(envio.probe, rede=_REDE)
