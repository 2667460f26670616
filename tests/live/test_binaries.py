"""What real compilers and linkers make: Debian's static libraries in programs, Go programs, sections that objcopy adds."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import zlib
from pathlib import Path
from typing import Any

import libraries
import pytest
from libraryprograms import PROGRAMS, LinkedProgram
from msgspec import Struct

from sealock.inventory.analyzer import AnalyzedFile
from sealock.inventory.gobinary import GoBinary
from sealock.inventory.onfiles.libc import GlibcAnalyzer
from sealock.inventory.rustbinary import RustBinary
from sealock.inventory.staticlibs import StaticLibraries

pytestmark = pytest.mark.live

ROOT = Path(__file__).parent.parent.parent


class Row(Struct, frozen=True):
    """A library, Debian's package of it, the archive, and functions that programs call."""

    library: str
    package: str
    archive: str
    functions: str
    dated: bool = True
    """Whether the version is in the program too."""


ROWS = [
    Row("openssl", "libssl-dev", "libcrypto.a", "EVP_DigestInit_ex EVP_sha256"),
    Row("zlib", "zlib1g-dev", "libz.a", "inflateInit2_ inflate"),
    Row("zlib", "zlib1g-dev", "libz.a", "deflateInit2_ deflate"),
    Row("sqlite", "libsqlite3-dev", "libsqlite3.a", "sqlite3_open_v2 sqlite3_step"),
    Row("expat", "libexpat1-dev", "libexpat.a", "XML_ParserCreate XML_Parse"),
    Row("libpng", "libpng-dev", "libpng16.a", "png_create_read_struct png_read_image"),
    Row("libjpeg-turbo", "libjpeg62-turbo-dev", "libjpeg.a", "jpeg_CreateCompress jpeg_start_compress"),
    Row("libtiff", "libtiff-dev", "libtiff.a", "TIFFOpen TIFFGetVersion"),
    Row("bzip2", "libbz2-dev", "libbz2.a", "BZ2_bzDecompressInit BZ2_bzDecompress"),
    Row("xz", "liblzma-dev", "liblzma.a", "lzma_stream_decoder lzma_code"),
    Row("zstd", "libzstd-dev", "libzstd.a", "ZSTD_decompress"),
    Row("lz4", "liblz4-dev", "liblz4.a", "LZ4F_decompress LZ4F_compressFrame"),
    Row("curl", "libcurl4-openssl-dev", "libcurl.a", "curl_easy_init curl_easy_perform"),
    Row("libssh2", "libssh2-1-dev", "libssh2.a", "libssh2_session_init_ex libssh2_session_handshake"),
    Row("libssh", "libssh-dev", "libssh.a", "ssh_new ssh_connect"),
    Row("libxml2", "libxml2-dev", "libxml2.a", "xmlReadMemory"),
    Row("mbedtls", "libmbedtls-dev", "libmbedcrypto.a", "mbedtls_version_get_string_full mbedtls_aes_init"),
    Row("wolfssl", "libwolfssl-dev", "libwolfssl.a", "wolfSSL_CTX_new wolfSSL_connect"),
    Row("gnutls", "libgnutls28-dev", "libgnutls.a", "gnutls_init gnutls_global_init"),
    Row("libgcrypt", "libgcrypt20-dev", "libgcrypt.a", "gcry_check_version gcry_cipher_open"),
    Row("libgpg-error", "libgpg-error-dev", "libgpg-error.a", "gpgrt_check_version"),
    Row("pcre2", "libpcre2-dev", "libpcre2-8.a", "pcre2_compile_8 pcre2_config_8"),
    Row("libarchive", "libarchive-dev", "libarchive.a", "archive_read_new archive_write_set_format_pax"),
    Row("icu", "libicu-dev", "libicuuc.a", "u_strToUpper_76 ucnv_open_76"),
    Row("lua", "liblua5.4-dev", "liblua5.4.a", "luaL_newstate luaL_openlibs"),
    Row("libevent", "libevent-dev", "libevent.a", "event_base_new evhttp_new"),
    Row("libuv", "libuv1-dev", "libuv.a", "uv_version_string uv_run"),
    Row("libyaml", "libyaml-dev", "libyaml.a", "yaml_parser_initialize yaml_parser_parse"),
    Row("file", "libmagic-dev", "libmagic.a", "magic_open magic_load magic_file"),
    Row("ncurses", "libncurses-dev", "libtinfo.a", "setupterm curses_version"),
    Row("readline", "libreadline-dev", "libreadline.a", "readline"),
    Row("gdbm", "libgdbm-dev", "libgdbm.a", "gdbm_open gdbm_version_cmp"),
    Row("libpcap", "libpcap0.8-dev", "libpcap.a", "pcap_lib_version"),
    Row("lmdb", "liblmdb-dev", "liblmdb.a", "mdb_env_create mdb_version"),
    Row("berkeley-db", "libdb5.3-dev", "libdb-5.3.a", "db_create db_version"),
    Row("jemalloc", "libjemalloc-dev", "libjemalloc.a", "mallocx malloc_stats_print"),
    Row("openjpeg", "libopenjp2-7-dev", "libopenjp2.a", "opj_create_decompress opj_decode"),
    Row("libraw", "libraw-dev", "libraw.a", "_ZN6LibRawC1Ej _ZN6LibRaw6unpackEv"),
    Row("libvorbis", "libvorbis-dev", "libvorbis.a", "vorbis_info_init vorbis_synthesis_headerin"),
    Row("speex", "libspeex-dev", "libspeex.a", "speex_decoder_init speex_decode"),
    Row("lame", "libmp3lame-dev", "libmp3lame.a", "lame_init lame_encode_buffer"),
    Row("libaom", "libaom-dev", "libaom.a", "aom_codec_av1_dx"),
    Row("hdf5", "libhdf5-dev", "libhdf5_serial.a", "H5Fopen H5Dread"),
    Row("libmaxminddb", "libmaxminddb-dev", "libmaxminddb.a", "MMDB_open MMDB_lookup_string"),
    Row("qpdf", "libqpdf-dev", "libqpdf.a", "_ZN4QPDF11processFileEPKcS1_"),
    Row("freetds", "freetds-dev", "libct.a", "ct_init ct_connect"),
    Row("unixodbc", "unixodbc-dev", "libodbc.a", "SQLDriverConnect"),
    Row("rabbitmq-c", "librabbitmq-dev", "librabbitmq.a", "amqp_new_connection amqp_login"),
    Row("cyrus-sasl", "libsasl2-dev", "libsasl2.a", "sasl_client_init sasl_client_start"),
    Row("cups", "libcups2-dev", "libcups.a", "cupsDoRequest"),
    Row("dbus", "libdbus-1-dev", "libdbus-1.a", "dbus_bus_get"),
    Row("libmicrohttpd", "libmicrohttpd-dev", "libmicrohttpd.a", "MHD_start_daemon"),
    Row("libwebsockets", "libwebsockets-dev", "libwebsockets.a", "lws_create_context lws_service"),
    Row("ldns", "libldns-dev", "libldns.a", "ldns_resolver_query"),
    Row("libfuse", "libfuse3-dev", "libfuse3.a", "fuse_main_real"),
    Row("botan", "libbotan-3-dev", "libbotan-3.a", "botan_hash_init"),
    Row("libsrtp", "libsrtp2-dev", "libsrtp2.a", "srtp_create srtp_protect"),
    Row("gpgme", "libgpgme-dev", "libgpgme.a", "gpgme_new gpgme_op_verify"),
    Row("libwebp", "libwebp-dev", "libwebp.a", "WebPDecodeRGBA", dated=False),
    Row("freetype", "libfreetype-dev", "libfreetype.a", "FT_Init_FreeType FT_Load_Glyph", dated=False),
    Row("lcms2", "liblcms2-dev", "liblcms2.a", "cmsOpenProfileFromMem cmsCreateTransform", dated=False),
    Row("giflib", "libgif-dev", "libgif.a", "DGifOpenFileName DGifSlurp", dated=False),
    Row("libgd", "libgd-dev", "libgd.a", "gdImageCreateFromPng", dated=False),
    Row("libexif", "libexif-dev", "libexif.a", "exif_data_new_from_file", dated=False),
    Row("x264", "libx264-dev", "libx264.a", "x264_encoder_encode", dated=False),
    Row(
        "protobuf",
        "libprotobuf-dev",
        "libprotobuf.a",
        "_ZN6google8protobuf7Message15CopyFromERKS1_ _ZNK6google8protobuf11MessageLite18SerializeToOstreamEPSo",
        dated=False,
    ),
    Row("grpc", "libgrpc-dev", "libgrpc.a", "grpc_init grpc_channel_create", dated=False),
    Row("jansson", "libjansson-dev", "libjansson.a", "json_loads", dated=False),
    Row("json-c", "libjson-c-dev", "libjson-c.a", "json_tokener_parse", dated=False),
    Row("yajl", "libyajl-dev", "libyajl_s.a", "yajl_alloc yajl_parse", dated=False),
    Row("minizip", "libminizip-dev", "libminizip.a", "unzOpen", dated=False),
    Row("leveldb", "libleveldb-dev", "libleveldb.a", "leveldb_open", dated=False),
    Row("rocksdb", "librocksdb-dev", "librocksdb.a", "rocksdb_open", dated=False),
    Row("libpq", "libpq-dev", "libpq.a", "PQconnectdb PQexec", dated=False),
    Row("hiredis", "libhiredis-dev", "libhiredis.a", "redisConnect redisCommand", dated=False),
    Row("librdkafka", "librdkafka-dev", "librdkafka.a", "rd_kafka_new", dated=False),
    Row("zeromq", "libzmq3-dev", "libzmq.a", "zmq_ctx_new zmq_socket", dated=False),
    Row("openldap", "libldap-dev", "libldap.a", "ldap_initialize", dated=False),
    Row("libbpf", "libbpf-dev", "libbpf.a", "bpf_object__open bpf_object__load", dated=False),
    Row("elfutils", "libelf-dev", "libelf.a", "elf_begin elf_getscn", dated=False),
    Row("libsodium", "libsodium-dev", "libsodium.a", "sodium_init crypto_secretbox_easy", dated=False),
    Row("nettle", "nettle-dev", "libnettle.a", "nettle_sha256_update", dated=False),
    Row("gmp", "libgmp-dev", "libgmp.a", "__gmpz_init __gmpz_powm", dated=False),
    Row(
        "crypto++",
        "libcrypto++-dev",
        "libcrypto++.a",
        "_ZN8CryptoPP6SHA2569TransformEPjPKj _ZN8CryptoPP20AutoSeededRandomPool6ReseedEbj",
        dated=False,
    ),
]


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Debian's packages, fetched and unpacked beside one another: nothing is installed."""
    folder = tmp_path_factory.mktemp("debian")
    wanted = sorted({row.package for row in ROWS})
    subprocess.run(["apt-get", "download", "-q", *wanted], cwd=folder, check=True, capture_output=True)
    packages = {file.name.split("_")[0]: file for file in folder.glob("*.deb")}
    for file in packages.values():
        subprocess.run(["dpkg-deb", "-x", str(file), str(folder / "root")], check=True)
    return packages


