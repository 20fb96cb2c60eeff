"""Teach models with as little supervision as possible."""
