"""Inbound: what customers write, as the platforms deliver it; no two bodies alike.

WhatsApp comes from Evolution API, which proves itself by a bearer; Instagram from Meta,
which signs the raw bytes. Both are turned into messages of conversations.
"""

import hashlib
import hmac
import time
from collections.abc import Iterator
from itertools import count
from uuid import uuid4

# Not secrets: they open a database that is deleted with the run.
BEARER = "bench-webhook-secret-that-opens-nothing"
APP_SECRET = "bench-app-secret-that-signs-nothing-else"  # noqa: S105 - not one
# As many conversations as a busy shop has in an hour, so that messages meet on some.
CUSTOMERS = 500
NOBODY = "http://127.0.0.1:9"

SETTINGS = {
    "PONTE_WHATSAPP__BASE_URL": NOBODY,
    "PONTE_WHATSAPP__API_KEY": "bench",
    "PONTE_WHATSAPP__WEBHOOK_SECRETS": BEARER,
    "PONTE_INSTAGRAM__BASE_URL": NOBODY,
    "PONTE_INSTAGRAM__ACCESS_TOKEN": "bench",
    "PONTE_INSTAGRAM__APP_SECRET": APP_SECRET,
}

_WHATSAPP = (
    b'{"event":"messages.upsert","instance":"loja-centro","data":{"key":{"remoteJid":'
    b'"5511%09d@s.whatsapp.net","fromMe":false,"id":"%s"},"pushName":"Ana Souza","message":'
    b'{"conversation":"Oi, tem 42? Quanto custa com entrega para o centro?"},"messageType":'
    b'"conversation","messageTimestamp":%d,"instanceId":"6b0e","source":"android"},"destination":'
    b'"http://ponte.test/webhooks/whatsapp","date_time":"2026-11-25T12:00:00.000Z","sender":'
    b'"5511999990000@s.whatsapp.net","server_url":"http://evolution.test","apikey":"fake"}'
)
_INSTAGRAM = (
    b'{"object":"instagram","entry":[{"id":"17841400000000001","time":%d,"messaging":[{"sender":'
    b'{"id":"9000%09d"},"recipient":{"id":"17841400000000001"},"timestamp":%d,"message":{"mid":'
    b'"%s","text":"Oi, tem 42? Quanto custa com entrega para o centro?"}}]}]}'
)
_HEAD = (
    b"POST /webhooks/%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
    b"%s\r\nContent-Length: %d\r\n\r\n"
)


def deliveries(port: int) -> Iterator[bytes]:
    """Yield requests for ever, of the two platforms in turn."""
    run = uuid4().hex[:12].encode()
    for number in count():
        name, customer, now_s = b"%s%08d" % (run, number), number % CUSTOMERS, int(time.time())
        if number % 2:
            body = _INSTAGRAM % (now_s * 1000, customer, now_s * 1000, b"mid" + name)
            signature = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
            proof = b"X-Hub-Signature-256: sha256=" + signature.encode()
            yield _HEAD % (b"instagram", port, proof, len(body)) + body
        else:
            body = _WHATSAPP % (customer, b"3EB0" + name, now_s)
            proof = b"Authorization: Bearer " + BEARER.encode()
            yield _HEAD % (b"whatsapp", port, proof, len(body)) + body
