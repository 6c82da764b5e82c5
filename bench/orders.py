"""Orders as a shop's system sends them: one request's bytes each, no two alike.

Every order has an `Idempotency-Key` and an external id of its own, so nothing that it
costs to be safe is left out of a figure.
"""

from collections.abc import Iterator, Sequence
from itertools import count, cycle
from uuid import uuid4

BODY = (
    b'{"canal":"api","pedido_externo":"%s","filial_id":"1","cliente":{"nome":"Ana Souza",'
    b'"documento":"52998224725","telefone":"+5511987654321","email":null},"itens":['
    b'{"produto_id":"%s","quantidade":1,"preco_unitario":"25.90"}],"observacao":null}'
)
HEAD = (
    b"POST /pedido HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n"
    b"Content-Type: application/json\r\nIdempotency-Key: %s\r\nContent-Length: %d\r\n\r\n"
)
# An id in a 202 stands behind this.
ID = b'"id":"'
ID_LENGTH = 36

# Enough products that orders rarely meet on one, few enough to fit a small shop.
PRODUCTS = tuple(f"PROD-{number:03d}" for number in range(1, 101))


def requests(port: int, key: str, *, products: Sequence[str] = PRODUCTS) -> Iterator[bytes]:
    """Yield orders for ever, one product each, over `products` in turn."""
    run = uuid4().hex[:12]
    token = key.encode()
    skus = cycle([product.encode() for product in products])
    for number in count(1):
        yield order(port, token, name=f"{run}-{number}", sku=next(skus))


def order(port: int, token: bytes, *, name: str, sku: bytes) -> bytes:
    """Return one request; `name` makes its external id and its idempotency key."""
    external = name.encode()
    body = BODY % (external, sku)
    return HEAD % (port, token, b"bench-" + external, len(body)) + body


def order_id(body: bytes) -> bytes:
    """Return the id in the answer to an order; empty when there is none."""
    at = body.find(ID)
    return body[at + len(ID) : at + len(ID) + ID_LENGTH] if at >= 0 else b""
