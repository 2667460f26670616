"""sealock: a container security workbench. `sealock.api` is its public Python API."""

__version__ = "0.1.0"
