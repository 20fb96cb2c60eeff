"""Real models and data: which there are (`catalog`), getting them with pinned hashes (`fetch`), and where they are.

Read `fetch.py` first. Assets live in the user's cache, never in the repository, and nothing in them is imported.
"""
