"""What an engine reports of itself, its machine and its networks: the JSON of /info, /version and /networks.

Nothing here raises on odd JSON: a member that is missing or of a wrong type is UNKNOWN, so rules that read it are
skipped.
"""

from sealock.formats.engine.info import EngineInfo, read_info
from sealock.formats.engine.networks import read_network, read_networks

__all__ = ["EngineInfo", "read_info", "read_network", "read_networks"]
