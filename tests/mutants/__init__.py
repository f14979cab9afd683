"""Changes a service's source in one place at a time, and asks whether its tests notice."""
