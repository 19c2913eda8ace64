"""What a chat is: names, messages, entries, commands, places and limits. Pure: no I/O, and `now` comes in."""
