"""Canais: how each platform on which people write is, and what can be done about it."""
