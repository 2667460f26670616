"""The programs of bench/libraries.py: what people write with a C library, none of which asks for its version."""

from __future__ import annotations

from typing import Final, NamedTuple


class LinkedProgram(NamedTuple):
    """A program with a library: Debian's packages and archives of it, what the program does, and its source."""

    library: str
    packages: tuple[str, ...]
    archives: tuple[str, ...]
    does: str
    source: str
    includes: tuple[str, ...] = ()
    """Directories of headers below usr/include."""


def program(  # noqa: PLR0913, PLR0917  a row of the table
    library: str, packages: str, archives: str, does: str, code: str, includes: str = ""
) -> LinkedProgram:
    """Make a program of its headers (in angle brackets) and the body of main."""
    lines = [line.strip() for line in code.strip().splitlines()]
    headers = [line if line.startswith("#") else f"#include {line}" for line in lines if line[0] in "<#"]
    body = [line for line in lines if line[0] not in "<#"]
    begin = ("static unsigned char in[4096], out[65536];", "int main(int argc, char **argv) {")
    read, written = "size_t n = fread(in, 1, sizeof in, stdin);", "fwrite(out, 1, 64, stdout); return 0; }"
    source = "\n".join(
        (*map("#include <{}.h>".format, ("stdio", "stdlib", "string")), *headers, *begin, read, *body, written)
    )
    return LinkedProgram(
        library, tuple(packages.split()), tuple(archives.split()), does, source, tuple(includes.split())
    )


