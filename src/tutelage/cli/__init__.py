"""The command line; it decides nothing."""
