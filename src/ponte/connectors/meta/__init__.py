"""Meta: what WhatsApp Cloud, Instagram and Messenger share of Meta's Graph API.

No connector of its own: three connectors stand on it, which know nothing of one another.
Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""
