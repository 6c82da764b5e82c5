"""Kafka by TLS and password, and topics made as the settings say. On a real node."""

from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from ponte.brokers.kafka import PREFIX, KafkaBroker
from ponte.brokers.kafka_client import KafkaClient, Seguranca, Topicos
from ponte.domain.valores import new_id
from ponte.errors import ArmazenamentoIndisponivel, ConfiguracaoInvalida
from ponte.ports import Prompt
from ponte.runtime.engines import open_broker, open_stream
from ponte.settings import KafkaSettings, Settings
from tests.brokers.engines import CUT_OFF
from tests.brokers.kafka_node import PASSWORD, USER, Kafka
from tests.cli.terminal import new_terminal

pytestmark = [pytest.mark.timeout(120), CUT_OFF]


def address(node: Kafka, *, password: str = PASSWORD, scheme: str = "kafkas") -> str:
    """Return the address of the node's safe door."""
    return f"{scheme}://{USER}:{quote(password, safe='')}@localhost:{node.tls_port}"


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_work_goes_through_the_safe_door(real_kafka: Kafka, mechanism: str) -> None:
    fila = f"teste.{new_id()}"
    settings = Settings.model_construct(
        queue_url=SecretStr(address(real_kafka)),
        kafka=KafkaSettings.model_validate(
            {
                "sasl_mechanism": mechanism,
                "ca_file": real_kafka.ca,
                "partitions": 2,
                "replication": 1,
            }
        ),
    )
    broker = open_broker(settings)

    await broker.start([fila])
    await broker.publish([Prompt(fila, 7, "f7", "l")])
    [came] = await broker.receive(fila, limit=1, timeout_s=60)

    assert came.entrega_id == 7
    assert await broker.consumers(fila) == 1
    await broker.close()


async def test_a_wrong_password_an_unknown_authority_and_a_clear_voice_are_kept_out(
    real_kafka: Kafka,
) -> None:
    knows = Seguranca(ca_file=real_kafka.ca)

    for url, seguranca in (
        (address(real_kafka, password="outra-canario"), knows),
        (address(real_kafka), Seguranca()),
        (address(real_kafka, scheme="kafka"), knows),
    ):
        broker = KafkaBroker(url, seguranca)
        with pytest.raises(ArmazenamentoIndisponivel) as refused:
            await broker.start()
        assert "canario" not in str(refused.value)
        await broker.close()


async def test_topics_are_made_with_as_many_partitions_as_told_and_once(real_kafka: Kafka) -> None:
    name = f"teste.{new_id()}"
    client = KafkaClient(real_kafka.url, topicos=Topicos(partitions=5, replication=1))
    again = KafkaClient(real_kafka.url, topicos=Topicos(partitions=2, replication=1))

    await client.make([PREFIX + name])
    await again.make([PREFIX + name])

    async with client.admin() as admin:
        [found] = await admin.describe_topics([PREFIX + name])
    assert len(found["partitions"]) == 5


async def test_more_copies_than_there_are_brokers_is_an_error_that_says_so(
    real_kafka: Kafka,
) -> None:
    client = KafkaClient(real_kafka.url, topicos=Topicos(partitions=1, replication=3))

    with pytest.raises(ArmazenamentoIndisponivel, match="InvalidReplicationFactor"):
        await client.make([f"teste.{new_id()}"])


def test_doctor_enters_by_the_safe_door_and_says_who_was_refused(
    real_kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = new_terminal(tmp_path, monkeypatch)
    monkeypatch.setenv("PONTE_QUEUE_URL", address(real_kafka))
    monkeypatch.setenv("PONTE_STREAM_URL", address(real_kafka, password="errada-canario"))
    monkeypatch.setenv("PONTE_KAFKA__CA_FILE", str(real_kafka.ca))

    said = terminal.run("doctor", "--json")

    exames = {e["nome"]: e for e in said.json["exames"]}
    assert exames["motor da fila"]["ok"], exames
    assert "usuário ou senha recusados" in exames["motor do stream"]["texto"]
    assert "canario" not in said.out + said.err


@pytest.mark.parametrize(
    ("field", "content"), [("ca_file", None), ("ca_file", "x"), ("cert_file", "x")]
)
def test_a_certificate_that_can_not_be_used_is_named(
    tmp_path: Path, field: str, content: str | None
) -> None:
    file = tmp_path / "ruim.pem"
    if content is not None:
        file.write_text(content)
    settings = Settings.model_construct(
        stream_url=SecretStr("kafkas://localhost:9093"),
        kafka=KafkaSettings.model_validate({field: file}),
    )

    with pytest.raises(ConfiguracaoInvalida, match=f"PONTE_KAFKA__{field.upper()}: .*ruim"):
        open_stream(settings)


@pytest.mark.parametrize("url", ["kafka://", "kafkas://ponte:senha@", "kafka://a:b@host"])
def test_an_address_without_a_port_is_refused_and_its_password_not_shown(url: str) -> None:
    settings = Settings.model_construct(queue_url=SecretStr(url))

    with pytest.raises(ConfiguracaoInvalida, match="PONTE_QUEUE_URL: not an address") as refused:
        open_broker(settings)
    assert "senha" not in str(refused.value)


@pytest.mark.parametrize("field", ["partitions", "replication"])
def test_partitions_without_copies_or_copies_without_partitions_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match="go together"):
        KafkaSettings.model_validate({field: 1})
