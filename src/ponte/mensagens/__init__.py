"""Mensagens: what the shop says to somebody, and somebody to the shop, on any canal."""
