"""Main programs of images, and the texts that identify them and their versions, in the form of C libraries.

Official images have them in /usr/local or /opt, where no package manager knows them. `MAIN_PROGRAMS` has their names.
"""

from __future__ import annotations

from typing import Final

from sealock.inventory._library import Library, Pieces, isolated, only
from sealock.patterns import compile_lazily

PYTHON: Final = rb"[23]\.\d{1,2}\.\d{1,2}(?:(?:a|b|rc)\d{1,2})?\+?\0"
NUMBER: Final = compile_lazily(rb"(?<=\0)(\d{1,2}\.\d{1,2}\.\d{1,2})\0")
BUILD: Final = compile_lazily(rb"\0(?:valkey)?(\d{1,2}\.\d{1,2}\.\d[\w.-]{0,100}\d{10}[0-9a-f]{9})\0")


def python(_: bytes, pieces: Pieces) -> str:
    """Read the only version that stands by itself; 3.2.0 is that of an old character database."""
    found = (version for start in (b"3.", b"2.") for version in isolated(start, PYTHON, pieces))
    return only(version.rstrip(b"+") for version in found if version != b"3.2.0")


def redis(_: bytes, pieces: Pieces) -> str:
    """Read the version that the text of the build begins with: host and time follow it, with nothing between."""
    texts = tuple(pieces)
    builds = [match[1] for text in texts for match in BUILD.finditer(text)]
    numbers = {match[1] for text in texts for match in NUMBER.finditer(text)}
    fitting = [number for number in numbers if any(build.startswith(number) for build in builds)]
    return max(fitting, key=len, default=b"").decode()


PROGRAMS: Final = (
    Library("python", (b"%.80s (%.80s) %.80s\0",), rb"()", shared=(b"libpython",), version=python),
    Library(
        "node", (b"https://nodejs.org/download/release/v",), rb"release/v(\d{1,2}\.\d{1,3}\.\d{1,3})/node-v", after=80
    ),
    Library("php", (b"X-Powered-By: PHP/",), rb"X-Powered-By: PHP/(\d\.\d{1,2}\.\d{1,2}(?:(?:alpha|beta|RC)\d)?)"),
    Library(
        "ruby",
        (b" Yukihiro Matsumoto\0",),
        rb"\0ruby (\d\.\d{1,2}\.\d{1,2})(?:p\d{1,4}|(?:preview|rc|dev)\d?)? \(20\d\d-\d\d-\d\d ",
        512,
        512,
        shared=(b"libruby",),
    ),
    Library("redis", (b"Redis version=%s, bits=",), rb"()", version=redis),
    Library("valkey", (b"Valkey version=%s, bits=",), rb"()", version=redis),
    Library("httpd", (b"\0Apache/2.",), rb"\0Apache/(2\.\d\.\d{1,3})(?: \(\w{1,20}\))?\0"),
    Library("nginx", (b"nginx version: ",), rb"nginx version: \w{1,20}/(\d\.\d{1,2}\.\d{1,3})"),
    Library("haproxy", (b", released 20",), rb" version (\d\.\d{1,2}\.\d{1,3})[^,\0]{0,40}, released 20\d\d/", 64),
    Library("memcached", (b"memcached 1.",), rb"\0memcached (1\.\d\.\d{1,3})\0", 1),
)
