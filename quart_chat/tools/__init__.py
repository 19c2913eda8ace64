"""What an operator does to rooms and settings from the command line, beside a server or without one."""
