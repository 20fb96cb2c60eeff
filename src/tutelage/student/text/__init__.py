"""Students that read text."""
