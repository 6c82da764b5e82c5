"""Simulators: local stand-ins of the outside that can misbehave on demand.

They know nothing of the connectors they exercise: a stand-in built from the same
code would agree with every mistake in it. Used by the demonstration, the tests and
the benchmarks.
"""
