"""Which examples? Protocol: `core.stages.Chooser`. Read `entropy` first.

A chooser sees the pool and the student, never an answer. Neither the order of the pool nor an id changes a choice.
`stop/` is a room of its own: when is it enough?
"""