def root(debian: dict[str, Path]) -> Path:
    return debian["libssl-dev"].parent / "root" / "usr"


def upstream(package: Path) -> str:
    """Upstream's version of a Debian package, without what Debian adds to it."""
    version = subprocess.run(["dpkg-deb", "-f", package, "Version"], check=True, capture_output=True, text=True).stdout
    version = version.strip().partition(":")[2] or version.strip()
    version = re.sub(r"^.*\+really", "", version.rpartition("-")[0])
    return re.sub(r"\+(?:dfsg|ds|repack).*|~.*|-stable$", "", version).replace("+", ".")


def link(folder: Path, source: str, *options: str | Path) -> Path:
    (folder / "main.c").write_text(source, encoding="utf-8")
    command = ["gcc", "-w", "-o", "program", "main.c", *options]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "program"


def calling(functions: str) -> str:
    names = functions.split()
    return (
        "".join(f"void {name}(void);" for name in names) + f"int main() {{ {''.join(f'{name}();' for name in names)} }}"
    )


def found(program: Path) -> dict[str, str]:
    packages = StaticLibraries().read(AnalyzedFile("usr/bin/program", program.read_bytes()))
    return {package.name: package.version for package in packages}


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.library} {row.functions.split()[0]}" for row in ROWS])
@pytest.mark.parametrize("stripped", [False, True])
def test_a_program_linked_with_a_library_has_it(
    row: Row, debian: dict[str, Path], tmp_path: Path, *, stripped: bool
) -> None:
    archive = next(root(debian).rglob(row.archive))
    # The libraries that this one needs in its turn are of no interest: the program is never started.
    options = ["-Wl,--unresolved-symbols=ignore-all", *(["-s"] if stripped else [])]
    program = link(tmp_path, calling(row.functions), archive, *options)
    assert found(program)[row.library] == (upstream(debian[row.package]) if row.dated else "")


