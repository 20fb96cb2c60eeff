"""Real models and data."""
