"""Ponte: one integration hub for Brazilian retail.

A fact is written once, in the same transaction as the row it is about, and then
only travels forward: outbox, broker, handler, next fact, WebSocket. `flow.py` is
the whole system on one page; start reading there.
"""

__version__ = "0.1.0"
