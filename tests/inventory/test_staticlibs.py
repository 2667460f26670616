from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.inventory._libraries import LIBRARIES
from sealock.inventory._programs import PROGRAMS
from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError
from sealock.inventory.staticlibs import StaticLibraries
from sealock.model.inventory import MAIN_PROGRAMS
from support.draws import draws
from support.elffiles import make
from support.linecount import lines_run


def found(data: bytes) -> list[str]:
    return [
        f"{package.name} {package.version}" + "".join(f" {key}={value}" for key, value in package.qualifiers)
        for package in StaticLibraries().read(AnalyzedFile("usr/bin/app", data))
    ]


def program(text: bytes, **more: tuple[str, ...] | str | bool) -> bytes:
    return make({".rodata": b"\0first\0" + text + b"\0last\0"}, **more)  # type: ignore[arg-type]  # what `make` takes


SQLITE = b"SQLite format 3\0\0%s\0\x22%s %s c9c2ab54ba1f5f46360f1b4f35d849cd3f080e6fc2b6c60e91b16c63f69aalt1"
LZ4_TABLES = struct.pack("<16i", 0, 1, 2, 1, 0, 4, 4, 4, 0, 0, 0, -1, -4, 1, 2, 3)
Z_MESSAGES = (
    b"need dictionary\0stream end\0\0file error\0stream error\0data error\0"
    b"insufficient memory\0buffer error\0incompatible version"
)
RELEASE = b"jemalloc\0___ Begin jemalloc statistics ___\0"
COMMIT = b"54eaed1d8b56b1aa528be3bdd1877e59c56fa90c"

