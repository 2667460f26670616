"""C libraries, and the text in a program's data that identifies each and its version.

Every row was tested with a program linked with the library. An anchor is a text that programs without the library
hardly ever have; the pattern around it must match, and contains the version. Libraries that only their names would
identify are left out: programs mention much that they do not contain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct


class Library(Struct, frozen=True):
    """A library. The pattern is searched from `before` bytes before the start of an anchor to `after` bytes after it.

    Its group is the version, unless `version` reads it. A program that needs one of the shared objects `shared` has the
    text from the library's header files.
    """

    name: str
    anchors: tuple[bytes, ...]
    pattern: bytes
    before: int = 0
    after: int = 160
    shared: tuple[bytes, ...] = ()
    hides: str = ""
    """The library that this one was forked from, and whose texts it still carries."""
    version: Callable[[bytes, bytes], str | None] | None = None
    """Reads the version from the match and the file's texts; None if it is another library after all."""
    code: bool = False
    """Whether `version` gets the code as well, since instructions hold the text of the version."""


_SQLITE_YEARS: Final = (
    # Up to which year: which minor versions of SQLite 3 came out, with a margin for sources between two releases.
    (2012, 5, 15),
    (2013, 7, 8),
    (2014, 8, 8),
    (2015, 8, 10),
    (2016, 9, 16),
    (2017, 15, 22),
    (2018, 21, 26),
    (2019, 26, 30),
    (2020, 30, 34),
    (2021, 34, 37),
    (2022, 37, 40),
    (2023, 40, 45),
    (2024, 44, 48),
    (2025, 47, 52),
)


def _sqlite(year: bytes, data: bytes) -> str:
    """Find the version that stands by itself and whose minor number fits the year of the source it was made of."""
    first, last = next(((low, high) for until, low, high in _SQLITE_YEARS if int(year) <= until), (50, 99))
    return _only(
        version
        for version in _isolated(rb"3\.(?:\d{1,2}\.\d{1,2}(?:\.\d{1,2})?)\0", data)
        if first <= int(version.split(b".")[1]) <= last
    )


def _xz(_: bytes, data: bytes) -> str:
    return _only(_isolated(rb"5\.\d\.\d{1,2}(?:alpha|beta)?\0", data))


def _zstd(_: bytes, data: bytes) -> str | None:
    return _only(_isolated(rb"1\.[45]\.\d{1,2}\0", data)) or None


_MBEDTLS: Final = rb"[Mm]bed TLS(?:.{1,16}S)? (\d\.\d{1,2}\.\d{1,2})(?:\0|[^0-9a-z.])"


def _mbedtls(_matched: bytes, whole: bytes) -> str | None:
    match = re.search(_MBEDTLS, whole, re.DOTALL)
    return match[1].decode("ascii") if match else None


def _libxml2(_: bytes, data: bytes) -> str | None:
    """Read 20914 as 2.9.14; without it, other libraries have the same messages."""
    number = _only(re.findall(rb"\0(2(?:0[4-9]|[1-3]\d)\d\d)(?:-GIT[^\0]{1,60})?\0", data))
    return f"2.{int(number[1:3])}.{int(number[3:])}" if number else None


def _isolated(pattern: bytes, data: bytes) -> Iterator[bytes]:
    """Find texts that are not part of a longer number. Patterns that begin with literal bytes are far faster."""
    for match in re.finditer(pattern, data):
        if data[match.start() - 1 : match.start()] not in _IN_NUMBERS:
            yield match[0].rstrip(b"\0")


_IN_NUMBERS: Final = frozenset(b"%d" % digit for digit in range(10)) | {b"."}


def _only(texts: Iterable[bytes]) -> str:
    """Return the only version; "" if there are several, since any may be another library's."""
    versions = set(texts)
    return versions.pop().decode() if len(versions) == 1 else ""


