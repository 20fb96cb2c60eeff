"""When is it enough? A field `stop:` of the recipe. Protocol: `core.stages.StopRule`. Read `overall_uncertainty` first.

A rule is asked after every round, about the student as that round left it; it sees no answer and no exam.
"""