TEXTS = [
    (b"OpenSSL 3.5.1 1 Jul 2025\0lib(%lu)", "openssl 3.5.1"),
    (b"lib(%lu)\0OpenSSL 1.1.1w  11 Sep 2023", "openssl 1.1.1w"),
    (b"OpenSSL 3.5.6 7 Apr 2026\0OpenSSL 3.5.9 29 Sep 2026\0openssl-version\x003.5.9\0", "openssl 3.5.9"),
    (b"OpenSSL 1.1.1w  11 Sep 2023\0OpenSSL 1.1.1t  7 Feb 2023\0crypto/err/err.c", "openssl "),
    (b"part of OpenSSL 1.0.2k-fips  26 Jan 2017", "openssl 1.0.2k-fips"),
    (b"OpenSSL 0.9.8zh 3 Dec 2015\0OPENSSLDIR: ", "openssl 0.9.8zh"),
    (b"OpenSSL 3.0.9+quic 30 May 2023\0lib(%lu)", "openssl 3.0.9"),
    (b"OPENSSL_MODULES\0openssl-version\0003.0.15\0provider-name", "openssl 3.0.15"),
    (b"LibreSSL 3.8.2", "libressl 3.8.2"),
    (b"OpenSSL 1.1.1 (compatible; BoringSSL)", "boringssl "),
    (b"OpenSSL 1.1.1 (compatible; AWS-LC 1.29.0)", "aws-lc 1.29.0"),
    (b" deflate 1.2.13 Copyright 1995-2022 Jean-loup Gailly and Mark Adler ", "zlib 1.2.13"),
    (b" inflate 1.3.1 Copyright 1995-2024 Mark Adler ", "zlib 1.3.1"),
    (b" inflate 1.3.0.1-motley Copyright 1995-2023 Mark Adler ", "zlib 1.3.0.1"),
    (b" inflate 1.2.11.f-Intel Copyright 1995-2017 Mark Adler ", "zlib 1.2.11"),
    (b" deflate 2.1.6 Copyright 1995-2023 Jean-loup Gailly and Mark Adler ", "zlib-ng 2.1.6"),
    (b" zlib-ng 2.3.3\0 inflate 1.3.1 Copyright 1995-2024 Mark Adler ", "zlib-ng 2.3.3"),
    (b" inflate 1.3.1.zlib-ng Copyright 1995-2024 Mark Adler ", "zlib-ng "),
    (SQLITE % (b"3.46.1", b"2024-08-13", b"09:16:08"), "sqlite 3.46.1"),
    (SQLITE % (b"3.7.17", b"2013-05-20", b"00:56:22"), "sqlite 3.7.17"),
    (SQLITE % (b"3.0.15\0003.46.1", b"2024-08-13", b"09:16:08"), "sqlite 3.46.1"),
    (SQLITE % (b"3.0.15", b"2024-08-13", b"09:16:08"), "sqlite "),
    (b"SQLite format 3" + bytes(1 << 20) + b"2026-06-26 20:14:12 " + b"d" * 64 + b"\x003.53.3\0", "sqlite 3.53.3"),
    (b"expat_2.5.0", "expat 2.5.0"),
    (b"libpng version 1.6.39 - November 20, 2022", "libpng 1.6.39"),
    (b"libjpeg-turbo version 2.1.5 (build 20230203)", "libjpeg-turbo 2.1.5"),
    (b"Copyright (C) 1991-2023 The libjpeg-turbo Project and many others", "libjpeg-turbo "),
    (b"LIBTIFF_STRILE_ARRAY_MAX_RESIZE_COUNT", "libtiff "),
    (b'%s: Ignored %stag "%s" (not supported by libtiff)', "libtiff "),
    (b"LIBTIFF, Version 4.5.0\nCopyright (c) 1988", "libtiff 4.5.0"),
    (b"1.0.8, 13-Jul-2019", "bzip2 1.0.8"),
    (b"1.0.6, 6-Sept-2010", "bzip2 1.0.6"),
    (b"YZ\xfd7zXZ\0\0\x045.4.1\0", "xz 5.4.1"),
    (b"YZ\xfd7zXZ\0\x005.4.1\0\x005.2.5\0", "xz "),
    (b"Source buffer is wrong\0Unspecified error code\x001.5.4\0", "zstd 1.5.4"),
    (b"Frame requires too much memory for decoding\0other\x001.5.7\0Not enough memory", "zstd 1.5.7"),
    (b"1.9.4\0Unspecified error code\0OK_NoError\0", "lz4 1.9.4"),
    (b"OK_NoError\0ERROR_GENERIC\0ERROR_maxCode\x001.10.0\0", "lz4 1.10.0"),
    (LZ4_TABLES + b"1.10.0", "lz4 1.10.0"),
    (LZ4_TABLES + b"1.10.0\x001.9.4", "lz4 "),
    (Z_MESSAGES, "zlib "),
    (b"1.3.1\0" + Z_MESSAGES, "zlib 1.3.1"),
    (b"EXUBERANT_NIBBLE", "brotli "),
    (b"_ERROR_FORMAT_EXUBERANT_NIBBLE", "brotli "),
    (b"SETTINGS: invalid SETTINGS_ENBLE_PUSH", "nghttp2 "),
    (b"CARES_HOSTS", "c-ares "),
    (b"c-ares library initialization not yet performed", "c-ares "),
    (b"`on_chunk_header` callback error", "llhttp "),
    (b"libv8-%d.%d.%d.%d%s%s.so\0libv8-%d.%d.%d%s%s.so\x0013.6.233.17-node.51", "v8 13.6.233.17"),
    (b"libv8-%d.%d.%d.%d%s%s.so\x0011.3.244.8", "v8 11.3.244.8"),
    (b"CLIENT libcurl 7.88.1\r\n", "curl 7.88.1"),
    (b"libcurl/8.5.0", "curl 8.5.0"),
    (b"libgit2 1.9.2", "libgit2 1.9.2"),
    (b"SSH-2.0-libssh2_1.10.0", "libssh2 1.10.0"),
    (b"SSH-2.0-libssh_0.10.6", "libssh 0.10.6"),
    (b"SSH-2.0-dropbear_2022.83", "dropbear 2022.83"),
    (b"20914\0Extra content at the end of the document\n", "libxml2 2.9.14"),
    (b"  SHA-%d test #%d: ", "mbedtls "),
    (b"=> mbedtls_ssl_flight_transmit", "mbedtls "),
    (b"./library/ssl_tls.c", "mbedtls "),
    (b"mbed TLS 2.16.9", "mbedtls 2.16.9"),
    (b"Mbed TLSH\x89\x05\xbaS 3.6.2", "mbedtls 3.6.2"),
    (b"wolfSSL 5.5.4", "wolfssl 5.5.4"),
    (b"Enabled GnuTLS 3.7.9 logging...\n", "gnutls 3.7.9"),
    (b"\n\nThis is Libgcrypt 1.10.1 - The GNU Crypto Library\n", "libgcrypt 1.10.1"),
    (b"\n\nThis is Libgpg-error 1.46 - An error code library\n", "libgpg-error 1.46"),
    (b"\n\nThis is Libksba 1.6.3 - An X.509 and CMS Library\n", "libksba 1.6.3"),
    (b"BSR_UNICODE)\00010.42 2022-12-11\0", "pcre2 10.42"),
    (b"8.39 2016-06-14\0UTF16)\0BSR_UNICODE)\0", "pcre 8.39"),
    (b"NO_DOTSTAR_ANCHOR)", "pcre2 "),
    (b"Function '%s' invoked with archive structure in state '%s'", "libarchive "),
    (b"icudt78l-curr\x0078.3", "icu 78.3"),
    (b"icudt78l-brkitr\x0078.3\x0078.1", "icu "),
    (b"[%c%c%c] %-8s %p\n", "libuv "),
    (b"1.52.1\0../deps/uv/src/unix/async.c", "libuv 1.52.1"),
    (b"NCURSES_NO_PADDING", "ncurses "),
    (b"Should not happen: unused error code", "gdbm "),
    (b"reference libFLAC 1.5.0 20250211", "flac 1.5.0"),
    (b"FLAC__STREAM_DECODER_ERROR_STATUS_LOST_SYNC", "flac "),
    (b"libopus 1.5.2", "opus 1.5.2"),
    (b"WebM Project VP9 Decoder v1.15.0", "libvpx 1.15.0"),
    (b"libarchive 3.6.2", "libarchive 3.6.2"),
    (b"nynorsk\00072.1\0", "icu 72.1"),
    (b"$LuaVersion: Lua 5.4.4  Copyright (C) 1994-2022 Lua.org, PUC-Rio $", "lua 5.4.4"),
    (b"$Lua: Lua 5.1.5 Copyright (C) 1994-2012 Lua.org, PUC-Rio $", "lua 5.1.5"),
    (b"LuaJIT 2.1.0-beta3", "luajit 2.1.0-beta3"),
    (b"2.1.12-stable\0libevent using: %s", "libevent 2.1.12"),
    (b"1.44.2\0./src/unix/core.c\0fd > STDERR_FILENO", "libuv 1.44.2"),
    (b"0.2.5\0api.c\0parser\0!parser->read_handler", "libyaml 0.2.5"),
    (b"3.3.4\0MariaDB\0", "mariadb-connector-c 3.3.4"),
    (b"bad magic in `%s'\0005.44\0", "file 5.44"),
    (b"ncurses 6.4.20221231", "ncurses 6.4.20221231"),
    (b"8.2\0TERM\0readline_callback_read_char() called with no handler!", "readline 8.2"),
    (b"GDBM version 1.23. 04/02/2022 (built %s %s)", "gdbm 1.23"),
    (b"libpcap version 1.10.3 (with TPACKET_V3)", "libpcap 1.10.3"),
    (b"LMDB 0.9.24: (July 24, 2019)", "lmdb 0.9.24"),
    (b"Berkeley DB 5.3.28: (September  9, 2013)", "berkeley-db 5.3.28"),
    (RELEASE + b"5.3.0-0-g" + COMMIT, "jemalloc 5.3.0"),
    (b"OpenBLAS 0.3.21 DYNAMIC_ARCH NO_AFFINITY", "openblas 0.3.21"),
    (b"FFmpeg version n6.0", "ffmpeg 6.0"),
    (b"$Header: NSS 3.87.1 $", "nss 3.87.1"),
    (b"BusyBox v1.36.1 (2023-05-19)", "busybox 1.36.1"),
    (b"1.2.4\0musl libc (x86_64)\nVersion %s\n", "musl 1.2.4"),
    (b"GNU C Library (Debian GLIBC 2.36-9+deb12u8) stable release version 2.36.\n", "glibc 2.36"),
    (b"null VP8Io passed to VP8GetHeaders()", "libwebp "),
    (b"FREETYPE_PROPERTIES", "freetype "),
    (b"2.5.3\0Error reading CRG marker\n", "openjpeg 2.5.3"),
    (b"2.5.3\0Error reading CRG marker\n\0002.8.0", "openjpeg "),
    (b"Couldn't link the profiles", "lcms2 "),
    (b"GIFVER", "giflib "),
    (b"gd-png: fatal libpng error: %s", "libgd "),
    (b"%sDumping exif content (%u entries)...", "libexif "),
    (b"17LibRaw_exceptions\x000.21.4-Release", "libraw 0.21.4"),
    (b"17LibRaw_exceptions\x000.21.4", "libraw "),
    (b"Xiph.Org libVorbis 1.3.7", "libvorbis 1.3.7"),
    (b"Xiph.Org libtheora 1.1 20090822 (Thusnelda)", "libtheora 1.1"),
    (b"Unknown nb_mode_query request: \x001.2.1", "speex 1.2.1"),
    (b"LAME3.100 ", "lame 3.100"),
    (b"AOMedia Project AV1 Encoder v3.12.1", "libaom 3.12.1"),
    (b"x264 - core %d%s - H.264/MPEG-4 AVC codec", "x264 "),
    (b"x265 (build %d) - %s:%s - H.265/HEVC codec", "x265 "),
    (b"N6google8protobuf11MessageLiteE", "protobuf "),
    (b"grpc-c/%s (%s; %s)\x0029.0.0", "grpc "),
    (b"invalid Unicode escape '%.6s'", "jansson "),
    (b"json-c aborts with error: %s", "json-c "),
    (b"unallowed token at this point in JSON text", "yajl "),
    (b" unzip 1.01 Copyright 1998-2004 Gilles Vollant - http://www.winimage.com/zLibDll", "minizip "),
    (b"HDF5 library version: 1.14.5", "hdf5 1.14.5"),
    (b"N7leveldb6DBImplE", "leveldb "),
    (b"rocksdb_build_git_sha:0", "rocksdb "),
    (b"The MaxMind DB file's search tree is corrupt\x001.12.2", "libmaxminddb 1.12.2"),
    (b"7QPDFExc\x0012.2.0", "qpdf 12.2.0"),
    (b'lost synchronization with server: got message type "%c", length %d', "libpq "),
    (b"freetds v1.3.17", "freetds 1.3.17"),
    (b"[unixODBC]\x002.3.12", "unixodbc 2.3.12"),
    (b"Protocol error, got %s as reply type byte", "hiredis "),
    (b"See https://github.com/alanxz/rabbitmq-c\x000.15.0", "rabbitmq-c 0.15.0"),
    (b"librdkafka v%s (0x%x) %s initialized (builtin.features %s)", "librdkafka "),
    (b"N3zmq5own_tE", "zeromq "),
    (b"X_OPENLDAP_THREAD_SAFE", "openldap "),
    (b"bad plugname passed to sasl_canonuser_add_plugin\n\x002.1.28", "cyrus-sasl 2.1.28"),
    (b"CUPS/2.4.10 IPP/2.1", "cups 2.4.10"),
    (b"libdbus 1.16.2", "dbus 1.16.2"),
    (b"No callback for the chunked data.\x001.0.1", "libmicrohttpd 1.0.1"),
    (b"No callback for the chunked data.\x000.9.75", "libmicrohttpd 0.9.75"),
    (b"lws_write: unknown write opc / wp\x004.3.5-v4.3.5-1-g1234abcd", "libwebsockets 4.3.5"),
    (b"%s: failed on lws_tls_server_new_nonblocking\x004.3.5", "libwebsockets "),
    (b"No signatures found for trusted DNSSEC public key(s)\x001.8.4", "ldns 1.8.4"),
    (b"fuse: failed to allocate module\n\x003.17.2", "libfuse 3.17.2"),
    (b"fuse: device not found, try 'modprobe fuse' first\n\x002.9.9", "libfuse 2.9.9"),
    (b"libbpf: failed to find valid kernel BTF", "libbpf "),
    (b"invalid `Elf' handle", "elfutils "),
    (b"LibsodiumDRG", "libsodium "),
    (b"libnettle: using aes instructions.", "nettle "),
    (b"GNU MP: Cannot allocate memory (size=%lu)", "gmp "),
    (b"N8CryptoPP9ExceptionE", "crypto++ "),
    (b"N5Botan9ExceptionE\x003.12.0", "botan 3.12.0"),
    (b"libsrtp2 2.7.0", "libsrtp 2.7.0"),
    (b"This is GPGME 1.24.2 - The GnuPG Made Easy library", "gpgme 1.24.2"),
]

