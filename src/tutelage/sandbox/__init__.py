"""Running what a model wrote: any Python in a box of namespaces (`box`), arithmetic in an interpreter (`arithmetic`).

Read `box.py` first. There is one strength of wall: where one cannot be built, nothing is run (`walls`).
"""
