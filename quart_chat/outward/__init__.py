"""What asks others' servers: the only code that knows httpcore."""