PROGRAM_TEXTS = [
    (b"%.80s (%.80s) %.80s\x003.12.1\x0015.0.0", "python 3.12.1"),
    (b"%.80s (%.80s) %.80s\x003.2.0\x003.14.0rc2", "python 3.14.0rc2"),
    (b"2.7.18\0%.80s (%.80s) %.80s", "python 2.7.18"),
    (b"%.80s (%.80s) %.80s\x003.12.1\x003.11.2", "python "),
    (b"https://nodejs.org/download/release/v24.19.0/node-v24.19.0.tar.gz", "node 24.19.0"),
    (b"X-Powered-By: PHP/8.4.28", "php 8.4.28"),
    (b"ruby - Copyright (C) 1993-2026 Yukihiro Matsumoto\0\0ruby 3.3.14 (2026-11-19 revision f4c) [x]", "ruby 3.3.14"),
    (b"ruby 2.7.8p225 (2023-03-30 revision 1f4) [x]\0ruby - Copyright (C) Yukihiro Matsumoto", "ruby 2.7.8"),
    (b"Redis version=%s, bits=%d\x007.2.0\x007.2.4\x007.2.4buildkitsandbox-1704790000000000000", "redis 7.2.4"),
    (b"Redis version=%s, bits=%d\x007.0.4\x007.0.43ab5c0ffee12-1704790000000000000", "redis 7.0.4"),
    (b"Redis version=%s, bits=%d\x008.0.0\x008.0.2\x008.0.21789404730000000000", "redis 8.0.2"),
    (b"Redis version=%s, bits=%d\x008.0.0\x008.0.2", "redis "),
    (b"Valkey version=%s, bits=%d\x008.1.1\0valkey8.1.11792855166000000000", "valkey 8.1.1"),
    (b"Apache/2.4.62 (Unix)", "httpd 2.4.62"),
    (b"nginx version: nginx/1.26.3\n", "nginx 1.26.3"),
    (b"HAProxy version 3.0.11-1+deb13u5, released 2026/11/18", "haproxy 3.0.11"),
    (b"memcached 1.6.38", "memcached 1.6.38"),
]


