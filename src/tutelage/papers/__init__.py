"""One YAML per paper."""
