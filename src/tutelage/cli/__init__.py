"""The command line: one file per verb, read `main.py` first. Only this room prints, and nothing imports it."""
