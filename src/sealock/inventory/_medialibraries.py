"""Libraries of pictures, fonts, sound and film, as `_libraries` has the others."""

from __future__ import annotations

from typing import Final

from sealock.inventory._library import Library, read_alone

MEDIA: Final = (
    # The decoder; the encoder has no text of its own.
    Library("libwebp", (b"null VP8Io passed to VP8GetHeaders()",), rb"VP8Io()", shared=(b"libwebp",)),
    Library("freetype", (b"FREETYPE_PROPERTIES\0",), rb"E()_P", shared=(b"libfreetype.so",)),
    Library(
        "openjpeg",
        (b"Error reading CRG marker",),
        rb"\0()Error reading CRG marker\n",
        before=1,
        shared=(b"libopenjp2.so",),
        version=read_alone(rb"2\.\d\.\d{1,2}\0", b"2."),
    ),
    Library("lcms2", (b"Couldn't link the profiles",), rb"\0()Couldn't", before=1, shared=(b"liblcms2.so",)),
    Library("giflib", (b"\0GIFVER\0",), rb"GIFVER()", shared=(b"libgif.so",)),
    Library("libgd", (b"gd-png: fatal libpng error: ",), rb"fatal()", shared=(b"libgd.so",)),
    Library("libexif", (b"Dumping exif content (%u entries)...",), rb"exif()", shared=(b"libexif.so",)),
    Library(
        "libraw",
        (b"17LibRaw_exceptions\0",),
        rb"17LibRaw()_",
        shared=(b"libraw.so", b"libraw_r.so"),
        version=read_alone(rb"0\.\d\d\.\d{1,2}(?=-(?:Release|Beta\d?)\0)", b"0."),
    ),
    Library("libvorbis", (b"Xiph.Org libVorbis 1.",), rb"libVorbis (1\.\d\.\d{1,2})\0", shared=(b"libvorbis",)),
    Library("libtheora", (b"Xiph.Org libtheora 1.",), rb"libtheora (1\.\d(?:\.\d)?)", shared=(b"libtheora",)),
    Library(
        "speex",
        (b"Unknown nb_mode_query request: ",),
        rb"mode()_query",
        shared=(b"libspeex.so",),
        version=read_alone(rb"1\.\d(?:\.\d)?\0", b"1."),
    ),
    Library("lame", (b"LAME3.",), rb"LAME(3\.\d{2,3})(?:\.\d)?[ \0]", shared=(b"libmp3lame.so",)),
    Library(
        "libaom",
        (b"AOMedia Project AV1 ",),
        rb"AV1 (?:De|En)coder (?:Inspector )?v(\d\.\d{1,2}\.\d{1,2})",
        shared=(b"libaom.so",),
    ),
    Library("x264", (b"x264 - core %d%s - H.264",), rb"core()", shared=(b"libx264.so",)),
    Library("x265", (b"x265 (build %d) - %s:%s - H.265",), rb"build()", shared=(b"libx265.so",)),
)
