"""From YAML to checked parts."""
