"""The real registry's notifications are understood: an image that is pushed to it, and deleted, is named."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sealock.model.manifest import OCI_MANIFEST
from sealock.net.registry.clientconfig import open_registry
from sealock.net.registry.names import reference
from sealock.net.registry.requests import RequestOptions
from sealock.net.registry.upload import push_blob, push_manifest
from sealock.service.work.notifications import Deleted, Notice, Pushed, parse_notification
from support.realregistry import real_registry
from support.simulators.registry import OCI_CONFIG
from support.waiting import wait_until

pytestmark = pytest.mark.live


def test_what_the_registry_sends_names_what_was_pushed_and_deleted(tmp_path: Path) -> None:
    notices: list[Notice] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def do_POST(self) -> None:
            notices.extend(parse_notification(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    endpoint = {
        "name": "sealock",
        "url": f"http://127.0.0.1:{server.server_port}/",
        "timeout": "5s",
        "threshold": 5,
        "backoff": "100ms",
    }
    try:
        with real_registry(tmp_path, notifications={"endpoints": [endpoint]}) as host:
            client, name = open_registry(environment={}), reference(f"{host}/team/app:1")
            config = push_blob(
                client, name, b'{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}'
            )
            table = (
                f'{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{{"mediaType":"{OCI_CONFIG}",'
                f'"digest":"{config.digest}","size":{config.size}}},"layers":[]}}'
            )
            sent = push_manifest(client, name, table.encode(), OCI_MANIFEST, "1")
            client.requests.send(
                name, "DELETE", f"manifests/{sent.digest}", RequestOptions(actions="pull,delete", accepted=(202,))
            ).close()
            repository = f"{host}/team/app"
            # With the manifest goes its tag.
            wanted = {
                Pushed(repository, "1", sent.digest),
                Deleted(repository, "", sent.digest),
                Deleted(repository, "1", ""),
            }
            wait_until(lambda: set(notices) == wanted, why=lambda: str(notices))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
