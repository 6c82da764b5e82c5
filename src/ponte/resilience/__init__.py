"""Resilience: how Ponte talks to a world that is slow, silent or wrong.

`http.py` is the only door out: limiter, breaker, request, error mapping, in that
order. Nothing here retries what is queued: the Step owns the tries, because
three tries inside three tries are nine.
"""
