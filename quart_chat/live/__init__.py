"""A worker's fan-out: the hub of its rooms, the life of each tab, and the frames between them."""
