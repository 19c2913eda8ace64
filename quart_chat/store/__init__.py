"""The only code that knows Redis: keys, the log, the feed, presence, people and limits."""
