"""A client of the OCI distribution specification 1.1.

    from sealock.net.registry import upload
    from sealock.net.registry.names import reference
    from sealock.net.registry.clientconfig import open_registry

    registry = open_registry(policy.access)                # logins, proxies and certificates of this machine
    name = reference("ghcr.io/example/app:2")
    registry.claim(name).digest                            # HEAD: the digest of the tag by the registry's claim
    resolved = registry.resolve(name, "linux/arm64")       # GET, hashed: .top is the index, .image the image
    registry.read_blob(name, resolved.image.noun.config)   # small blobs; registry.blob(...) yields large ones
    registry.referrers(name, resolved.top.digest)          # signatures etc., each to be fetched and verified
    upload.push_artifact(registry, name, "application/x", [(data, "text/plain", {})], subject=resolved.top.descriptor)

Errors are TransportError: RegistryError with HTTP's status, ManifestError for a refused manifest.
"""
