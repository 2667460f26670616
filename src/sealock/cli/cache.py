"""`sealock cache`: shows, prunes and clears the layer cache."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from sealock.cli.cacheoptions import named_directory
from sealock.cli.limits import size
from sealock.cli.output import complain, print_output
from sealock.errors import UsageError
from sealock.reports.jsontext import encode
from sealock.scan.cache.directory import LIMIT, CacheDirectory
from sealock.text import count, format_size, visible

_ABOUT: Final = {
    "show": "show where it is, its size and its limit (default)",
    "prune": "remove the least recently used entries, down to --max-size",
    "clear": "remove every entry",
}


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    about = "; ".join(f"{name}: {text}" for name, text in _ABOUT.items())
    parser.add_argument("what", metavar="VERB", nargs="?", default="show", choices=tuple(_ABOUT), help=about)
    parser.add_argument(
        "--max-size", type=size, metavar="SIZE", help="with prune: the size to keep, such as 500M or 2G (default: 1G)"
    )
    parser.add_argument(
        "--cache-dir",
        metavar="DIR",
        default="",
        help="the directory (default: $SEALOCK_CACHE_DIR, else below ~/.cache)",
    )
    parser.add_argument(
        "--format", choices=("terminal", "json"), default="terminal", help="output format (default: terminal)"
    )
    parser.add_argument("--output", metavar="FILE", help="write to this file (default: standard output)")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status: 2 where the directory cannot be used."""
    if arguments.max_size is not None and arguments.what != "prune":
        msg = f"--max-size needs `cache prune`, not `cache {arguments.what}`"
        raise UsageError(msg)
    where = named_directory(arguments.cache_dir)
    directory = CacheDirectory(where, make=False)
    removed = freed = 0
    if arguments.what != "show" and not directory.trouble:
        removed, freed = directory.prune((arguments.max_size or LIMIT) if arguments.what == "prune" else 0)
    entries = directory.entries() if not directory.trouble else []
    used = sum(entry.size for entry in entries)
    layers = sum(entry.name.startswith(("facts-", "packages-")) for entry in entries)
    if arguments.format == "json":
        fields = {"directory": where, "entries": len(entries), "layers": layers, "size": used, "limit": LIMIT}
        if arguments.what != "show":
            fields |= {"removed": removed, "freed": freed}
        text = encode(fields | {"error": directory.trouble})
    else:
        text = _sentences(arguments.what, where, (len(entries), layers, used), (removed, freed))
    if directory.trouble:
        complain(f"the cache is not used: {directory.trouble}")
    if arguments.output or not directory.trouble or arguments.format == "json":
        print_output(text, arguments.output)
    return 2 if directory.trouble else 0


def _sentences(what: str, where: str, now: tuple[int, int, int], removed: tuple[int, int]) -> str:
    entries, layers, used = now
    lines = []
    if what != "show":
        lines.append(f"Removed {count(removed[0], 'entry', 'entries')}, {format_size(removed[1])}.")
    lines.append(f"The cache is in {visible(where)}.")
    of_layers = f"with the contents of {count(layers, 'layer')}"
    lines.append(f"It holds {count(entries, 'entry', 'entries')} in {format_size(used)}, {of_layers}.")
    lines.append(f"Beyond {format_size(LIMIT)}, sealock removes the least recently used entries.")
    return "\n".join(lines) + "\n"
