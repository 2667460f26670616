"""A client of the OCI distribution specification 1.1, which Docker's registries speak.

    from sealock.net.registry import pushing
    from sealock.net.registry.names import reference
    from sealock.net.registry.clientconfig import open_registry

    registry = open_registry(policy.access)                # logins, proxies and certificates of this machine
    name = reference("ghcr.io/example/app:2")
    registry.claim(name).digest                            # HEAD: what the tag stands for, in the registry's words
    found = registry.resolve(name, "linux/arm64")          # GET, hashed: found.top is the index, found.image the image
    registry.read_blob(name, found.image.noun.config)      # small blobs; registry.blob(...) yields large ones
    registry.referrers(name, found.top.digest)             # signatures and the like, each to be fetched and looked at
    pushing.push_artifact(registry, name, "application/x", [(data, "text/plain", {})], subject=found.top.descriptor)

Errors are TransportError: RegistryError with HTTP's status (404: not there), ManifestError for what is refused.
"""