PROGRAMS: Final = (
    program("openssl", "libssl-dev", "libcrypto.a", "hashes with SHA-256", """
        <openssl/evp.h>
        EVP_MD_CTX *c = EVP_MD_CTX_new(); unsigned int length = 0;
        EVP_DigestInit_ex(c, EVP_sha256(), 0); EVP_DigestUpdate(c, in, n); EVP_DigestFinal_ex(c, out, &length);
    """),
    program("openssl", "libssl-dev", "libssl.a libcrypto.a", "opens a TLS connection", """
        <openssl/ssl.h>
        SSL_CTX *c = SSL_CTX_new(TLS_client_method()); SSL *s = SSL_new(c);
        SSL_set_fd(s, argc); SSL_connect(s); SSL_write(s, in, n); SSL_read(s, out, sizeof out);
    """),
    program("zlib", "zlib1g-dev", "libz.a", "inflates", """
        <zlib.h>
        z_stream z = {0}; z.next_in = in; z.avail_in = n; z.next_out = out; z.avail_out = sizeof out;
        inflateInit(&z); inflate(&z, Z_FINISH); inflateEnd(&z);
    """),
    program("zlib", "zlib1g-dev", "libz.a", "compresses", """
        <zlib.h>
        uLongf length = sizeof out; compress2(out, &length, in, n, 9);
    """),
    program("sqlite", "libsqlite3-dev", "libsqlite3.a", "runs SQL statements", """
        <sqlite3.h>
        sqlite3 *d; sqlite3_stmt *s; sqlite3_open(argv[1], &d); sqlite3_prepare_v2(d, (char *)in, n, &s, 0);
        while (sqlite3_step(s) == SQLITE_ROW) puts((char *)sqlite3_column_text(s, 0));
        sqlite3_finalize(s); sqlite3_close(d);
    """),
    program("expat", "libexpat1-dev", "libexpat.a", "parses XML", """
        <expat.h>
        XML_Parser p = XML_ParserCreate(0); XML_Parse(p, (char *)in, n, 1); XML_ParserFree(p);
    """),
    program("libpng", "libpng-dev", "libpng16.a", "reads a picture", """
        <png.h>
        png_structp p = png_create_read_struct(PNG_LIBPNG_VER_STRING, 0, 0, 0); png_infop i = png_create_info_struct(p);
        png_init_io(p, stdin); png_read_png(p, i, PNG_TRANSFORM_EXPAND, 0); out[0] = png_get_rows(p, i)[0][0];
    """),
    program("libjpeg-turbo", "libjpeg62-turbo-dev", "libjpeg.a", "decompresses a picture", """
        <jpeglib.h>
        struct jpeg_decompress_struct d; struct jpeg_error_mgr e; JSAMPROW row = out;
        d.err = jpeg_std_error(&e); jpeg_create_decompress(&d); jpeg_stdio_src(&d, stdin);
        jpeg_read_header(&d, TRUE); jpeg_start_decompress(&d); jpeg_read_scanlines(&d, &row, 1);
    """),
    program("libjpeg-turbo", "libjpeg62-turbo-dev", "libjpeg.a", "compresses a picture", """
        <jpeglib.h>
        struct jpeg_compress_struct d; struct jpeg_error_mgr e; JSAMPROW row = in;
        d.err = jpeg_std_error(&e); jpeg_create_compress(&d); jpeg_stdio_dest(&d, stdout);
        d.image_width = 64; d.image_height = 1; d.input_components = 3; d.in_color_space = JCS_RGB;
        jpeg_set_defaults(&d); jpeg_start_compress(&d, TRUE); jpeg_write_scanlines(&d, &row, 1);
        jpeg_finish_compress(&d);
    """),
    program("libtiff", "libtiff-dev", "libtiff.a", "reads a picture", """
        <tiffio.h>
        TIFF *t = TIFFOpen(argv[1], "r"); for (int y = 0; y < argc; y++) TIFFReadScanline(t, out, y, 0); TIFFClose(t);
    """),
    program("bzip2", "libbz2-dev", "libbz2.a", "decompresses", """
        <bzlib.h>
        unsigned int length = sizeof out; BZ2_bzBuffToBuffDecompress((char *)out, &length, (char *)in, n, 0, 0);
    """),
    program("xz", "liblzma-dev", "liblzma.a", "decompresses", """
        <lzma.h>
        lzma_stream s = LZMA_STREAM_INIT; lzma_stream_decoder(&s, UINT64_MAX, 0); s.next_in = in; s.avail_in = n;
        s.next_out = out; s.avail_out = sizeof out; lzma_code(&s, LZMA_FINISH);
    """),
    program("zstd", "libzstd-dev", "libzstd.a", "decompresses", """
        <zstd.h>
        ZSTD_decompress(out, sizeof out, in, n);
    """),
    program("lz4", "liblz4-dev", "liblz4.a", "compresses blocks", """
        <lz4.h>
        LZ4_compress_default((char *)in, (char *)out, n, sizeof out);
        LZ4_decompress_safe((char *)out, (char *)in, n, sizeof in);
    """),
    program("brotli", "libbrotli-dev", "libbrotlidec.a libbrotlicommon.a", "decompresses", """
        <brotli/decode.h>
        size_t length = sizeof out; BrotliDecoderDecompress(n, in, &length, out);
    """),
    program("curl", "libcurl4-openssl-dev", "libcurl.a", "fetches a page", """
        <curl/curl.h>
        CURL *c = curl_easy_init(); curl_easy_setopt(c, CURLOPT_URL, argv[1]); curl_easy_perform(c);
    """),
    program("nghttp2", "libnghttp2-dev", "libnghttp2.a", "speaks HTTP/2", """
        <nghttp2/nghttp2.h>
        nghttp2_session *s; nghttp2_session_callbacks *c; nghttp2_session_callbacks_new(&c);
        nghttp2_session_client_new(&s, c, 0); nghttp2_submit_settings(s, 0, 0, 0);
        nghttp2_session_mem_recv(s, in, n); nghttp2_session_send(s);
    """),
    program("c-ares", "libc-ares-dev", "libcares.a", "resolves a name", """
        <ares.h>
        ares_channel c; ares_library_init(ARES_LIB_INIT_ALL); ares_init(&c);
        ares_gethostbyname(c, argv[1], 2, 0, 0); ares_process_fd(c, 0, 1);
    """),
    program("libssh2", "libssh2-1-dev", "libssh2.a", "opens a session", """
        <libssh2.h>
        LIBSSH2_SESSION *s = libssh2_session_init(); libssh2_session_handshake(s, argc);
        LIBSSH2_CHANNEL *c = libssh2_channel_open_session(s); libssh2_channel_exec(c, argv[1]);
    """),
    program("libssh", "libssh-dev libssl-dev", "libssh.a libcrypto.a", "opens a session", """
        <libssh/libssh.h>
        ssh_session s = ssh_new(); ssh_options_set(s, SSH_OPTIONS_HOST, argv[1]); ssh_connect(s);
        ssh_userauth_publickey_auto(s, 0, 0); ssh_channel c = ssh_channel_new(s); ssh_channel_open_session(c);
    """),
    program("libxml2", "libxml2-dev", "libxml2.a", "parses XML", """
        <libxml/parser.h>
        xmlDocPtr d = xmlReadMemory((char *)in, n, "x", 0, 0); puts((char *)xmlDocGetRootElement(d)->name);
    """, "libxml2"),
    program("mbedtls", "libmbedtls-dev", "libmbedcrypto.a", "hashes with SHA-256", """
        <mbedtls/sha256.h>
        mbedtls_sha256(in, n, out, 0);
    """),
    program("mbedtls", "libmbedtls-dev", "libmbedtls.a libmbedx509.a libmbedcrypto.a", "opens a TLS connection", """
        <mbedtls/ssl.h>
        mbedtls_ssl_context s; mbedtls_ssl_config c; mbedtls_ssl_init(&s); mbedtls_ssl_config_init(&c);
        mbedtls_ssl_config_defaults(&c, MBEDTLS_SSL_IS_CLIENT, 0, 0); mbedtls_ssl_setup(&s, &c);
        mbedtls_ssl_handshake(&s); mbedtls_ssl_write(&s, in, n); mbedtls_ssl_read(&s, out, sizeof out);
    """),
    program("wolfssl", "libwolfssl-dev", "libwolfssl.a", "opens a TLS connection", """
        <wolfssl/options.h>
        <wolfssl/ssl.h>
        wolfSSL_Init(); WOLFSSL *s = wolfSSL_new(wolfSSL_CTX_new(wolfTLSv1_2_client_method()));
        wolfSSL_set_fd(s, argc); wolfSSL_connect(s); wolfSSL_write(s, in, n);
    """),
    program("gnutls", "libgnutls28-dev", "libgnutls.a", "opens a TLS connection", """
        <gnutls/gnutls.h>
        gnutls_session_t s; gnutls_init(&s, GNUTLS_CLIENT); gnutls_set_default_priority(s);
        gnutls_transport_set_int(s, argc); gnutls_handshake(s); gnutls_record_send(s, in, n);
    """),
    program("libgcrypt", "libgcrypt20-dev libgpg-error-dev", "libgcrypt.a libgpg-error.a", "encrypts with AES", """
        <gcrypt.h>
        gcry_cipher_hd_t h; gcry_cipher_open(&h, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_CBC, 0);
        gcry_cipher_setkey(h, in, 32); gcry_cipher_encrypt(h, out, sizeof out, in, n);
    """),
    program("pcre2", "libpcre2-dev", "libpcre2-8.a", "matches a pattern", """
        #define PCRE2_CODE_UNIT_WIDTH 8
        <pcre2.h>
        int e; size_t o; pcre2_code *c = pcre2_compile(in, n, PCRE2_UTF, &e, &o, 0);
        pcre2_match(c, out, 64, 0, 0, pcre2_match_data_create_from_pattern(c, 0), 0);
    """),
    program("libarchive", "libarchive-dev", "libarchive.a", "reads an archive", """
        <archive.h>
        <archive_entry.h>
        struct archive_entry *e; struct archive *a = archive_read_new(); archive_read_support_filter_all(a);
        archive_read_support_format_all(a); archive_read_open_filename(a, argv[1], 10240);
        while (archive_read_next_header(a, &e) == ARCHIVE_OK) puts(archive_entry_pathname(e));
    """),
    program("icu", "libicu-dev", "libicuuc.a libicudata.a", "converts and folds text", """
        <unicode/ustring.h>
        <unicode/ucnv.h>
        UErrorCode e = 0; UConverter *c = ucnv_open(argv[1], &e); UChar text[64];
        int k = ucnv_toUChars(c, text, 64, (char *)in, n, &e); u_strToUpper((UChar *)out, 64, text, k, "tr", &e);
    """),
    program("lua", "liblua5.4-dev", "liblua5.4.a", "runs a script", """
        <lua.h>
        <lauxlib.h>
        <lualib.h>
        lua_State *l = luaL_newstate(); luaL_openlibs(l); luaL_loadbufferx(l, (char *)in, n, "x", 0);
        lua_pcallk(l, 0, 0, 0, 0, 0);
    """, "lua5.4"),
    program("libevent", "libevent-dev", "libevent.a", "serves HTTP", """
        <event2/event.h>
        <event2/http.h>
        struct event_base *b = event_base_new(); struct evhttp *h = evhttp_new(b);
        evhttp_bind_socket(h, argv[1], 80); event_base_dispatch(b);
    """),
    program("libuv", "libuv1-dev", "libuv.a", "listens on a socket", """
        <uv.h>
        uv_tcp_t t; uv_loop_t *l = uv_default_loop(); struct sockaddr_in a; uv_ip4_addr(argv[1], 80, &a);
        uv_tcp_init(l, &t); uv_tcp_bind(&t, (struct sockaddr *)&a, 0); uv_listen((uv_stream_t *)&t, 9, 0);
        uv_run(l, UV_RUN_DEFAULT);
    """),
    program("libyaml", "libyaml-dev", "libyaml.a", "parses YAML", """
        <yaml.h>
        yaml_parser_t p; yaml_event_t e; yaml_parser_initialize(&p); yaml_parser_set_input_string(&p, in, n);
        yaml_parser_parse(&p, &e);
    """),
    program("file", "libmagic-dev", "libmagic.a", "recognises a file", """
        <magic.h>
        magic_t m = magic_open(MAGIC_MIME); magic_load(m, 0); puts(magic_file(m, argv[1]));
    """),
    program("ncurses", "libncurses-dev", "libncurses.a libtinfo.a", "draws a window", """
        <curses.h>
        initscr(); cbreak(); mvprintw(1, 1, "%s", argv[1]); refresh(); out[0] = getch(); endwin();
    """),
    program("readline", "libreadline-dev", "libreadline.a", "reads a line", """
        <readline/readline.h>
        puts(readline(argv[1]));
    """),
    program("libpcap", "libpcap0.8-dev", "libpcap.a", "captures packets", """
        <pcap/pcap.h>
        char why[256]; struct bpf_program f; pcap_t *p = pcap_open_live(argv[1], 96, 1, 100, why);
        pcap_compile(p, &f, argv[2], 1, 0); pcap_setfilter(p, &f); pcap_loop(p, 9, 0, out);
    """),
    program("lmdb", "liblmdb-dev", "liblmdb.a", "stores a value", """
        <lmdb.h>
        MDB_env *e; MDB_txn *t; MDB_dbi d; MDB_val k = {n, in}, v = {n, in}; mdb_env_create(&e);
        mdb_env_open(e, argv[1], 0, 0644); mdb_txn_begin(e, 0, 0, &t); mdb_dbi_open(t, 0, 0, &d);
        mdb_put(t, d, &k, &v, 0); mdb_txn_commit(t);
    """),
    program("berkeley-db", "libdb5.3-dev", "libdb-5.3.a", "stores a value", """
        <db.h>
        DB *d; DBT k = {0}, v = {0}; k.data = v.data = in; k.size = v.size = n; db_create(&d, 0, 0);
        d->open(d, 0, argv[1], 0, DB_BTREE, DB_CREATE, 0644); d->put(d, 0, &k, &v, 0); d->close(d, 0);
    """),
    program("gdbm", "libgdbm-dev", "libgdbm.a", "stores a value", """
        <gdbm.h>
        datum k = {(char *)in, n}; GDBM_FILE f = gdbm_open(argv[1], 0, GDBM_WRCREAT, 0644, 0);
        gdbm_store(f, k, k, GDBM_REPLACE); gdbm_close(f);
    """),
    program("jemalloc", "libjemalloc-dev", "libjemalloc.a", "allocates memory", """
        <jemalloc/jemalloc.h>
        char *p = malloc(n); memcpy(p, in, n); memcpy(out, p, n); free(p); dallocx(mallocx(n, 0), 0);
    """),
    program("flac", "libflac-dev", "libFLAC.a", "encodes sound", """
        <FLAC/stream_encoder.h>
        FLAC__StreamEncoder *e = FLAC__stream_encoder_new(); FLAC__stream_encoder_init_file(e, argv[1], 0, 0);
        FLAC__stream_encoder_process_interleaved(e, (FLAC__int32 *)in, 9); FLAC__stream_encoder_finish(e);
    """),
    program("flac", "libflac-dev", "libFLAC.a", "decodes sound", """
        <FLAC/stream_decoder.h>
        FLAC__StreamDecoder *d = FLAC__stream_decoder_new(); FLAC__stream_decoder_init_file(d, argv[1], 0, 0, 0, 0);
        FLAC__stream_decoder_process_until_end_of_stream(d);
    """),
    program("opus", "libopus-dev", "libopus.a", "decodes sound", """
        <opus/opus.h>
        int e; OpusDecoder *d = opus_decoder_create(48000, 2, &e); opus_decode(d, in, n, (opus_int16 *)out, 960, 0);
    """),
    program("libvpx", "libvpx-dev", "libvpx.a", "decodes film", """
        <vpx/vpx_decoder.h>
        <vpx/vp8dx.h>
        vpx_codec_ctx_t c; vpx_codec_dec_init(&c, vpx_codec_vp9_dx(), 0, 0); vpx_codec_decode(&c, in, n, 0, 0);
    """),
)  # fmt: skip
