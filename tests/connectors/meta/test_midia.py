"""Where the bytes of media may be fetched from."""

import pytest

from ponte.connectors.meta import midia


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://scontent.xx.fbcdn.net/v/a.png", True),
        ("https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=3", True),
        ("https://scontent.cdninstagram.com/v/a.jpg", True),
        ("http://scontent.xx.fbcdn.net/v/a.png", False),
        ("https://fbcdn.net.evil.example/a", False),
        ("https://evilfbcdn.net/a", False),
        ("https://user@scontent.xx.fbcdn.net/a", False),
        ("https://scontent.xx.fbcdn.net:8443/a", False),
        ("https://scontent.xx.fbcdn.net:port/a", False),
        ("file:///etc/passwd", False),
        ("/reel/1/", False),
    ],
)
def test_only_addresses_of_meta_are_its_own(url: str, *, ours: bool) -> None:
    assert midia.is_metas(url, "https://graph.facebook.com") is ours
