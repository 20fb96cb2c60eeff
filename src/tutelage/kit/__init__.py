"""Pure functions over arrays, strings and core's words, each used by two rooms or more."""
