"""Channel: one mensagem becomes one message to one person of Instagram."""

from functools import partial

from ponte.connectors.instagram.build import build
from ponte.connectors.instagram.classify import classify
from ponte.connectors.instagram.limites import LIMITES
from ponte.connectors.instagram.token import InstagramToken
from ponte.connectors.meta.channel import MetaChannel, Rede
from ponte.connectors.meta.channel import probe as probe_account

_REDE = Rede("instagram", LIMITES, build, classify, InstagramToken)

InstagramChannel = partial(MetaChannel, rede=_REDE)
probe = partial(probe_account, rede=_REDE)
