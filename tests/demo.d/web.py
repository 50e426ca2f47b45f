"""The demo's web server on 127.0.0.1: the page, its stream of events and
its two forms; and the endpoint that the pushes come to."""

import json
import os
import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/lemon.svg": ("lemon.svg", "image/svg+xml"),
}
HOOK = "/push/"
BODY_MAX = 64 * 1024
KEEPALIVE = 10  # seconds; also how soon a closed page is noticed


class Stream:
    """Server-sent events: every page gets what was said so far, then what
    is new. A later saying under the same key replaces the earlier."""

    def __init__(self):
        self._lock = threading.Lock()
        self._said = {}     # key -> text
        self._pages = []    # a queue each

    def say(self, event, key, data):
        said = f"event: {event}\ndata: {json.dumps(data)}\n\n"
        with self._lock:
            self._said[key] = said
            for page in self._pages:
                page.put(said)

    def subscribe(self):
        page = queue.Queue()
        with self._lock:
            for said in self._said.values():
                page.put(said)
            self._pages.append(page)
        return page

    def unsubscribe(self, page):
        with self._lock:
            self._pages.remove(page)


class Refused(Exception):
    """What a form asked for was not done; the text is for its user."""


class Server(ThreadingHTTPServer):
    """forms: path -> function(dict) -> text, may raise Refused.
    on_push: function(device, headers, body, time of arrival)."""
    daemon_threads = True

    def __init__(self, forms, on_push):
        super().__init__(("127.0.0.1", 0), Handler)
        self.stream = Stream()
        self.forms, self.on_push = forms, on_push
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def authority(self):
        return "127.0.0.1:%d" % self.server_port

    def hook_url(self, device):
        return "http://" + self.authority + HOOK + device

    def handle_error(self, request, client_address):
        """A page that was closed is no error."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """The terminal is for the demo's own words."""

    def answer(self, status, content_type, body):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def answer_text(self, status, text):
        self.answer(status, "application/json",
                    json.dumps({"text": text}).encode())

    def do_GET(self):
        if self.path == "/stream":
            self.run_stream()
        elif self.path in FILES:
            name, content_type = FILES[self.path]
            with open(os.path.join(HERE, name), "rb") as f:
                self.answer(200, content_type, f.read())
        else:
            self.answer_text(404, "There is no such page.")

    def run_stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        page = self.server.stream.subscribe()
        try:
            while True:
                try:
                    text = page.get(timeout=KEEPALIVE)
                except queue.Empty:
                    text = ":\n\n"
                self.wfile.write(text.encode())
        except OSError:
            self.close_connection = True
        finally:
            self.server.stream.unsubscribe(page)

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= BODY_MAX:
            self.close_connection = True
            self.answer_text(413, "That is too long.")
            return
        body = self.rfile.read(length)
        if self.path.startswith(HOOK):
            self.take_push(self.path.removeprefix(HOOK), body)
        elif self.path in self.server.forms:
            self.run_form(body)
        else:
            self.answer_text(404, "There is no such form.")

    def take_push(self, device, body):
        """Created, as RFC 8030 5 wants it, with the name of a message
        resource that nobody asks for."""
        try:
            self.server.on_push(device, self.headers, body, time.time())
        except KeyError:
            self.answer_text(404, "There is no such phone.")
            return
        self.send_response(201)
        self.send_header("Location", self.path + "/message")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def run_form(self, body):
        # Only our own page can send this type without asking first.
        if self.headers.get_content_type() != "application/json":
            self.answer_text(415, "JSON is expected.")
            return
        try:
            fields = json.loads(body)
            text = self.server.forms[self.path](fields)
        except Refused as e:
            self.answer_text(422, str(e))
        except (ValueError, KeyError, AttributeError, TypeError):
            self.answer_text(400, "A field is missing or of the wrong kind.")
        else:
            self.answer_text(200, text)