@pytest.mark.parametrize(("text", "library"), [*TEXTS, *PROGRAM_TEXTS])
def test_the_text_of_a_library_tells_its_version(text: bytes, library: str) -> None:
    assert found(program(text)) == [library]


def test_every_library_has_a_text() -> None:
    names = {library.name for library in (*LIBRARIES, *PROGRAMS)}
    assert names - {name.split()[0] for _, name in [*TEXTS, *PROGRAM_TEXTS]} <= {
        "libgpg-error",
        "libassuan",
    }


@pytest.mark.parametrize("shape", [(False, "<"), (True, ">"), (False, ">")])
def test_programs_for_other_machines_are_searched_as_well(shape: tuple[bool, str]) -> None:
    wide, order = shape
    assert found(program(b"expat_2.5.0", wide=wide, order=order)) == ["expat 2.5.0"]


def test_a_stripped_program_without_section_table_is_searched_as_well() -> None:
    assert found(program(b"expat_2.5.0", headers=False)) == ["expat 2.5.0"]


def test_several_libraries_are_told_each_once() -> None:
    both = b"expat_2.5.0\0 inflate 1.3.1 Copyright 1995-2024\0 deflate 1.3.1 Copyright 1995-2024\0expat_2.5.0"
    assert found(program(both)) == ["expat 2.5.0", "zlib 1.3.1"]


