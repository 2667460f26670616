"""What an engine says of itself, its machine and its networks: the JSON of /info, /version and /networks.

Nothing here raises on what the JSON says: what is missing or of a wrong type is UNKNOWN, so that rules on it are not
judged.
"""

from sealock.formats.engine.info import EngineInfo, read_info
from sealock.formats.engine.networks import read_network, read_networks

__all__ = ["EngineInfo", "read_info", "read_network", "read_networks"]
