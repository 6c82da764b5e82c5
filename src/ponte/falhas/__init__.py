"""Falhas: work set aside whole, with its reason, to be replayed or discarded by a person."""
