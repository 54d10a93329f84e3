"""A Hub on 127.0.0.1: the part of its API that `from_pretrained`, `load_dataset` and an upload speak, over plain folders."""

import base64
import hashlib
import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit


class LoopbackHub:
    """Serves `repositories` (id -> folder) at one commit; ids in `gated` answer 403 and unknown ones 401, as the Hub does.

    A data set's id begins with `datasets/`. commits: of repositories that are at another one. refused: the status of gated ones, where it
    is another. breaks: by file name, after how many bytes the connection ends, and how often. seen: (method, path, status) of
    every request, in order. received: by repository, the files of every commit that was made.
    """

    def __init__(
        self,
        repositories: dict[str, Path],
        *,
        commit: str,
        gated: tuple[str, ...] = (),
        commits: Mapping[str, str] | None = None,
        refused: int = 403,
        breaks: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        self.repositories, self.commit, self.gated = repositories, commit, gated
        self.commits = commits or {}
        self.refused, self.breaks = refused, {name: list(rule) for name, rule in (breaks or {}).items()}
        self.seen: list[tuple[str, str, int]] = []
        self.received: dict[str, dict[str, bytes]] = {}
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
    commit: str

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._route()

    def do_GET(self) -> None:
        self._route()

    def do_POST(self) -> None:
        self._route(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _route(self, body: bytes = b"") -> None:
        if self.path == "/api/repos/create":
            asked = json.loads(body)
            owner = f"{asked['organization']}/" if asked.get("organization") else ""
            repository = f"{'datasets/' if asked.get('type') == 'dataset' else ''}{owner}{asked['name']}"
            self.hub.received.setdefault(repository, {})
            return self._json({"url": f"{self.hub.endpoint}/{repository}"})
        if self.path == "/api/validate-yaml":
            return self._json({"errors": [], "warnings": []})
        # A branch such as refs/convert/parquet arrives as one part, its slashes quoted.
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        api = parts[0] == "api" and parts[1] in ("models", "datasets")
        if api:
            parts = parts[2:] if parts[1] == "models" else parts[1:]
        size = 3 if parts[0] == "datasets" else 2
        repository, rest = "/".join(parts[:size]), parts[size:]
        self.commit = self.hub.commits.get(repository, self.hub.commit)
        if repository in self.hub.gated and not api:
            return self._error(self.hub.refused, "GatedRepo", f"Access to model {repository} is restricted.")
        if api and repository in self.hub.received and rest and rest[0] in ("preupload", "commit"):
            return self._upload(repository, rest, body)
        if repository not in self.hub.repositories and repository not in self.hub.gated:
            # To a stranger the real Hub does not tell a missing repository from a private one.
            return self._error(401, "RepoNotFound", "Invalid username or password.")
        if api:
            return self._api(repository, rest, body)
        if rest[:1] == ["resolve"] and len(rest) >= 3:
            return self._file(self.hub.repositories[repository], rest[1], "/".join(rest[2:]))
        return self._error(404, "EntryNotFound", "Not found")

    def _upload(self, repository: str, rest: list[str], body: bytes) -> None:
        if rest[0] == "preupload":
            files = [
                {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False}
                for one in json.loads(body)["files"]
            ]
            return self._json({"files": files})
        for line in body.splitlines():
            item = json.loads(line)
            if item["key"] == "file":
                self.hub.received[repository][item["value"]["path"]] = base64.b64decode(item["value"]["content"])
        address = f"{self.hub.endpoint}/{repository}/commit/{self.commit}"
        return self._json({"commitUrl": address, "commitOid": self.commit, "success": True})

    def _api(self, repository: str, rest: list[str], body: bytes) -> None:
        folder = self.hub.repositories.get(repository)
        paths = sorted(folder.rglob("*")) if folder else []
        ident = repository.removeprefix("datasets/")
        if rest == [] or (rest[0] == "revision" and self._known(rest[1])):
            siblings = [{"rfilename": str(p.relative_to(folder))} for p in paths if p.is_file()]
            return self._json({"id": ident, "modelId": ident, "sha": self.commit, "siblings": siblings})
        entries = [_entry(folder, p) for p in paths]
        if rest[0] == "tree" and self._known(rest[1]):
            below = "".join(f"{part}/" for part in rest[2:])
            deep = parse_qs(urlsplit(self.path).query).get("recursive") in (["True"], ["true"], ["1"])
            inside = [e for e in entries if e["path"].startswith(below)]
            return self._json([e for e in inside if deep or "/" not in e["path"].removeprefix(below)])
        if rest[0] == "paths-info" and self._known(rest[1]):
            asked = json.loads(body)["paths"]
            return self._json([e for e in entries if e["path"] in asked])
        return self._error(404, "RevisionNotFound" if rest[0] in ("revision", "tree") else "EntryNotFound", "Not found")

    def _file(self, folder: Path, revision: str, name: str) -> None:
        if not self._known(revision):
            return self._error(404, "RevisionNotFound", "Revision not found")
        path = folder / name
        if ".." in name or not path.is_file():
            return self._error(404, "EntryNotFound", "Entry not found")
        headers = {"ETag": f'"{_etag(path)}"', "X-Repo-Commit": self.commit, "Accept-Ranges": "bytes"}
        body, wanted = path.read_bytes(), self.headers.get("Range", "")
        if self.command == "GET" and wanted.startswith("bytes=") and wanted.endswith("-"):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            return self._send(206, body[start:], headers, name=name)
        return self._send(200, body, headers, name=name)

    def _known(self, revision: str) -> bool:
        return revision in ("main", "refs/convert/parquet", self.commit)

    def _json(self, data: object) -> None:
        self._send(200, json.dumps(data).encode(), {"Content-Type": "application/json"})

    def _error(self, status: int, code: str, message: str) -> None:
        self._send(status, b"", {"X-Error-Code": code, "X-Error-Message": message, "X-Repo-Commit": self.commit})

    def _send(self, status: int, body: bytes, headers: dict[str, str], *, name: str = "") -> None:
        self.hub.seen.append((self.command, self.path, status))
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        rule = self.hub.breaks.get(name)
        if self.command == "GET" and rule and rule[1]:
            rule[1] -= 1
            self.wfile.write(body[: rule[0]])
            self.close_connection = True
        elif self.command != "HEAD":
            self.wfile.write(body)


def _entry(folder: Path, path: Path) -> dict[str, object]:
    name = str(path.relative_to(folder))
    if path.is_dir():
        return {"type": "directory", "path": name, "oid": "0" * 40, "size": 0}
    return {"type": "file", "path": name, "size": path.stat().st_size, "oid": _etag(path)}


def _etag(path: Path) -> str:
    return hashlib.sha1(path.read_bytes()).hexdigest()
