"""Channel: one mensagem becomes one message to one person of Facebook Messenger."""

from functools import partial

from ponte.connectors.facebook.build import build
from ponte.connectors.facebook.classify import classify
from ponte.connectors.facebook.limites import LIMITES
from ponte.connectors.meta import envio

_REDE = envio.Rede("facebook", LIMITES, build, classify)

FacebookChannel = partial(envio.MetaChannel, rede=_REDE)
probe = partial(envio.probe, rede=_REDE)
