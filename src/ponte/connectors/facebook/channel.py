"""Channel: one mensagem becomes one message to one person of Facebook Messenger."""

from functools import partial

from ponte.connectors.facebook.build import build
from ponte.connectors.facebook.classify import classify
from ponte.connectors.facebook.limites import LIMITES
from ponte.connectors.meta.channel import MetaChannel, Rede
from ponte.connectors.meta.channel import probe as probe_account

_REDE = Rede("facebook", LIMITES, build, classify)

FacebookChannel = partial(MetaChannel, rede=_REDE)
probe = partial(probe_account, rede=_REDE)
