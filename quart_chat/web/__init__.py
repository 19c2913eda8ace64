"""Routes of a few lines: find, call one named thing, answer."""
