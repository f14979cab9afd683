"""From tree to typed expressions and relations: names, types and Trino's rules for both."""
