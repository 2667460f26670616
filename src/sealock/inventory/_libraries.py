"""C libraries, and the text in a program's data that identifies each and its version.

Every row was tested with a program linked with the library. An anchor is a text that programs without the library
hardly ever have; the pattern around it must match, and contains the version, or nothing where only the library is
known. Libraries that only their names would identify are left out: programs mention much that they do not contain.
"""

from __future__ import annotations

from typing import Final

from sealock.inventory import _library
from sealock.inventory._datalibraries import DATA
from sealock.inventory._library import Library
from sealock.inventory._medialibraries import MEDIA

_OPENSSL: Final = (b"libssl.so", b"libcrypto.so")

LIBRARIES: Final = (
    Library(
        "openssl",
        (b"OpenSSL 0.9", b"OpenSSL 1.", b"OpenSSL 3.", b"OpenSSL 4."),
        rb"OpenSSL (\d\.\d\.\d{1,2}[a-z]{0,2}(?:-fips)?(?:-(?:alpha|beta|dev|pre)\d*)?)"
        rb"(?:[+-]\w{1,12})? +\d\d? [A-Z][a-z]{2} \d{4}\b",
        shared=_OPENSSL,
        header=True,
    ),
    Library(
        "openssl",
        (b"openssl-version\0",),
        rb"openssl-version\0{1,8}(\d\.\d{1,2}\.\d{1,2}(?:-(?:alpha|beta|dev)\d*)?)\0",
        shared=_OPENSSL,
    ),
    Library(
        "openssl",
        (b"part of OpenSSL ",),
        rb"part of OpenSSL (\d\.\d\.\d{1,2}[a-z]{0,2}(?:-fips)?) +\d\d? [A-Z]",
        shared=_OPENSSL,
    ),
    Library(
        "openssl",
        (b"lib(%lu)\0", b"OPENSSLDIR: ", b"crypto/err/err.c\0"),
        rb"\0()(?:lib\(%lu\)\0|OPENSSLDIR: )|crypto/err/err\.c\0",
        1,
        shared=_OPENSSL,
    ),
    Library("libressl", (b"LibreSSL ",), rb"LibreSSL (\d\.\d{1,2}\.\d{1,2})\0", shared=_OPENSSL),
    Library(
        "boringssl",
        (b"(compatible; BoringSSL",),
        rb"OpenSSL 1\.1\.\d()\w? \(compatible; BoringSSL\)",
        before=24,
        shared=_OPENSSL,
    ),
    Library(
        "aws-lc",
        (b"(compatible; AWS-LC ",),
        rb"\(compatible; AWS-LC (?:FIPS )?(\d{1,3}\.\d{1,3}\.\d{1,3})\)",
        shared=_OPENSSL,
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
        rb"SQLite format 3()\0",
        shared=(b"libsqlite3.so",),
        version=_library.sqlite,
    ),
    Library("expat", (b"expat_",), rb"\0expat_(\d\.\d{1,3}\.\d{1,3})\0", 1, shared=(b"libexpat.so", b"libexpatw.so")),
    Library(
        "libpng",
        (b"libpng version 1.",),
        rb"libpng version (1\.\d{1,2}\.\d{1,3}(?:beta\d{1,3}|rc\d{1,3})?)\b",
        shared=(b"libpng",),
    ),
    Library(
        "zlib",
        (b"insufficient memory\0",),
        rb"(?:\0(1\.[23](?:\.\d{1,2})?)\0{1,8}need dictionary\0.{1,64})?"
        rb"insufficient memory\0{1,8}buffer error\0{1,8}incompatible version\0",
        112,
        shared=(b"libz.so", b"libz-ng.so"),
    ),
    Library("libjpeg-turbo", (b" The libjpeg-turbo Project and ",), rb"()", shared=(b"libjpeg.so", b"libturbojpeg.so")),
    Library(
        "libjpeg-turbo",
        (b"libjpeg-turbo version ",),
        rb"libjpeg-turbo version (\d\.\d{1,2}\.\d{1,3})\b",
        shared=(b"libjpeg.so", b"libturbojpeg.so"),
    ),
    Library(
        "libtiff",
        (b"LIBTIFF_STRILE_ARRAY_MAX_RESIZE_COUNT\0", b"(not supported by libtiff)"),
        rb"()",
        shared=(b"libtiff.so",),
    ),
    Library("libtiff", (b"LIBTIFF, Version ",), rb"LIBTIFF, Version (\d\.\d{1,2}\.\d{1,3})\n", shared=(b"libtiff.so",)),
    Library(
        "bzip2",
        (b"-2019\0", b"-Sept-2010\0", b"-Dec-2007\0", b"-Dec-2006\0", b"-Feb-2005\0"),
        rb"(?<![0-9.])(1\.0\.\d{1,2}), \d\d?-(?:Jun|Jul|Sept|Dec|Feb)-20\d\d\0",
        20,
        shared=(b"libbz2.so",),
    ),
    Library("xz", (b"YZ\xfd7zXZ\0",), rb"YZ()\xfd7zXZ\0", shared=(b"liblzma.so",), version=_library.xz),
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
        version=_library.zstd,
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
        # The two tables for matches that overlap themselves; block functions have no text.
        "lz4",
        (b"\xfc\xff\xff\xff\x01\0\0\0\x02\0\0\0\x03\0\0\0",),
        rb"()\0{12}\xff{4}\xfc\xff{3}\x01\0{3}\x02",
        16,
        shared=(b"liblz4.so",),
        version=_library.lz4,
    ),
    Library(
        "brotli",
        (b"EXUBERANT_NIBBLE\0",),
        rb"\0(?:_ERROR_FORMAT_)?()EXUBERANT_NIBBLE\0",
        24,
        shared=(b"libbrotlidec.so",),
    ),
    Library("nghttp2", (b"SETTINGS: invalid SETTINGS_ENBLE_PUSH\0",), rb"()", shared=(b"libnghttp2.so",)),
    Library(
        "c-ares",
        (b"CARES_HOSTS\0", b"c-ares library initialization not yet performed\0"),
        rb"\0()(?:CARES|c-ares)",
        1,
        shared=(b"libcares.so",),
    ),
    Library("llhttp", (b"`on_chunk_header` callback error\0",), rb"()", shared=(b"libllhttp.so",)),
    *(
        Library(
            name, (b"-motley-",), rb"-motley-[0-9a-f]{7}" + before + rb"\0(\d{1,2}\.\d{1,2}\.\d{1,2})\0", shared=shared
        )
        for name, before, shared in (
            # Node lists the libraries that it was built with.
            ("c-ares", rb"", (b"libcares.so",)),
            ("nghttp2", rb"\x00[0-9.]{5,8}", (b"libnghttp2.so",)),
            ("llhttp", rb"(?:\x00[0-9.]{5,8}){2}", (b"libllhttp.so",)),
        )
    ),
    Library(
        "v8",
        (b"libv8-%d.%d.%d.%d%s%s.so\0",),
        rb"libv8-%d\.%d\.%d\.%d%s%s\.so\0{1,8}(?:libv8-[^\0]{1,40}\0{1,8})?(\d{1,2}\.\d{1,2}\.\d{1,3}\.\d{1,3})[-\0]",
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
        version=_library.libxml2,
    ),
    Library(
        # Once a compiler has optimised the function, its version is copied by two instructions that overlap, and stands
        # only in the code; the texts include the messages of its self-test.
        "mbedtls",
        (b"  AES note: built-in implementation.", b"  AES-XTS-128 (%s): ", b"  SHA-%d test #%d: ", b"  ECP test #"),
        rb"  (AES|SHA|ECP)",
        version=_library.mbedtls,
        code=True,
        shared=(b"libmbedcrypto.so", b"libmbedtls.so", b"libmbedx509.so"),
    ),
    Library(
        "mbedtls",
        (b"=> mbedtls_ssl_flight_transmit\0", b"library/ssl_tls.c\0", b"  RSA key validation: \0"),
        rb"()",
        shared=(b"libmbedcrypto.so", b"libmbedtls.so", b"libmbedx509.so"),
    ),
    Library(
        "mbedtls",
        (b"Mbed TLS", b"mbed TLS"),
        _library.MBEDTLS,
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
    Library("pcre2", (b"BSR_UNICODE)\0",), rb"\0(10\.\d\d) 20\d\d-\d\d-\d\d\0", 4096, 4096, shared=(b"libpcre2-",)),
    Library(
        "pcre",
        (b"BSR_UNICODE)\0",),
        rb"\0(8\.\d\d) 20\d\d-\d\d-\d\d\0",
        4096,
        4096,
        shared=(b"libpcre.so", b"libpcrecpp.so", b"libpcreposix.so"),
    ),
    Library("pcre2", (b"NO_DOTSTAR_ANCHOR)\0",), rb"()", shared=(b"libpcre2-",)),
    Library("libarchive", (b"' invoked with archive structure in state '",), rb"()", shared=(b"libarchive.so",)),
    Library("libarchive", (b"libarchive ",), rb"\0libarchive (\d\.\d{1,2}\.\d{1,2})\0", 1, shared=(b"libarchive.so",)),
    Library(
        "icu",
        (b"l-curr\0", b"l-brkitr\0", b"b-curr\0"),
        rb"\0icudt(\d\d)[lb]-",
        9,
        shared=(b"libicuuc.so", b"libicui18n.so", b"libicudata.so"),
        version=_library.icu,
    ),
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
    Library("libuv", (b"[%c%c%c] %-8s %p\n\0",), rb"()", shared=(b"libuv.so",)),
    Library(
        "libuv",
        (b"src/unix/async.c\0",),
        rb"\0(1\.\d{1,2}\.\d{1,2}(?:-\w{1,8})?)\0{1,8}[^\0]{0,200}src/unix/async\.c\0",
        224,
        shared=(b"libuv.so",),
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
        (b"NCURSES_NO_PADDING\0", b"NCURSES_ASSUMED_COLORS\0"),
        rb"\0()NCURSES_",
        1,
        shared=(b"libncurses", b"libtinfo"),
    ),
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
    Library("gdbm", (b"Should not happen: unused error code\0",), rb"()", shared=(b"libgdbm.so",)),
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
    Library("flac", (b"reference libFLAC ",), rb"reference libFLAC (\d\.\d{1,2}\.\d{1,2}) 20", shared=(b"libFLAC.so",)),
    Library("flac", (b"FLAC__STREAM_DECODER_ERROR_STATUS_LOST_SYNC\0",), rb"()", shared=(b"libFLAC.so",)),
    Library(
        "opus", (b"libopus ",), rb"\0libopus (\d\.\d(?:\.\d{1,2})?)(?:-[\w-]{1,40})?\0", 1, shared=(b"libopus.so",)
    ),
    Library(
        "libvpx",
        (b"WebM Project VP",),
        rb"WebM Project VP[89] (?:En|De)coder v(\d{1,2}\.\d{1,2}\.\d{1,2})(?:-[\w-]{1,40})?\0",
        shared=(b"libvpx.so",),
    ),
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
    *MEDIA,
    *DATA,
)
