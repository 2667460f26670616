"""Requests that two servers could read differently: none may pass a guard."""

from __future__ import annotations

HOST = b"Host: docker\r\n"


def head(first: bytes, *lines: bytes) -> bytes:
    return first + b"\r\n" + HOST + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


REFUSED = {
    "two lengths": head(b"POST /a HTTP/1.1", b"Content-Length: 3", b"Content-Length: 3"),
    "two lengths in one": head(b"POST /a HTTP/1.1", b"Content-Length: 3, 3"),
    "a length and chunks": head(b"POST /a HTTP/1.1", b"Content-Length: 3", b"Transfer-Encoding: chunked"),
    "chunks twice": head(b"POST /a HTTP/1.1", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "chunks within something": head(b"POST /a HTTP/1.1", b"Transfer-Encoding: gzip, chunked"),
    "an unknown coding": head(b"POST /a HTTP/1.1", b"Transfer-Encoding: xchunked"),
    "a quoted coding": head(b"POST /a HTTP/1.1", b'Transfer-Encoding: "chunked"'),
    "chunks in HTTP/1.0": head(b"POST /a HTTP/1.0", b"Transfer-Encoding: chunked"),
    "a sign before the length": head(b"POST /a HTTP/1.1", b"Content-Length: +3"),
    "a negative length": head(b"POST /a HTTP/1.1", b"Content-Length: -3"),
    "a length in hexadecimal": head(b"POST /a HTTP/1.1", b"Content-Length: 0x3"),
    "an empty length": head(b"POST /a HTTP/1.1", b"Content-Length:"),
    "an endless length": head(b"POST /a HTTP/1.1", b"Content-Length: 9999999999999999999"),
    "digits of another script": head(b"POST /a HTTP/1.1", "Content-Length: \u0663".encode()),
    "a space before the colon": head(b"POST /a HTTP/1.1", b"Content-Length : 3"),
    "a folded line": head(b"POST /a HTTP/1.1", b"X: a", b" Content-Length: 3"),
    "a bare line feed": head(b"POST /a HTTP/1.1", b"X: a\nContent-Length: 3"),
    "a bare carriage return": head(b"POST /a HTTP/1.1", b"X: a\rContent-Length: 3"),
    "a null byte": head(b"GET /a HTTP/1.1", b"X: a\0b"),
    "a null byte after many blanks": head(b"GET /a HTTP/1.1", b"X:" + b"\t" * 15_000 + b"\0"),
    "a header without a name": head(b"GET /a HTTP/1.1", b": a"),
    "no colon": head(b"GET /a HTTP/1.1", b"Content-Length"),
    "bytes that are no ASCII": head(b"GET /a HTTP/1.1", b"X: \xff"),
    "two hosts": head(b"GET /a HTTP/1.1", b"Host: other"),
    "no host": b"GET /a HTTP/1.1\r\n\r\n",
    "two content types": head(b"POST /a HTTP/1.1", b"Content-Type: text/plain", b"content-type: application/json"),
    "a dropped content type": head(b"POST /a HTTP/1.1", b"Connection: content-type"),
    "an absolute target": head(b"GET http://docker/a HTTP/1.1"),
    "an asterisk": head(b"OPTIONS * HTTP/1.1"),
    "an authority": head(b"CONNECT docker:80 HTTP/1.1"),
    "a fragment": head(b"GET /a#b HTTP/1.1"),
    "two spaces": head(b"GET  /a HTTP/1.1"),
    "a tab": head(b"GET\t/a HTTP/1.1"),
    "a space in the target": head(b"GET /a b HTTP/1.1"),
    "bytes in the target": head("GET /\u0131 HTTP/1.1".encode()),
    "a method in lower case": head(b"get /a HTTP/1.1"),
    "HTTP/2": head(b"PRI * HTTP/2.0"),
    "HTTP/1.2": head(b"GET /a HTTP/1.2"),
    "HTTP/0.9": b"GET /a\r\n\r\n",
    "an unknown expectation": head(b"POST /a HTTP/1.1", b"Expect: 200-ok"),
    "too many lines": head(b"GET /a HTTP/1.1", *[b"X: a"] * 200),
    "an endless target": head(b"GET /" + b"a" * 70_000 + b" HTTP/1.1"),
}  # fmt: skip
