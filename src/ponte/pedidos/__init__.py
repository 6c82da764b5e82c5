"""Pedidos: an order from its acceptance to its nota."""
