"""A TCP port in front of a server, which can be cut after so many bytes."""

import contextlib
import socket
import threading


class Wire:
    """Forwards connections to a port on loopback; `cut` ends them all and refuses new ones."""

    def __init__(self, server_port):
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets = []
        self._lock = threading.Lock()
        self.is_cut = False
        self.sent = self.received = 0
        self.cut_after = None
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        with self._lock:
            self.is_cut = True
            for each in self._sockets:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
            self._sockets.clear()

    def mend(self):
        self.is_cut, self.cut_after = False, None

    def cut_when_received(self, n_bytes):
        """Cut as soon as so many more bytes came from the server."""
        self.cut_after = self.received + n_bytes

    def close(self):
        self.cut()
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.is_cut:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._sockets += [client, server]
            threading.Thread(target=self._forward, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._forward, args=(server, client, False), daemon=True).start()

    def _forward(self, source, target, is_upload):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_upload:
                    self.sent += len(data)
                else:
                    self.received += len(data)
                    if self.cut_after is not None and self.received > self.cut_after:
                        self.cut()
                        return
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