def test_a_program_that_prints_what_a_header_says_has_no_library(debian: dict[str, Path], tmp_path: Path) -> None:
    include = str(root(debian) / "include")
    library = ["-shared", "-fPIC", "-Wl,-soname,libcrypto.so.3", "-o", "libcrypto.so"]
    (tmp_path / "library.c").write_text("void used(void) {}", encoding="utf-8")
    subprocess.run(["gcc", *library, "library.c"], cwd=tmp_path, check=True)
    source = "#include <stdio.h>\n#include <openssl/opensslv.h>\nvoid used(void); int main() { puts(OPENSSL_VERSION_TEXT); used(); }"
    places = [f"-I{include}", f"-I{include}/x86_64-linux-gnu"]
    alone = tmp_path / "alone"
    alone.mkdir()
    assert found(link(tmp_path, source, *places, "-L.", "-lcrypto")) == {}
    assert found(link(alone, source + "\nvoid used(void) {}", *places)) == {}


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    work = tmp_path_factory.mktemp("libraries")
    return work, libraries.fetch(work)


@pytest.mark.parametrize("program", PROGRAMS, ids=[f"{program.library} {program.does}" for program in PROGRAMS])
@pytest.mark.parametrize("way", libraries.WAYS)
def test_a_program_that_never_asks_for_the_version_has_the_library_and_no_false_version(
    way: str, program: LinkedProgram, versions: tuple[Path, dict[str, str]]
) -> None:
    result = libraries.look(versions[0], program, versions[1], libraries.WAYS[way])
    assert result.is_found
    assert result.false == []