LIBRARIES: Final = (
    Library(
        "openssl",
        (b"OpenSSL 0.9", b"OpenSSL 1.", b"OpenSSL 3.", b"OpenSSL 4."),
        rb"OpenSSL (\d\.\d\.\d{1,2}[a-z]{0,2}(?:-fips)?(?:-(?:alpha|beta|dev|pre)\d*)?)"
        rb"(?:[+-]\w{1,12})? +\d\d? [A-Z][a-z]{2} \d{4}\b",
        shared=(b"libssl.so", b"libcrypto.so"),
    ),
    Library(
        "openssl",
        (b"openssl-version\0",),
        rb"openssl-version\0{1,8}(\d\.\d{1,2}\.\d{1,2}(?:-(?:alpha|beta|dev)\d*)?)\0",
        shared=(b"libssl.so", b"libcrypto.so"),
    ),
    Library("libressl", (b"LibreSSL ",), rb"LibreSSL (\d\.\d{1,2}\.\d{1,2})\0", shared=(b"libssl.so", b"libcrypto.so")),
    Library(
        "boringssl",
        (b"(compatible; BoringSSL",),
        rb"OpenSSL 1\.1\.\d()\w? \(compatible; BoringSSL\)",
        before=24,
        shared=(b"libssl.so", b"libcrypto.so"),
    ),
    Library(
        "aws-lc",
        (b"(compatible; AWS-LC ",),
        rb"\(compatible; AWS-LC (?:FIPS )?(\d{1,3}\.\d{1,3}\.\d{1,3})\)",
        shared=(b"libssl.so", b"libcrypto.so"),
    ),
    Library(
        "zlib",
        (b"deflate 1.", b"inflate 1."),
        rb"(?<= )(?:de|in)flate (1\.[0-9.]{1,8}[0-9])(?:[-.]\w{1,12}){0,3} Copyright 1995-(?<!zlib-ng Copyright 1995-)",
        before=1,
        shared=(b"libz.so",),
    ),
    Library(
        "zlib-ng",
        (b"deflate 2.", b"inflate 2."),
        rb"(?<= )(?:de|in)flate (2\.[0-9.]{1,8}[0-9])(?:[-.]\w{1,12}){0,3} Copyright 1995-",
        before=1,
        shared=(b"libz-ng.so", b"libz.so"),
    ),
    Library(
        "zlib-ng",
        (b".zlib-ng Copyright 1995-",),
        rb"flate 1\.[0-9.]{1,8}()\.zlib-ng Copyright",
        24,
        shared=(b"libz.so",),
    ),
    Library(
        "zlib-ng", (b" zlib-ng 2.",), rb" zlib-ng (2\.\d\.\d{1,2})\0", shared=(b"libz-ng.so", b"libz.so"), hides="zlib"
    ),
    Library(
        "sqlite",
        (b"SQLite format 3\0",),
        rb"(20[0-3]\d)-\d\d-\d\d \d\d:\d\d:\d\d [0-9a-f]{36}",
        1 << 18,
        1 << 18,
        shared=(b"libsqlite3.so",),
        version=_sqlite,
    ),
    Library("expat", (b"expat_",), rb"\0expat_(\d\.\d{1,3}\.\d{1,3})\0", 1, shared=(b"libexpat.so", b"libexpatw.so")),
    Library(
        "libpng",
        (b"libpng version 1.",),
        rb"libpng version (1\.\d{1,2}\.\d{1,3}(?:beta\d{1,3}|rc\d{1,3})?)\b",
        shared=(b"libpng",),
    ),
    Library(
        "libjpeg-turbo",
        (b"libjpeg-turbo version ",),
        rb"libjpeg-turbo version (\d\.\d{1,2}\.\d{1,3})\b",
        shared=(b"libjpeg.so", b"libturbojpeg.so"),
    ),
    Library("libtiff", (b"LIBTIFF, Version ",), rb"LIBTIFF, Version (\d\.\d{1,2}\.\d{1,3})\n", shared=(b"libtiff.so",)),
    Library(
        "bzip2",
        (b"-2019\0", b"-Sept-2010\0", b"-Dec-2007\0", b"-Dec-2006\0", b"-Feb-2005\0"),
        rb"(?<![0-9.])(1\.0\.\d{1,2}), \d\d?-(?:Jun|Jul|Sept|Dec|Feb)-20\d\d\0",
        20,
        shared=(b"libbz2.so",),
    ),
    Library(
        "xz",
        (b"YZ\xfd7zXZ\0",),
        rb"YZ()\xfd7zXZ\0",
        shared=(b"liblzma.so",),
        version=_xz,
    ),
    Library(
        "zstd",
        (b"Source buffer is wrong\0", b"Unspecified error code\0"),
        rb"(?:Source buffer is wrong|Unspecified error code)\0{1,8}(1\.\d\.\d{1,2})\0",
        shared=(b"libzstd.so",),
    ),
    Library(
        # A compiler that optimises over all files at once moves the version elsewhere.
        "zstd",
        (b"Frame requires too much memory for decoding\0",),
        rb"()\0",
        shared=(b"libzstd.so",),
        version=_zstd,
    ),
    Library(
        "lz4",
        (b"OK_NoError\0",),
        rb"(?<![0-9.])(1\.\d{1,2}\.\d{1,2})\0{1,8}(?:Unspecified error code\0{1,8})?OK_NoError\0",
        48,
        shared=(b"liblz4.so",),
    ),
    Library(
        "lz4",
        (b"ERROR_maxCode\0",),
        rb"ERROR_maxCode\0{1,8}(?:Unspecified error code\0{1,8})?(1\.\d{1,2}\.\d{1,2})\0",
        shared=(b"liblz4.so",),
    ),
    Library(
        "curl",
        (b"CLIENT libcurl ", b"libcurl/"),
        rb"(?:CLIENT |\0)libcurl[ /](\d{1,2}\.\d{1,3}\.\d{1,2})(?:-DEV)?(?:\r\n|\0)",
        1,
        shared=(b"libcurl.so", b"libcurl-gnutls.so"),
    ),
    Library("libgit2", (b"\0libgit2 ",), rb"\0libgit2 ([01]\.\d{1,2}\.\d{1,2})\0", shared=(b"libgit2.so",)),
    Library("libssh2", (b"SSH-2.0-libssh2_",), rb"SSH-2\.0-libssh2_(\d\.\d{1,2}\.\d{1,2})", shared=(b"libssh2.so",)),
    Library("libssh", (b"SSH-2.0-libssh_",), rb"SSH-2\.0-libssh_(\d\.\d{1,2}\.\d{1,2})", shared=(b"libssh.so",)),
    Library("dropbear", (b"SSH-2.0-dropbear_",), rb"SSH-2\.0-dropbear_(20\d\d\.\d{1,3})\b"),
    Library(
        "libxml2",
        (b"internal error: xmlParseStartTag", b"Extra content at the end of the document"),
        rb"()\0",
        shared=(b"libxml2.so",),
        version=_libxml2,
    ),
    Library(
        # Once a compiler has optimised the function, its version is copied by two instructions that overlap, and stands
        # only in the code; the texts include the messages of its self-test.
        "mbedtls",
        (b"  AES note: built-in implementation.", b"  AES-XTS-128 (%s): ", b"  SHA-%d test #%d: ", b"  ECP test #"),
        rb"  (AES|SHA|ECP)",
        version=_mbedtls,
        code=True,
        shared=(b"libmbedcrypto.so", b"libmbedtls.so", b"libmbedx509.so"),
    ),
    Library(
        "mbedtls",
        (b"Mbed TLS", b"mbed TLS"),
        _MBEDTLS,
        shared=(b"libmbedcrypto.so", b"libmbedtls.so", b"libmbedx509.so"),
    ),
    Library("wolfssl", (b"wolfSSL ",), rb"wolfSSL (\d\.\d{1,2}\.\d{1,2})\0", shared=(b"libwolfssl.so",)),
    Library(
        "gnutls", (b"Enabled GnuTLS ",), rb"Enabled GnuTLS (\d\.\d{1,2}\.\d{1,3}) logging", shared=(b"libgnutls.so",)
    ),
    *(
        Library(
            name.lower(),
            (b"This is %s " % name.encode(),),
            rb"This is %s (\d\.\d{1,2}(?:\.\d{1,3})?)(?:-\w{1,20})? - " % name.encode(),
            shared=(b"%s.so" % name.lower().encode(),),
        )
        for name in ("Libgcrypt", "Libgpg-error", "Libksba", "Libassuan")
    ),
    Library(
        "pcre2",
        (b"BSR_UNICODE)\0",),
        rb"\0(10\.\d\d) 20\d\d-\d\d-\d\d\0",
        4096,
        4096,
        shared=(b"libpcre2-",),
    ),
    Library(
        "pcre",
        (b"BSR_UNICODE)\0",),
        rb"\0(8\.\d\d) 20\d\d-\d\d-\d\d\0",
        4096,
        4096,
        shared=(b"libpcre.so", b"libpcrecpp.so", b"libpcreposix.so"),
    ),
    Library("libarchive", (b"libarchive ",), rb"\0libarchive (\d\.\d{1,2}\.\d{1,2})\0", 1, shared=(b"libarchive.so",)),
    Library("icu", (b"nynorsk\0",), rb"nynorsk\0{1,8}(\d\d\.\d(?:\.\d)?)\0", shared=(b"libicuuc.so",)),
    Library(
        "lua",
        (b"$LuaVersion: Lua 5.", b"$Lua: Lua 5."),
        rb"\$Lua(?:Version)?: Lua (5\.\d\.\d{1,2}) ",
        shared=(b"liblua",),
    ),
    Library(
        "luajit",
        (b"LuaJIT 2.",),
        rb"\0LuaJIT (2\.\d\.(?:\d{1,12}|ROLLING)(?:-beta\d)?)\0",
        1,
        shared=(b"libluajit",),
    ),
    Library(
        "libevent",
        (b"libevent using: %s",),
        rb"\0(\d\.\d\.\d{1,2})-(?:stable|alpha|beta|rc)[\w-]{0,12}\0",
        2048,
        2048,
        shared=(b"libevent",),
    ),
    Library(
        "libuv",
        (b"fd > STDERR_FILENO\0",),
        rb"(?<![0-9.])(1\.\d{1,2}\.\d{1,2}(?:-\w{1,8})?)\0{1,8}(?:[^\0]{0,200}src/unix/core\.c\0{1,8})?fd >",
        256,
        shared=(b"libuv.so",),
    ),
    Library(
        "libyaml",
        (b"!parser->read_handler",),
        rb"(?<![0-9.])(0\.\d\.\d{1,2})\0{1,8}(?:[^\0]{0,200}api\.c\0{1,8})?(?:parser\0{1,8})?!parser->",
        256,
        shared=(b"libyaml",),
    ),
    Library(
        "mariadb-connector-c",
        (b"MariaDB\0",),
        rb"(?<![0-9.])([23]\.\d\.\d{1,2})\0{1,8}MariaDB\0",
        20,
        shared=(b"libmariadb.so", b"libmariadbclient.so"),
    ),
    Library("file", (b"bad magic in `%s'\0",), rb"bad magic in `%s'\0{1,8}(5\.\d\d)\0", shared=(b"libmagic.so",)),
    Library(
        "ncurses",
        (b"ncurses 5.", b"ncurses 6.", b"ncurses 7."),
        rb"\0ncurses ([5-7]\.\d\.\d{8})\0",
        1,
        shared=(b"libncurses", b"libtinfo"),
    ),
    Library(
        "readline",
        (b"readline_callback_read_char() called with no handler!",),
        rb"\0([4-9]\.\d)\0",
        16384,
        1024,
        shared=(b"libreadline.so",),
    ),
    Library("gdbm", (b"GDBM version 1.",), rb"GDBM version (1\.\d{1,2}(?:\.\d{1,2})?)\. \d", shared=(b"libgdbm.so",)),
    Library("libpcap", (b"libpcap version ",), rb"libpcap version (\d\.\d{1,2}\.\d{1,3})\b", shared=(b"libpcap.so",)),
    Library("lmdb", (b"LMDB 0.", b"LMDB 1."), rb"LMDB (\d\.\d\.\d{1,3}): \([A-Z]", shared=(b"liblmdb.so",)),
    Library(
        "berkeley-db",
        (b"Berkeley DB ",),
        rb"Berkeley DB (\d{1,2}\.\d\.\d{1,3}): \([A-Z][a-z]",
        shared=(b"libdb-", b"libdb.so"),
    ),
    Library(
        "jemalloc",
        (b"___ Begin jemalloc statistics ___",),
        rb"(?<![0-9.])([3-9]\.\d\.\d{1,2})-\d{1,4}-g[0-9a-f]{40}\0",
        1 << 16,
        1 << 16,
        shared=(b"libjemalloc.so",),
    ),
    Library("openblas", (b"OpenBLAS 0.",), rb"\bOpenBLAS (0\.\d\.\d{1,3})(?:\.dev)? ", shared=(b"libopenblas",)),
    Library(
        "ffmpeg",
        (b"FFmpeg version ",),
        rb"FFmpeg version n?(\d{1,2}\.\d{1,2}(?:\.\d{1,2})?)\b",
        shared=(b"libavutil.so", b"libavcodec.so"),
    ),
    Library("nss", (b"$Header: NSS ",), rb"\$Header: NSS (\d\.\d{1,3}(?:\.\d{1,2})?) ", shared=(b"libnss3.so",)),
    Library("busybox", (b"BusyBox v1.",), rb"BusyBox v(1\.\d{1,2}\.\d{1,2})(?:\.\w{1,12})?\b"),
    Library(
        "musl",
        (b"musl libc (",),
        rb"(?<![0-9.])(1\.[12]\.\d{1,2})(?:-git[^\0]{1,60})?\0",
        1 << 14,
        1 << 14,
        shared=(b"libc.so", b"libc.musl-", b"ld-musl-"),
    ),
    Library(
        "glibc",
        (b"GNU C Library (",),
        rb"GNU C Library \([^)\0]{1,80}\) \w{1,20} release version (2\.\d\d)",
        shared=(b"libc.so.6",),
    ),
)
