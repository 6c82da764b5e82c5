"""Metricas: numbers, those that callers record and those that Ponte counts of itself."""