def test_a_program_without_libraries_has_none(tmp_path: Path) -> None:
    assert found(link(tmp_path, '#include <stdio.h>\nint main() { puts("zlib 1.2.13, OpenSSL 3.0"); }')) == {}


def test_the_c_library_of_a_static_program_is_known(tmp_path: Path) -> None:
    source = (
        "#include <gnu/libc-version.h>\nextern void __libc_print_version(void);\nint main() { __libc_print_version(); }"
    )
    version = (
        subprocess.run(["ldd", "--version"], check=True, capture_output=True, text=True)
        .stdout.split("\n")[0]
        .split()[-1]
    )
    shared = found(Path(next(iter(Path("/lib").rglob("libc.so.6")))))
    assert shared == {"glibc": version}
    assert list(GlibcAnalyzer().read(AnalyzedFile("p", link(tmp_path, source, "-static").read_bytes()))) == []


def test_busybox_is_known() -> None:
    version = subprocess.run(["busybox"], check=False, capture_output=True, text=True).stdout.split()[1]
    assert found(Path(str(shutil.which("busybox")))) == {"busybox": version.removeprefix("v")}


def test_a_program_tells_the_symbols_that_musl_has_not(tmp_path: Path) -> None:
    source = "#include <execinfo.h>\n#include <netdb.h>\nint main() { backtrace(0, 0); getaddrinfo(0, 0, 0, 0); }"
    facts = list(GlibcAnalyzer().read(AnalyzedFile("p", link(tmp_path, source).read_bytes())))
    assert len(facts) == 1
    assert "lacks backtrace" in facts[0].detail
    assert "resolves getaddrinfo" in facts[0].detail


def test_a_section_that_objcopy_adds_tells_the_crates(tmp_path: Path) -> None:
    program = link(tmp_path, "int main() {}")
    crates = {"packages": [{"name": "adler", "version": "1.0.2", "source": "registry"}]}
    (tmp_path / "crates").write_bytes(zlib.compress(json.dumps(crates).encode()))
    subprocess.run(["objcopy", "--add-section", ".dep-v0=crates", program], cwd=tmp_path, check=True)
    packages = list(RustBinary().read(AnalyzedFile("p", program.read_bytes())))
    assert [(package.name, package.version) for package in packages] == [("adler", "1.0.2")]


def trivy() -> str:
    return shutil.which("trivy") or str(ROOT / ".peers" / "bin" / "trivy")


def build_for(system: str, directory: Path) -> Path:
    """A Go program for another system, as a server that hands out its client carries it."""
    with tempfile.TemporaryDirectory() as source:
        Path(source, "go.mod").write_text(f"module example.com/{system}/made\n\ngo 1.19\n", encoding="utf-8")
        Path(source, "main.go").write_text("package main\n\nfunc main() {}\n", encoding="utf-8")
        program = directory / f"made-for-{system}"
        environment = {**os.environ, "GOOS": system, "GOARCH": "amd64", "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
        environment |= {"GOCACHE": str(Path(source, "cache")), "HOME": source}
        stamp = "-ldflags=-s -w -X main.version=1.2.3"
        subprocess.run(["go", "build", stamp, "-o", str(program), "."], cwd=source, env=environment, check=True)
    return program


def test_trivy_finds_the_same_modules_in_go_programs(tmp_path: Path) -> None:
    for program in (shutil.which("docker"), "/usr/bin/containerd", shutil.which("runc"), trivy()):
        shutil.copy(str(program), tmp_path)
    others = {build_for(system, tmp_path).name for system in ("windows", "darwin")}
    command = [trivy(), "rootfs", "--offline-scan", "--format", "cyclonedx", str(tmp_path)]
    document: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    theirs = {
        (part["name"], part.get("version", "").removeprefix("v"))
        for part in document["components"]
        if part.get("purl", "").startswith("pkg:golang/")
    }
    ours = set()
    for file in tmp_path.iterdir():
        packages = list(GoBinary().read(AnalyzedFile(file.name, file.read_bytes())))
        assert file.name not in others or [package.name for package in packages] == ["stdlib", "made"]
        for package in packages:
            name = f"{package.namespace}/{package.name}".lstrip("/")
            ours.add((name, package.version.removeprefix("v")))
    assert theirs
    assert theirs <= ours
    assert {name for name, _ in ours} == {name for name, _ in theirs}
