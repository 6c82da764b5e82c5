"""Alertas: what a person should know, told at once and not twice."""
