"""The command line of coinlake: topics, rebuild, retry, cost."""