def test_two_copies_of_different_versions_are_both_told() -> None:
    assert found(program(b"expat_2.5.0\0expat_2.2.9")) == ["expat 2.2.9", "expat 2.5.0"]


@pytest.mark.parametrize(
    "text",
    [
        b"needs OpenSSL 3.0.0 or later",
        b"OpenSSL 1.1.1 is too old",
        b"SSH-2.0-other\0OpenSSL 3.5.6 7 Apr 2026",
        b"node.js\x001.2.3\0insufficient memory\0",
        b"set CARES_HOSTS to a file",
        b"Server: Apache/2.4.62\r\n",
        b"ruby 3.3.14 is old, says Yukihiro Matsumoto",
        b"needs nginx/1.26.3",
        b"BROTLI_DECODER_ERROR_FORMAT_EXUBERANT_NIBBLE",
        b"-4, 1, 2, 3" + struct.pack("<4i", -4, 1, 2, 3),
        b"icudt78l/af.res\x0078.3",
        b"export NCURSES_NO_PADDING=1",
        b"libcurl/7.88.1 or newer",
        b"Mozilla/5.0 libcurl/7.88.1 agent",
        b"zlib 1.2.13",
        b"inflate 1.2.13",
        b"supports expat_2.5.0 and later",
        b"BusyBox vX.Y",
        b"1.0.8, 14-Jul-2019 and on",
        b"https://example.com/bzip2-1.0.8.tar.gz",
        b"SQLite format 3\0003.46.1\0",
        b"\xfd7zXZ\0005.4.1\0",
        b"Extra content at the end of the document\0",
        b"Frame requires too much memory for decoding\x001.3.1\0",
        b"LibreSSL 2.x is not supported",
        b"SSH-2.0-OpenSSH_9.2p1",
        b"mbed TLS is missing",
        b"BSR_UNICODE)\0 10.42 and newer",
        b"set FREETYPE_PROPERTIES=truetype:interpreter-version=35",
        b"AOMedia Project AV1 is not supported",
        b"built for CUPS/2.4",
        b"Xiph.Org libVorbis 1.x",
        b"HDF5 library version: unknown",
        b"winimage by Gilles Vollant - http://www.winimage.com/zLibDll",
    ],
)
def test_a_program_that_only_speaks_of_a_library_has_it_not(text: bytes) -> None:
    assert found(program(text)) == []


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        (b"lib(%lu)\0OpenSSL 3.0.15 3 Sep 2024", "libssl.so.3"),
        (b"lib(%lu)\0OpenSSL 1.1.1w  11 Sep 2023", "libcrypto.so.1.1"),
        (b"libpng version 1.6.39\n", "libpng16.so.16"),
        (b"ncurses 6.4.20221231", "libtinfo.so.6"),
        (b" inflate 1.3.1 Copyright 1995-2024 Mark Adler ", "libz.so.1"),
        (b"N6google8protobuf11MessageLiteE", "libprotobuf.so.32"),
        (b"lib(%lu)\0OpenSSL 3.0.15 3 Sep 2024", "libssl-6a9b88ec.so.3"),
        (b"libpng version 1.6.39\n", "libpng16-0cf96a72.1.6.so"),
    ],
)
def test_a_program_that_needs_the_shared_library_has_its_text_from_a_header(text: bytes, needed: str) -> None:
    assert found(program(text, needed=("libc.so.6", needed))) == []
    assert len(found(program(text, needed=("libc.so.6",)))) == 1


