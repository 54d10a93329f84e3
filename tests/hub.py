"""A Hub on 127.0.0.1: the part of its download API that `from_pretrained` speaks, over repositories of plain folders."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


class LoopbackHub:
    """Serves `repositories` (id -> folder) at one commit; ids in `gated` answer 403 and unknown ones 401, as the Hub does.

    seen: (method, path, status) of every request, in order.
    """

    def __init__(self, repositories: dict[str, Path], *, commit: str, gated: tuple[str, ...] = ()) -> None:
        self.repositories, self.commit, self.gated = repositories, commit, gated
        self.seen: list[tuple[str, str, int]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "LoopbackHub":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: LoopbackHub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._route()

    def do_GET(self) -> None:
        self._route()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._route()

    def _route(self) -> None:
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        api = parts[:2] == ["api", "models"]
        repository = "/".join(parts[2:4] if api else parts[:2])
        rest = parts[4:] if api else parts[2:]
        if repository in self.hub.gated and not api:
            return self._error(403, "GatedRepo", f"Access to model {repository} is restricted.")
        if repository not in self.hub.repositories and repository not in self.hub.gated:
            # To a stranger the real Hub does not tell a missing repository from a private one.
            return self._error(401, "RepoNotFound", "Invalid username or password.")
        if api:
            return self._api(repository, rest)
        if rest[:1] == ["resolve"] and len(rest) >= 3:
            return self._file(self.hub.repositories[repository], rest[1], "/".join(rest[2:]))
        return self._error(404, "EntryNotFound", "Not found")

    def _api(self, repository: str, rest: list[str]) -> None:
        folder = self.hub.repositories.get(repository)
        files = sorted(p for p in folder.iterdir() if p.is_file()) if folder else []
        if rest == [] or (rest[0] == "revision" and self._known(rest[1])):
            siblings = [{"rfilename": p.name} for p in files]
            return self._json({"id": repository, "modelId": repository, "sha": self.hub.commit, "siblings": siblings})
        if rest[0] == "tree" and self._known(rest[1]):
            tree = [{"type": "file", "path": p.name, "size": p.stat().st_size, "oid": _etag(p)} for p in files]
            return self._json(tree if len(rest) == 2 else [])
        return self._error(404, "RevisionNotFound" if rest[0] in ("revision", "tree") else "EntryNotFound", "Not found")

    def _file(self, folder: Path, revision: str, name: str) -> None:
        if not self._known(revision):
            return self._error(404, "RevisionNotFound", "Revision not found")
        path = folder / name
        if "/" in name or not path.is_file():
            return self._error(404, "EntryNotFound", "Entry not found")
        return self._send(200, path.read_bytes(), {"ETag": f'"{_etag(path)}"', "X-Repo-Commit": self.hub.commit})

    def _known(self, revision: str) -> bool:
        return revision in ("main", self.hub.commit)

    def _json(self, data: object) -> None:
        self._send(200, json.dumps(data).encode(), {"Content-Type": "application/json"})

    def _error(self, status: int, code: str, message: str) -> None:
        self._send(status, b"", {"X-Error-Code": code, "X-Error-Message": message, "X-Repo-Commit": self.hub.commit})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.hub.seen.append((self.command, self.path, status))
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _etag(path: Path) -> str:
    return hashlib.sha1(path.read_bytes()).hexdigest()
