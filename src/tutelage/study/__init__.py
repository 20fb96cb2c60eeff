"""Arms x seeds under one budget."""
