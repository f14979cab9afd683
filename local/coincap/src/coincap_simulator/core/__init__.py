"""What the simulated CoinCap says: no I/O, no clock, the same answer for the same arguments.

Routes, shapes and number formats are those of the recordings and of the vendor's OpenAPI document
in tests/data/coincap (where from: deploy/release/provenance.toml). Whatever only clients or users
of the API tell says so where it stands.
"""
