"""Where Lua's time went and which lines ran: what the responder's `--profile` and `--coverage` wrote, for people."""
