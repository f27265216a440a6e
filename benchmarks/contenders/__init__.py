"""Programs that ask the same server for the same prompts: ours, peers, and floors that do nothing beside asking."""
