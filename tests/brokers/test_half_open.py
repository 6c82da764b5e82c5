"""A connection that lost its other side without a word."""

import aiormq
from yarl import URL

from ponte.brokers.amqp import Link


async def test_the_driver_gives_up_a_half_open_connection_within_ten_seconds() -> None:
    link = Link("amqp://guest:guest@127.0.0.1/", name="x")

    heartbeat_s = aiormq.Connection(URL(str(link.address))).heartbeat_timeout

    assert 0 < (heartbeat_s + 1) * aiormq.Connection.HEARTBEAT_GRACE_MULTIPLIER <= 10


async def test_an_operator_s_own_heartbeat_is_kept() -> None:
    link = Link("amqp://guest:guest@127.0.0.1/?heartbeat=30", name="x")

    assert aiormq.Connection(URL(str(link.address))).heartbeat_timeout == 30
