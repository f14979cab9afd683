"""Starts broker, local cloud, simulator and services in order, and stops them again."""
