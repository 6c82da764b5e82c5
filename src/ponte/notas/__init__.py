"""Notas: the nota fiscal of a pedido."""
