"""A client of the OCI distribution specification 1.1, which Docker's registries speak. Begin with `client.Registry`."""
