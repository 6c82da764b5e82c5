"""What Ponte is held against: limits without features, and the naive way of doing it.

Each module runs as a process of its own and says on its first line, in JSON, where it
listens or what it measured.
"""