@pytest.mark.parametrize(
    ("needed", "expected"),
    [
        ("libcares.so.2", ["llhttp 9.4.3", "nghttp2 1.69.0"]),
        ("libnghttp2.so.14", ["c-ares 1.34.6", "llhttp 9.4.3"]),
        ("libllhttp.so.9", ["c-ares 1.34.6", "nghttp2 1.69.0"]),
        ("libother.so.1", ["c-ares 1.34.6", "llhttp 9.4.3", "nghttp2 1.69.0"]),
    ],
)
def test_of_libraries_with_one_text_only_those_that_are_needed_are_none(needed: str, expected: list[str]) -> None:
    text = b"../deps\x001.3.2.1-motley-3246f1b\x001.34.6\x001.69.0\x009.4.3\x007.29.0\0"
    assert found(program(text, needed=("libc.so.6", needed))) == expected


def test_the_shared_library_itself_is_marked() -> None:
    assert found(program(b"expat_2.5.0", soname="libexpat.so.1")) == ["expat 2.5.0 linkage=shared"]
    musl = b"1.2.4\0musl libc (x86_64)\nVersion %s\n"
    assert found(program(musl, soname="libc.musl-x86_64.so.1")) == ["musl 1.2.4 linkage=shared"]
    assert found(program(b"expat_2.5.0", soname="libother.so.1")) == ["expat 2.5.0"]
    assert found(program(b"expat_2.5.0", soname="libexpat-2abe824b.so.1")) == ["expat 2.5.0 linkage=shared"]


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        # Of Mbed TLS, instructions hold the text of the version; of others, what looks like it there is none.
        (b"  SHA-%d test #%d: ", b"Mbed TLSH\x89\x05\xbaS 3.6.2\0", ["mbedtls 3.6.2"]),
        (b"  SHA-%d test #%d: ", b"", ["mbedtls "]),
        (b"Source buffer is wrong\0Unspecified error code", b"\x001.5.4\0", []),
        (b"1.9.4\0Unspecified error code\0OK_NoError", b"\x001.10.0\0", ["lz4 1.9.4"]),
    ],
)
def test_only_a_library_whose_instructions_hold_its_version_is_searched_there(
    text: bytes, code: bytes, expected: list[str]
) -> None:
    data = make({".rodata": b"\0first\0" + text + b"\0last\0", ".text": b"\x90" * 9 + code + b"\x90" * 9})
    assert found(data) == expected


