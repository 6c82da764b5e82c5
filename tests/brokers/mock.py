"""Mock: librdkafka's Kafka in this process, for a machine without Java."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NoReturn

import pytest
from confluent_kafka import Producer as MockHost

from ponte.brokers.kafka import KafkaBroker
from ponte.ports import Broker, Prompt
from tests.brokers.engines import START_S, Read
from tests.brokers.kafka_node import kafka_reads


class MockKafka:
    """librdkafka's broker in this process, for a machine without Java.

    It keeps topics, groups and offsets in memory and speaks a part of the protocol: what a
    test needs and it can't is a skip that says so.
    """

    def __init__(self, folder: Path) -> None:  # noqa: ARG002 - it keeps nothing on disk
        self.url = ""
        self._host: MockHost | None = None
        self._members: dict[str, _MockBroker] = {}

    def start(self) -> None:
        self._host = MockHost(
            {"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0}
        )
        [broker] = self._host.list_topics(timeout=START_S).brokers.values()
        self.url = f"kafka://{broker.host}:{broker.port}"

    def stop(self) -> None:
        cannot("be stopped and started on its port again")

    def restart(self) -> None:
        cannot("be restarted with what it kept")

    def end(self) -> None:
        """Let it go with its threads; the next test gets none of it."""
        self._host = None

    def connect(self) -> Broker:
        return _MockBroker(self.url, self._members)

    async def lose(self, fila: str) -> None:  # noqa: ARG002 - it has no DeleteTopics
        cannot("delete a topic")

    def reads(self) -> AbstractAsyncContextManager[Read]:
        return kafka_reads(self.url)


class _MockBroker(KafkaBroker):
    """Ponte's own, but for what the mock does not know."""

    def __init__(self, url: str, members: dict[str, "_MockBroker"]) -> None:
        super().__init__(url)
        self._members = members

    async def receive(self, fila: str, *, limit: int, timeout_s: float) -> Sequence[Prompt]:
        if self._members.setdefault(fila, self) is not self:  # its SyncGroup refuses a second one
            cannot("let a second member into a group")
        return await super().receive(fila, limit=limit, timeout_s=timeout_s)

    async def consumers(self, fila: str) -> int:  # noqa: ARG002 - it has no DescribeGroups
        cannot("say who consumes")


def cannot(what: str) -> NoReturn:
    """Skip a test that needs what only a real one can."""
    pytest.skip(f"librdkafka's in-process Kafka can't {what}; make engines brings a real one")
