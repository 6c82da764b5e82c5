"""Kafka's client: how this process enters a cluster, and how its topics are made there.

`kafka://` speaks in the clear, `kafkas://` by TLS; a user in the address enters by SASL.
Nothing here reads or writes a message.

Source: kafka.apache.org/documentation, "Security" and CreateTopics of the protocol.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # type: ignore[import-untyped]
from aiokafka.conn import create_conn  # type: ignore[import-untyped]
from aiokafka.errors import (  # type: ignore[import-untyped]
    KafkaError,
    TopicAlreadyExistsError,
    for_code,
)

from ponte.errors import ArmazenamentoIndisponivel, ConfiguracaoInvalida

ANSWER_MS = 5_000
CONFIRM_S = 10.0


@contextlib.contextmanager
def engine_errors() -> Iterator[None]:
    """Turn what the library raises into "can't now"."""
    try:
        yield
    except (KafkaError, OSError, TimeoutError) as error:
        raise ArmazenamentoIndisponivel(f"Kafka: {type(error).__name__} {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Seguranca:
    """What a cluster asks of who enters, besides the address."""

    sasl_mechanism: str = "SCRAM-SHA-512"
    ca_file: Path | None = None  # None: the system's authorities
    cert_file: Path | None = None  # this client's own, where the cluster asks for one
    key_file: Path | None = None
    key_password: str | None = field(default=None, repr=False)

    def context(self) -> ssl.SSLContext:
        """Return what TLS is spoken with.

        Raises:
            ConfiguracaoInvalida: a file is missing or holds something else.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            msg = f"PONTE_KAFKA__CA_FILE: {self.ca_file} can't be used: {error.strerror or error}"
            raise ConfiguracaoInvalida(msg) from error
        if self.cert_file is None:
            return context
        try:
            # Without a password the library would ask at the terminal.
            context.load_cert_chain(self.cert_file, self.key_file, password=self.key_password or "")
        except OSError as error:
            msg = f"PONTE_KAFKA__CERT_FILE: {self.cert_file} can't be used with its key: {error}"
            raise ConfiguracaoInvalida(msg) from error
        return context


@dataclass(frozen=True, slots=True)
class Topicos:
    """How a topic is made that is not there. Without it the cluster makes it as it likes."""

    partitions: int
    replication: int


class KafkaClient:
    """One cluster, for all who speak to it in this process."""

    def __init__(
        self, url: str, seguranca: Seguranca | None = None, topicos: Topicos | None = None
    ) -> None:
        """Take an address apart.

        Args:
            url: `kafka[s]://[user:password@]host:port[,host:port]`.
            seguranca: What the cluster asks besides.
            topicos: How topics are made.

        Raises:
            ValueError: the address is none.
            ConfiguracaoInvalida: a certificate can't be used.
        """
        scheme, _, rest = url.partition("://")
        user, _, hosts = rest.rpartition("@")
        self.bootstrap = _hosts(hosts)
        self._topicos = topicos
        self._made: set[str] = set()
        self.options = _options(scheme.lower(), user, seguranca or Seguranca())
        self.options["bootstrap_servers"] = self.bootstrap
        self.options["request_timeout_ms"] = ANSWER_MS

    @contextlib.asynccontextmanager
    async def admin(self) -> AsyncIterator[Any]:
        """Ask about groups and topics.

        Raises:
            ArmazenamentoIndisponivel: Kafka is away or refuses.
        """
        with engine_errors():
            async with asyncio.timeout(CONFIRM_S):
                admin = AIOKafkaAdminClient(**self.options)
                try:
                    await admin.start()
                    yield admin
                finally:
                    await admin.close()

    async def make(self, topics: Iterable[str]) -> None:
        """Make topics that are not there as the settings say; without any, the cluster does.

        Raises:
            ArmazenamentoIndisponivel: Kafka is away or refuses.
        """
        unknown = set(topics) - self._made
        if self._topicos is None or not unknown:
            return
        async with self.admin() as admin:
            missing = unknown - set(await admin.list_topics())
            if missing:
                shape = (self._topicos.partitions, self._topicos.replication)
                answer = await admin.create_topics([NewTopic(t, *shape) for t in sorted(missing)])
                for name, code, *_ in answer.topic_errors:
                    _must_be_made(name, code)
        self._made |= unknown

    async def greet(self) -> None:
        """Knock at each address until one lets in.

        The library keeps why it could not connect to itself; here the last reason is told.

        Raises:
            ArmazenamentoIndisponivel: none does.
        """
        options = {k: v for k, v in self.options.items() if k != "bootstrap_servers"}
        with engine_errors():
            for place in (places := self.bootstrap.split(",")):
                host, _, port = place.rpartition(":")
                try:
                    connection = await create_conn(host.strip("[]"), int(port), **options)
                except (KafkaError, OSError, TimeoutError):
                    if place == places[-1]:
                        raise
                else:
                    connection.close()
                    return

    def forget(self) -> None:
        """Look anew what is there: something failed, and a topic may be gone."""
        self._made.clear()


def _hosts(hosts: str) -> str:
    found = hosts.rstrip("/")
    if not all(":" in one and one.rpartition(":")[2].isdigit() for one in found.split(",")):
        raise ValueError(hosts)
    return found


def _options(scheme: str, user: str, seguranca: Seguranca) -> dict[str, Any]:
    tls = scheme == "kafkas"
    options: dict[str, Any] = {}
    if tls:
        options["ssl_context"] = seguranca.context()
    if user:
        name, _, password = user.partition(":")
        options["sasl_mechanism"] = seguranca.sasl_mechanism
        options["sasl_plain_username"] = unquote(name)
        options["sasl_plain_password"] = unquote(password)
    options["security_protocol"] = ("SASL_" if user else "") + ("SSL" if tls else "PLAINTEXT")
    return options


def _must_be_made(name: str, code: int) -> None:
    error = for_code(code)
    if code and error is not TopicAlreadyExistsError:  # another process was faster
        raise error(name)
