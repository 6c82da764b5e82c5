"""Motores: whether the engines of queue, stream and helper can be reached as they are named.

First the bare address, which says the same of every engine; then the engine's own
greeting with user and password. Nothing is declared or published, and no cause is
shown in a driver's words, since those may repeat an address with its password.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from pydantic import SecretStr

from ponte.cli.achado import Achado
from ponte.errors import ArmazenamentoIndisponivel, ConfiguracaoInvalida
from ponte.runtime.engines import open_broker, open_helper, open_stream
from ponte.settings import Settings
from ponte.telemetry import Telemetry

ABRE_S = 3.0  # chosen: an address of one's own network answers in milliseconds
RESPONDE_S = 10.0  # chosen: what a driver takes to connect, at the worst
NOMES = {"amqp": "RabbitMQ", "amqps": "RabbitMQ", "redis": "Redis", "rediss": "Redis",
         "kafka": "Kafka", "kafkas": "Kafka"}  # fmt: skip
PORTAS = {"amqp": 5672, "amqps": 5671, "redis": 6379, "rediss": 6379, "kafka": 9092, "kafkas": 9093}
SEM_ELA = "; até lá os pedidos entram e andam pelo banco"
SEM_ELE = "; até lá os fatos esperam no banco"
# What an engine says of who knocks: aiormq's and redis-py's exceptions, by their names.
_RECUSADOS = ("Authentication", "NoPermission", "AccessRefused", "AccessDenied")
# The server closes where the client waits for its vhost to open, which aiormq finds odd.
_SEM_VHOST = ("ConnectionNotAllowed", "NotAllowed", "InvalidFrameError")


async def examine(settings: Settings) -> list[Achado]:
    """Look at what PONTE_QUEUE_URL, PONTE_STREAM_URL and PONTE_REDIS_URL name."""
    fila = settings.queue_url.get_secret_value()
    stream = settings.stream_url.get_secret_value()
    found = [Achado("motor da fila", ok=True, texto="o próprio banco")]
    if fila:
        found = [await _look(settings, "motor da fila", "PONTE_QUEUE_URL", url=fila, sem=SEM_ELA)]
    if stream:
        found.append(
            await _look(settings, "motor do stream", "PONTE_STREAM_URL", url=stream, sem=SEM_ELE)
        )
    if settings.redis_url.get_secret_value():
        found.append(await _helper(settings))
    return found


async def _helper(settings: Settings) -> Achado:
    nome, variavel, url = "redis", "PONTE_REDIS_URL", settings.redis_url.get_secret_value()
    try:
        helper = open_helper(settings, casa="exame", processo="exame", telemetry=Telemetry())
    except ConfiguracaoInvalida as error:
        tente = f"corrigir {variavel} (veja .env.example)"
        return Achado(nome, ok=False, texto=str(error), tente=tente)
    onde = ", ".join(f"{host}:{porta}" for host, porta in places(url))
    tente = f"ligar o Redis, ou corrigir {variavel}; até lá tudo anda sem ele"
    fechado = await _closed(url)
    if fechado is not None or helper is None:
        return Achado(nome, ok=False, texto=f"Redis em {onde}: {fechado}", tente=tente)
    try:
        medida = await helper.measure()
    except ArmazenamentoIndisponivel as error:
        why = _why(error, "Redis")
        return Achado(nome, ok=False, texto=f"Redis em {onde}: {why}", tente=tente)
    finally:
        await helper.close()
    texto = f"Redis {medida.versao} responde em {onde}, em {medida.ms:.1f} ms"
    return Achado(nome, ok=True, texto=texto)


async def _look(settings: Settings, nome: str, variavel: str, *, url: str, sem: str) -> Achado:
    both = {"queue_url": SecretStr(url), "stream_url": SecretStr(url)}
    settings = settings.model_copy(update=both)
    try:
        # Each names its own variable where the address is wrong.
        broker = open_broker(settings)
        if variavel == "PONTE_STREAM_URL":
            open_stream(settings)
    except ConfiguracaoInvalida as error:
        texto = str(error).replace("PONTE_QUEUE_URL", variavel)
        return Achado(nome, ok=False, texto=texto, tente=f"corrigir {variavel} (veja .env.example)")
    motor = NOMES[urlsplit(url).scheme]
    onde = ", ".join(f"{host}:{porta}" for host, porta in places(url))
    fechado = await _closed(url)
    if fechado is not None:
        return Achado(
            nome, ok=False, texto=f"{motor} em {onde}: {fechado}",
            tente=f"ligar o {motor}, ou corrigir {variavel}{sem}",
        )  # fmt: skip
    try:
        async with asyncio.timeout(RESPONDE_S):
            await broker.start()
    except (ArmazenamentoIndisponivel, TimeoutError) as error:
        return Achado(
            nome, ok=False, texto=f"{motor} em {onde}: {_why(error, motor)}",
            tente=f"corrigir {variavel}{sem}",
        )  # fmt: skip
    finally:
        await broker.close()
    return Achado(nome, ok=True, texto=f"{motor} responde em {onde}")


def places(url: str) -> list[tuple[str, int]]:
    """Return each host and port of an engine's address; Kafka's may name several."""
    scheme, _, rest = url.partition("://")
    hosts = rest.rpartition("@")[2].partition("/")[0].partition("?")[0]
    parts = [urlsplit(f"//{host}") for host in hosts.split(",")]
    return [(p.hostname or "localhost", p.port or PORTAS[scheme.lower()]) for p in parts]


async def _closed(url: str) -> str | None:
    """Return why none of the addresses lets anybody in, None where one does."""
    why = None
    for host, porta in places(url):
        try:
            async with asyncio.timeout(ABRE_S):
                _reader, writer = await asyncio.open_connection(host, porta)
        except socket.gaierror:
            why = f"o nome {host} é desconhecido nesta rede"
        except TimeoutError:
            why = f"sem resposta em {ABRE_S:.0f} s; um firewall no caminho?"
        except ConnectionRefusedError:
            why = "ninguém escuta ali"
        except OSError as error:
            why = error.strerror or type(error).__name__
        else:
            writer.close()
            return None
    return why


def _why(error: Exception, motor: str) -> str:
    causes = list(_chain(error))
    names = [type(cause).__name__ for cause in causes]
    if any(words in name for name in names for words in _RECUSADOS):
        return "usuário ou senha recusados"
    if any(name.startswith(words) for name in names for words in _SEM_VHOST):
        return "o vhost não existe, ou este usuário não pode usá-lo"
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return "o certificado não confere"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "não fala TLS"
    return f"a porta abre, mas quem responde não é um {motor} pronto ({names[-1]})"


def _chain(error: BaseException | None) -> Iterator[Exception]:
    while error is not None:
        if isinstance(error, Exception):  # a cancellation inside a driver says nothing
            yield error
        error = error.__cause__ or error.__context__
