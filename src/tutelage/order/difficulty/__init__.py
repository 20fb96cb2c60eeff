"""How hard is a lesson? A setting `by:` of curricula. Protocol: `core.difficulty.Difficulty`. Read `column` first.

A difficulty only compares lessons: what is done with the numbers is the curriculum's. It rewrites nothing, and a
student that it asks answers about the lessons that it is given, never about the exam.
"""
