"""Kafka as a test's private process: one node, entered in the clear or by TLS with a password."""

import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import orjson
from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]
from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]

from ponte.brokers.kafka import PREFIX, KafkaBroker
from ponte.ports import Broker
from tests.brokers.engines import (
    API_VERSIONS,
    FACTS,
    HOST,
    JARS,
    START_S,
    Absent,
    Came,
    Process,
    Read,
    free_port,
    program,
    says,
)
from tests.certificado import certificate
from tests.espera import until

USER, PASSWORD = "ponte", "p@ss/errada?não:esta"  # as an address must quote it


@asynccontextmanager
async def kafka_reads(url: str) -> AsyncIterator[Read]:
    """Listen to the stream on Kafka."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=url.removeprefix("kafka://"), auto_offset_reset="earliest",
        metadata_max_age_ms=500,
    )  # fmt: skip
    consumer.subscribe(pattern=FACTS)
    await consumer.start()
    known = {topic for topic in await consumer.topics() if re.match(FACTS, topic)}

    async def assigned() -> bool:
        return known <= {place.topic for place in consumer.assignment()}

    await until(assigned)
    # A new topic makes the consumer begin all of them again.
    seen = await consumer.end_offsets(consumer.assignment())

    async def read() -> list[Came]:
        found = []
        for place, records in (await consumer.getmany(timeout_ms=500)).items():
            for record in records:
                if record.offset < seen.get(place, 0):
                    continue
                seen[place] = record.offset + 1
                headers = {k: v.decode() for k, v in record.headers}
                found.append(
                    Came(record.topic, record.key.decode(), orjson.loads(record.value),
                         headers["ce_type"])
                )  # fmt: skip
        return found

    try:
        yield read
    finally:
        await consumer.stop()


class Kafka:
    """One node that is broker and controller (KRaft), from jars that Maven fetched."""

    def __init__(self, folder: Path) -> None:
        self._java = program("java", "openjdk-17-jre-headless")
        if not any(JARS.glob("kafka_*.jar")):
            raise Absent("needs Kafka's jars: make engines, with Maven and Java 17")
        self.port, self._controller, self.tls_port = free_port(), free_port(), free_port()
        self.url = f"kafka://{HOST}:{self.port}"
        self.ca, key = certificate(folder)
        (folder / "node.pem").write_text(key.read_text() + self.ca.read_text())
        self._settings = folder / "server.properties"
        self._settings.write_text(self._properties(folder), encoding="latin-1")
        self.node = Process(
            [*self._run(), "kafka.Kafka", str(self._settings)], folder=folder, env={},
            answers=lambda: says(self.port, API_VERSIONS, b"\0\0"),
        )  # fmt: skip

    def start(self) -> None:
        subprocess.run(  # noqa: S603 - our own command
            [*self._run(), "kafka.tools.StorageTool", "format", "--ignore-formatted",
             "-t", "cG9udGUtdGVzdGVzLWthZg", "-c", str(self._settings),
             "--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"],
            check=True, capture_output=True, timeout=START_S,
        )  # fmt: skip
        self.node.start()

    def stop(self) -> None:
        self.node.stop(kill=True)

    def restart(self) -> None:
        self.node.restart()

    def connect(self) -> Broker:
        return KafkaBroker(self.url)

    async def lose(self, fila: str) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=f"{HOST}:{self.port}")
        await admin.start()
        await admin.delete_topics([PREFIX + fila])
        await admin.close()

    def reads(self) -> AbstractAsyncContextManager[Read]:
        return kafka_reads(self.url)

    def _run(self) -> list[str]:
        return [self._java, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-cp", str(JARS / "*")]  # fmt: skip

    def _properties(self, folder: Path) -> str:
        safe = "listener.name.safe."
        plain = "org.apache.kafka.common.security.plain.PlainLoginModule"
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule"
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{HOST}:{self._controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{HOST}:{self.port},SAFE://{HOST}:{self.tls_port},"
            f"CONTROLLER://{HOST}:{self._controller}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{self.port},"
            f"SAFE://localhost:{self.tls_port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
            "SAFE:SASL_SSL",
            "inter.broker.listener.name": "PLAINTEXT",
            f"{safe}ssl.keystore.type": "PEM",
            f"{safe}ssl.keystore.location": str(folder / "node.pem"),
            f"{safe}sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            f"{safe}plain.sasl.jaas.config": f'{plain} required user_{USER}="{PASSWORD}";',
            f"{safe}scram-sha-512.sasl.jaas.config": f"{scram} required;",
            "log.dirs": str(folder / "data"),
            "num.partitions": "3",
            "offsets.topic.num.partitions": "1",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "log.cleaner.enable": "false",
        }
        return "\n".join(f"{name}={value}" for name, value in settings.items())
