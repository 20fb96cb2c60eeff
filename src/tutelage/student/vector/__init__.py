"""Students that read vectors."""
