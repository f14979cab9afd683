"""Whatever the guard accepts touches only allowed tables: fuzzed, by the engine's own record."""
