"""sealock: a container security workbench."""

__version__ = "0.1.0"
