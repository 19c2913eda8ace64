"""A demo of the chat: scripted people in a server of its own, photographed for README.md and docs/tour.md."""
