"""Libraries of data formats, databases, protocols and cryptography that few programs need, as `_libraries` has others.

C++ programs hold the names of their classes: those of a library are in programs that contain it.
"""

from __future__ import annotations

from typing import Final

from sealock.inventory._library import Library, read_alone

DATA: Final = (
    Library("protobuf", (b"N6google8protobuf11MessageLiteE",), rb"N6()", shared=(b"libprotobuf",)),
    Library("grpc", (b"grpc-c/%s (%s; %s)",), rb"grpc()", shared=(b"libgrpc",)),
    Library("jansson", (b"invalid Unicode escape '%.6s'",), rb"escape()", shared=(b"libjansson.so",)),
    Library("json-c", (b"json-c aborts with error: %s",), rb"aborts()", shared=(b"libjson-c.so",)),
    Library("yajl", (b"unallowed token at this point in JSON text",), rb"token()", shared=(b"libyajl.so",)),
    Library(
        "minizip",
        (b" Gilles Vollant - http://www.winimage.com/zLib",),
        rb" (?:un)?zip 1\.[0-9.]{2,5}() Copyright",
        before=40,
        shared=(b"libminizip.so",),
    ),
    Library(
        "hdf5", (b"HDF5 library version: ",), rb"version: (1\.\d{1,2}\.\d{1,2}|2\.\d\.\d{1,2})\b", shared=(b"libhdf5",)
    ),
    Library("leveldb", (b"N7leveldb6DBImplE\0",), rb"N7()", shared=(b"libleveldb.so",)),
    Library("rocksdb", (b"rocksdb_build_git_sha",), rb"build()", shared=(b"librocksdb.so",)),
    Library(
        "libmaxminddb",
        (b"The MaxMind DB file's search tree is corrupt",),
        rb"DB()",
        shared=(b"libmaxminddb.so",),
        version=read_alone(rb"1\.\d{1,2}\.\d{1,2}\0", b"1."),
    ),
    Library(
        "qpdf",
        (b"7QPDFExc\0",),
        rb"7()QPDFExc",
        shared=(b"libqpdf.so",),
        version=read_alone(rb"\d{1,2}\.\d{1,2}\.\d\0", b"8.", b"9.", b"10.", b"11.", b"12.", b"13."),
    ),
    Library("libpq", (b'lost synchronization with server: got message type "',), rb"lost()", shared=(b"libpq.so",)),
    Library(
        "freetds", (b"freetds v",), rb"freetds v(\d\.\d{1,2}(?:\.\d{1,3})?)\0", shared=(b"libct.so", b"libsybdb.so")
    ),
    Library(
        "unixodbc",
        (b"[unixODBC]",),
        rb"\0()\[unixODBC\]",
        before=1,
        shared=(b"libodbc.so",),
        version=read_alone(rb"2\.[23]\.\d{1,2}\0", b"2."),
    ),
    Library("hiredis", (b"Protocol error, got %s as reply type byte",), rb"got()", shared=(b"libhiredis.so",)),
    Library(
        "rabbitmq-c",
        (b"See https://github.com/alanxz/rabbitmq-c",),
        rb"alanxz()",
        shared=(b"librabbitmq.so",),
        version=read_alone(rb"0\.\d{1,2}\.\d\0", b"0."),
    ),
    Library(
        "librdkafka",
        (b"librdkafka v%s (0x%x) %s initialized",),
        rb"v()",
        shared=(b"librdkafka.so",),
    ),
    Library("zeromq", (b"N3zmq5own_tE\0",), rb"N3()", shared=(b"libzmq.so",)),
    Library("openldap", (b"X_OPENLDAP_THREAD_SAFE\0",), rb"X()", shared=(b"libldap",)),
    Library(
        "cyrus-sasl",
        (b"bad plugname passed to sasl_canonuser_add_plugin",),
        rb"bad()",
        shared=(b"libsasl2.so",),
        version=read_alone(rb"2\.1\.\d{1,2}\0", b"2.1."),
    ),
    Library("cups", (b"CUPS/",), rb"CUPS/(\d\.\d{1,2}(?:\.\d{1,2})?) IPP/", shared=(b"libcups.so",)),
    Library("dbus", (b"libdbus 1.",), rb"libdbus (1\.\d{1,2}\.\d{1,3})\0", shared=(b"libdbus-1.so",)),
    Library(
        "libmicrohttpd",
        (b"No callback for the chunked data.",),
        rb"No()",
        shared=(b"libmicrohttpd.so",),
        version=read_alone(rb"(?:0\.9\.\d{1,3}|1\.\d\.\d{1,2})\0", b"0.9.", b"1."),
    ),
    Library(
        "libwebsockets",
        (b"lws_write: unknown write opc / wp", b"failed on lws_tls_server_new_nonblocking"),
        rb"lws()_",
        shared=(b"libwebsockets.so",),
        version=read_alone(rb"[2-5]\.\d\.\d{1,2}(?=-[\w.-]{1,40}\0)", b"2.", b"3.", b"4.", b"5."),
    ),
    Library(
        "ldns",
        (b"No signatures found for trusted DNSSEC public key(s)",),
        rb"No()",
        shared=(b"libldns.so",),
        version=read_alone(rb"1\.[6-9]\.\d{1,2}\0", b"1."),
    ),
    Library(
        "libfuse",
        (b"fuse: failed to allocate module\n", b"fuse: device not found, try 'modprobe fuse' first"),
        rb"fuse()",
        shared=(b"libfuse",),
        version=read_alone(rb"(?:2\.\d|3\.\d{1,2})\.\d{1,2}\0", b"2.", b"3."),
    ),
    Library("libbpf", (b"libbpf: failed to find valid kernel BTF",), rb"libbpf()", shared=(b"libbpf.so",)),
    Library("elfutils", (b"invalid `Elf' handle\0",), rb"Elf()", shared=(b"libelf.so",)),
    Library("libsodium", (b"LibsodiumDRG",), rb"DRG()", shared=(b"libsodium.so",)),
    Library("nettle", (b"libnettle: using ",), rb"libnettle()", shared=(b"libnettle.so",)),
    Library("gmp", (b"GNU MP: Cannot ",), rb"MP()", shared=(b"libgmp.so",)),
    Library("crypto++", (b"N8CryptoPP9ExceptionE",), rb"N8()", shared=(b"libcrypto++.so", b"libcryptopp.so")),
    Library(
        "botan",
        (b"N5Botan9ExceptionE",),
        rb"N5()",
        shared=(b"libbotan-",),
        version=read_alone(rb"[23]\.\d{1,2}\.\d{1,2}\0", b"2.", b"3."),
    ),
    Library("libsrtp", (b"libsrtp 1.", b"libsrtp2 2."), rb"libsrtp2? (\d\.\d\.\d{1,2})", shared=(b"libsrtp",)),
    Library("gpgme", (b"This is GPGME ",), rb"GPGME (\d\.\d{1,2}\.\d{1,2})", shared=(b"libgpgme.so",)),
)
