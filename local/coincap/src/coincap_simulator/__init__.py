"""A CoinCap that runs on a laptop: seeded, v3 shapes and number formats, credits, a ledger of every body served."""
