"""The two HTTP servers in front of the core: the API itself and the admin port."""
