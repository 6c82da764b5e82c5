"""WS: who is told of each fact, live, and how a client that was away catches up.

Facts come in here once, after their commit and in order, and leave as frames
that were encoded once, whatever the number of sockets. Nobody waits for a slow
reader: it is taken aside, and dropped when it does not catch up.

The rule a newcomer would break: a frame is written only by a `Sala` (live) or by
the replay in `acompanhar` (catching up), never by both to the same client. That
is what makes every frame arrive once and in order.
"""

from ponte.ws.cliente import Chamador, Cliente, Saida, SaidaAsgi
from ponte.ws.corrente import SALAS, Foto, Historico
from ponte.ws.hub import Hub

__all__ = ["SALAS", "Chamador", "Cliente", "Foto", "Historico", "Hub", "Saida", "SaidaAsgi"]