def test_only_what_is_loaded_counts() -> None:
    data = make({".rodata": b"nothing"}) + b"\0expat_2.5.0\0"
    assert found(data) == []


def test_a_file_that_ends_early_tells_what_it_has_and_is_a_problem() -> None:
    packages = StaticLibraries().read(AnalyzedFile("app", program(b"expat_2.5.0")[:-64]))
    assert next(iter(packages)).name == "expat"
    with pytest.raises(BrokenFileError, match="ends before the tables"):
        list(packages)


@pytest.mark.untraced
@pytest.mark.parametrize(
    "anchor", sorted({anchor for library in (*LIBRARIES, *PROGRAMS) for anchor in library.anchors})
)
def test_a_file_made_of_anchors_is_read_with_work_in_proportion(anchor: bytes) -> None:
    data = make({".rodata": anchor * (200_000 // len(anchor))})

    def look() -> None:
        with suppress(BrokenFileError):
            assert len(found(data)) < 10

    assert lines_run(look) < 2.2 * len(data)


def test_a_file_with_more_anchors_than_any_program_is_broken() -> None:
    with pytest.raises(BrokenFileError, match="more often than any program"):
        found(make({".rodata": b"expat_" * 2_500_000}))


@draws(150)
@given(
    st.lists(st.sampled_from([text for text, _ in TEXTS]) | st.binary(max_size=30), max_size=8),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=10),
)
def test_no_damage_makes_it_fail(texts: list[bytes], changes: list[tuple[int, int]]) -> None:
    data = bytearray(program(b"\0".join(texts)))
    for place, value in changes:
        data[place % len(data)] = value
    with suppress(BrokenFileError):
        assert all(" " in library for library in found(bytes(data)))


def test_what_was_made_of_nodes_libraries_tells_their_versions() -> None:
    text = b"../deps\x001.3.2.1-motley-3246f1b\x001.34.6\x001.69.0\x009.4.3\x007.29.0\0"
    assert found(program(text)) == ["c-ares 1.34.6", "llhttp 9.4.3", "nghttp2 1.69.0"]


def test_every_program_can_be_looked_up() -> None:
    assert {library.name for library in PROGRAMS} == set(MAIN_PROGRAMS) - {"openjdk"}


def test_no_anchor_hides_another() -> None:
    anchors = {anchor for library in (*LIBRARIES, *PROGRAMS) for anchor in library.anchors}
    assert [(one, other) for one in anchors for other in anchors if one != other and one in other] == []
