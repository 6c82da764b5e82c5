"""RabbitMQ: moves prompts through durable queues, one for each queue of Ponte.

Published persistent and `mandatory` with confirms: without `mandatory` a message
that no queue takes is confirmed all the same. Acked after the commit. Attempts are
counted in the database alone, so the queues have no delivery limit. The rule: who
consumes is who the server counts, never who once subscribed.

Sources: rabbitmq.com/docs/confirms, /docs/quorum-queues, /docs/consumers.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import orjson
import structlog
from aio_pika import DeliveryMode, ExchangeType, Message
from aio_pika.abc import (
    AbstractChannel,
    AbstractExchange,
    AbstractIncomingMessage,
    AbstractQueue,
)
from aio_pika.exceptions import (
    CONNECTION_EXCEPTIONS,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    PublishError,
)

from ponte.brokers.amqp import CONFIRM_S, CONNECT_S, Link, engine_errors
from ponte.brokers.mailbox import Mailbox
from ponte.errors import ArmazenamentoIndisponivel, ConfiguracaoInvalida
from ponte.ports import Prompt

log = structlog.get_logger(__name__)
QueueType = Literal["quorum", "classic"]

IN_FLIGHT = 128  # chosen: 64 already reach all that was measured, decision 0010
PREFETCH = 256  # chosen: two groups of the worker, one in hand and one on the way
CHECK_S = 3.0  # chosen: with the connecting, consuming again within ten seconds
IDLE_CHECKS = 2  # chosen: looks without a delivery after which a subscription is made anew
AGAIN_S = 1.0  # chosen: how soon an engine that is away is tried again
DEAD = "ponte.mortas"  # exchange and queue of what an operator's policy would drop
_LIMIT_SINCE = 4  # RabbitMQ 4 counts deliveries unless told not to: /docs/quorum-queues


@dataclass(slots=True, eq=False)
class _Subscription:
    channel: AbstractChannel
    came: int = 0
    settled: int = 0
    seen: int = -1
    idle: int = 0
    _upto: int = 0  # every delivery tag up to this one is settled

    def is_idle(self) -> bool:
        """Tell whether some looks in a row saw nothing come and nothing in hand."""
        moved = self.came != self.seen or self.settled != self.came
        self.seen = self.came
        self.idle = 0 if moved else self.idle + 1
        return self.idle >= IDLE_CHECKS

    async def ack(self, tags: Sequence[int]) -> None:
        channel = await self.channel.get_underlay_channel()
        self.settled += len(tags)
        if tags[0] == self._upto + 1 and tags[-1] - tags[0] == len(tags) - 1:
            self._upto = tags[-1]
            await channel.basic_ack(tags[-1], multiple=True)
            return
        for tag in tags:
            await channel.basic_ack(tag, wait=tag == tags[-1])

    async def nack(self, tags: Sequence[int]) -> None:
        channel = await self.channel.get_underlay_channel()
        self.settled += len(tags)
        for tag in tags:
            await channel.basic_nack(tag, requeue=True, wait=tag == tags[-1])


class RabbitBroker:
    """One process's way to a RabbitMQ: a link that publishes and one that consumes.

    Two, since the server stops reading from a publisher when it is short of memory
    or disk, and acks must still get through.
    """

    name = "rabbitmq"
    rows_are_the_queue = False

    def __init__(self, url: str, *, queue_type: QueueType = "quorum") -> None:
        self._queue_type = queue_type
        self._out = Link(url, name="ponte publish")
        self._in = Link(url, name="ponte consume")
        self._declared: set[str] = set()
        self._mailbox = Mailbox()
        self._wanted: set[str] = set()
        self._subscriptions: dict[str, _Subscription] = {}
        self._kick = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self._down = False

    async def start(self, filas: Iterable[str] = ()) -> None:
        with engine_errors():
            channel = await self._publisher()
            try:
                for fila in filas:
                    await self._declare(channel, fila, link=self._out)
                    self._declared.add(fila)
            except ChannelPreconditionFailed as error:
                msg = f"PONTE_RABBITMQ__QUEUE_TYPE is not how a queue of RabbitMQ is: {error}"
                raise ConfiguracaoInvalida(msg) from error

    # ------------------------------------------------------------ publishing

    async def publish(self, prompts: Sequence[Prompt]) -> None:
        try:
            with engine_errors():
                for start in range(0, len(prompts), IN_FLIGHT):
                    async with asyncio.timeout(CONFIRM_S + CONNECT_S):
                        await self._publish_window(prompts[start : start + IN_FLIGHT])
        except ArmazenamentoIndisponivel:
            await self._out.drop_if_dead()
            raise

    async def _publish_window(self, prompts: Sequence[Prompt]) -> None:
        channel = await self._publisher()
        for fila in {p.fila for p in prompts} - self._declared:
            await self._declare(channel, fila, link=self._out)
            self._declared.add(fila)
        returned = await _send(channel.default_exchange, prompts)
        if not returned:
            return
        for fila in {p.fila for p in returned}:
            log.warning("queue was gone, declared anew", fila=fila)
            await self._declare(channel, fila, link=self._out)
        if await _send(channel.default_exchange, returned):
            raise ArmazenamentoIndisponivel("RabbitMQ has no queue that takes what was published")

    async def _publisher(self) -> AbstractChannel:
        channel, new = await self._out.confirming()
        if new:
            self._declared.clear()
        return channel

    # ------------------------------------------------------------ consuming

    def wake(self, filas: Iterable[str]) -> None:
        self._mailbox.wake(filas)

    def wake_all(self) -> None:
        self._mailbox.wake_all()

    async def receive(self, fila: str, *, limit: int, timeout_s: float) -> Sequence[Prompt]:
        self._wanted.add(fila)
        if fila not in self._subscriptions:
            self._kick.set()
        if self._watch is None:
            self._watch = asyncio.create_task(self._watch_over(), name="rabbitmq watch")
        return await self._mailbox.take(fila, limit=limit, timeout_s=timeout_s)

    async def ack(self, prompts: Sequence[Prompt]) -> None:
        # A prompt whose channel is gone comes again, and finds its work done.
        with contextlib.suppress(*CONNECTION_EXCEPTIONS):
            for subscription, tags in _by_subscription(prompts).items():
                await subscription.ack(tags)

    async def nack(self, prompts: Sequence[Prompt]) -> None:
        with contextlib.suppress(*CONNECTION_EXCEPTIONS):
            for subscription, tags in _by_subscription(prompts).items():
                await subscription.nack(tags)

    async def consumers(self, fila: str) -> int:
        _ready, consumers = await self._look(fila)
        return consumers

    async def depth(self, fila: str) -> int | None:
        ready, _consumers = await self._look(fila)
        return ready

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        self._mailbox.close()
        await self._in.close()
        await self._out.close()

    # ------------------------------------------------------------ watching

    async def _watch_over(self) -> None:
        while True:
            self._kick.clear()
            errors = [e for fila in tuple(self._wanted) if (e := await self._kept(fila))]
            if errors:
                if not self._down:
                    log.warning("rabbitmq does not let us consume, trying again", erro=errors[0])
                await self._in.drop_if_dead()
            elif self._down:
                log.info("rabbitmq lets us consume again", filas=len(self._wanted))
            self._down = bool(errors)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S if errors else CHECK_S):
                    await self._kick.wait()

    async def _kept(self, fila: str) -> str | None:
        """Keep one queue; return why it can't be, so that it is no other's trouble."""
        try:
            with engine_errors():
                await self._keep_consuming(fila)
        except ArmazenamentoIndisponivel as error:
            self._subscriptions.pop(fila, None)
            return str(error)
        return None

    async def _keep_consuming(self, fila: str) -> None:
        """Subscribe where nobody consumes, and where nothing came for a while.

        A quorum queue that was deleted and declared at once counts a consumer to which
        nothing is brought (seen on 3.10): an idle subscription proves nothing, and a
        new one costs a few milliseconds.
        """
        old = self._subscriptions.get(fila)
        if old is not None and not old.channel.is_closed:
            _ready, consumers = await self._look(fila)
            if not consumers:
                log.warning("nobody consumes, subscribing anew", fila=fila)
            elif not old.is_idle():
                return
        await self._subscribe(fila)
        if old is not None:
            await old.channel.close()

    async def _subscribe(self, fila: str) -> None:
        async with asyncio.timeout(CONNECT_S):
            connection = await self._in.connection()
            channel = await connection.channel(publisher_confirms=False)
            await channel.set_qos(prefetch_count=PREFETCH)
            queue = await self._declare(channel, fila, link=self._in)
            subscription = _Subscription(channel)
            underlay = await channel.get_underlay_channel()
            underlay.on_consumer_cancel_callbacks.add(self._cancelled)
            self._mailbox.forget(fila)
            self._subscriptions[fila] = subscription  # before the first message can come
            await queue.consume(partial(self._arrived, fila, subscription))

    def _cancelled(self, _frame: object) -> None:
        self._kick.set()

    async def _arrived(
        self, fila: str, subscription: _Subscription, message: AbstractIncomingMessage
    ) -> None:
        subscription.came += 1
        if self._subscriptions.get(fila) is subscription:
            receipt = _Receipt(subscription, message.delivery_tag or 0)
            self._mailbox.deliver(_prompt(fila, message.body, receipt))

    async def _look(self, fila: str) -> tuple[int, int]:
        """Return how many messages are ready and how many consume, by the server."""
        with engine_errors():
            async with asyncio.timeout(CONFIRM_S):
                connection = await self._in.connection()
                async with connection.channel(publisher_confirms=False) as channel:
                    try:
                        queue = await channel.declare_queue(fila, passive=True)
                    except ChannelNotFoundEntity:
                        return 0, 0
                    found = queue.declaration_result
                    return found.message_count or 0, found.consumer_count or 0

    async def _declare(self, channel: AbstractChannel, fila: str, *, link: Link) -> AbstractQueue:
        dead = await channel.declare_exchange(DEAD, ExchangeType.FANOUT, durable=True)
        await (await channel.declare_queue(DEAD, durable=True)).bind(dead)
        kind: dict[str, Any] = {"x-queue-type": self._queue_type}
        if self._queue_type == "quorum" and link.major >= _LIMIT_SINCE:
            kind["x-delivery-limit"] = -1
        kind["x-dead-letter-exchange"] = DEAD
        return await channel.declare_queue(fila, durable=True, arguments=kind)


@dataclass(frozen=True, slots=True)
class _Receipt:
    subscription: _Subscription
    tag: int


def _by_subscription(prompts: Sequence[Prompt]) -> dict[_Subscription, list[int]]:
    found: dict[_Subscription, list[int]] = {}
    for prompt in prompts:
        if isinstance(prompt.receipt, _Receipt):
            found.setdefault(prompt.receipt.subscription, []).append(prompt.receipt.tag)
    return {subscription: sorted(tags) for subscription, tags in found.items()}


async def _send(exchange: AbstractExchange, prompts: Sequence[Prompt]) -> list[Prompt]:
    """Publish all at once; return those that no queue took."""
    results = await asyncio.gather(
        *(exchange.publish(_message(p), p.fila, mandatory=True) for p in prompts),
        return_exceptions=True,
    )
    returned = []
    for prompt, result in zip(prompts, results, strict=True):
        if isinstance(result, PublishError):
            returned.append(prompt)
        elif isinstance(result, BaseException):
            raise result
    return returned


def _message(prompt: Prompt) -> Message:
    body = {"fato_id": prompt.fato_id, "entrega": prompt.entrega_id, "lane": prompt.lane}
    return Message(
        orjson.dumps(body),
        content_type="application/json",
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=str(prompt.entrega_id),
        type="ponte.prompt",
    )


def _prompt(fila: str, body: bytes, receipt: _Receipt) -> Prompt:
    # Whatever else came into the queue is a prompt as well: it makes the worker look.
    try:
        read = orjson.loads(body)
        return Prompt(fila, read["entrega"], read["fato_id"], read["lane"], receipt=receipt)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return Prompt(fila, 0, "", "", receipt=receipt)
