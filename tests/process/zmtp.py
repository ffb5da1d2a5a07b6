"""A peer that speaks ZeroMQ's protocol (ZMTP 3.0, RFC 23) over a plain TCP connection, so that a test can send what
libzmq never sends: a message without an end. Encrypts with CURVE (RFC 26) if it has keys."""

import ctypes
import os
import socket
import struct

MORE, LONG, COMMAND = 1, 2, 4  # flags of a frame


def z85_decode(text):
    """Decodes a key in Z85 (ZeroMQ RFC 32) and returns its bytes."""
    alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    data = b""
    for i in range(0, len(text), 5):
        value = 0
        for character in text[i:i + 5]:
            value = value * 85 + alphabet.index(character)
        data += struct.pack(">I", value)
    return data


class Sodium:
    """The functions of libsodium that CURVE uses."""

    library = None

    @classmethod
    def call(cls, name, size, *arguments):
        """Calls a function of libsodium that writes `size` bytes, and returns them."""
        if cls.library is None:
            cls.library = ctypes.CDLL("libsodium.so.23")
        out = ctypes.create_string_buffer(size)
        if getattr(cls.library, name)(out, *arguments) != 0:
            raise ValueError(f"{name} failed")
        return out.raw

    @classmethod
    def key_pair(cls):
        """Returns a new key pair: (public, secret)."""
        secret = os.urandom(32)
        return cls.call("crypto_scalarmult_base", 32, secret), secret

    @classmethod
    def box(cls, plain, nonce, public, secret):
        return cls.call("crypto_box_easy", len(plain) + 16, plain, ctypes.c_ulonglong(len(plain)), nonce, public,
                        secret)

    @classmethod
    def open(cls, sealed, nonce, public, secret):
        return cls.call("crypto_box_open_easy", len(sealed) - 16, sealed, ctypes.c_ulonglong(len(sealed)), nonce,
                        public, secret)


def frame(flags, body):
    """Returns a frame as it is sent."""
    if len(body) > 255:
        return struct.pack(">BQ", flags | LONG, len(body)) + body
    return struct.pack(">BB", flags, len(body)) + body


def metadata(kind):
    """Returns the properties of a socket, for example of the kind DEALER."""
    return b"\x0bSocket-Type" + struct.pack(">I", len(kind)) + kind + b"\x08Identity" + struct.pack(">I", 0)


class RawPeer:
    """Connection to an endpoint tcp://ADDRESS:PORT. `keys` are the contents of the peer's .key and .pub files and of
    the broker's .pub file; without them the connection is not encrypted."""

    def __init__(self, endpoint, kind, keys=None):
        host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        mechanism = b"CURVE" if keys else b"NULL"
        self.socket.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00" + mechanism.ljust(20, b"\0") + bytes(32))
        self.receive(64)
        self.shared = None  # key shared with the broker, if the connection is encrypted
        if keys:
            self.shake_hands(kind, keys)
        else:
            self.socket.sendall(frame(COMMAND, b"\x05READY" + metadata(kind)))
            self.receive_command(b"READY")

    def shake_hands(self, kind, keys):
        """Performs the handshake of CURVE."""
        own_secret, own_public, server = (z85_decode(text.split()[1]) for text in keys)
        public, secret = Sodium.key_pair()  # of this connection

        def nonce(prefix):
            return prefix + struct.pack(">Q", self.count())

        self.number = 0
        hello = nonce(b"CurveZMQHELLO---")
        self.socket.sendall(frame(COMMAND, b"\x05HELLO\x01\x00" + bytes(72) + public + hello[16:] +
                                  Sodium.box(bytes(64), hello, server, secret)))
        welcome = self.receive_command(b"WELCOME")
        opened = Sodium.open(welcome[16:], b"WELCOME-" + welcome[:16], server, secret)
        server_public, cookie = opened[:32], opened[32:]
        vouch = os.urandom(16)
        initiate = nonce(b"CurveZMQINITIATE")
        plain = own_public + vouch + Sodium.box(public + server, b"VOUCH---" + vouch, server_public, own_secret) + \
            metadata(kind)
        self.socket.sendall(frame(COMMAND, b"\x08INITIATE" + cookie + initiate[16:] +
                                  Sodium.box(plain, initiate, server_public, secret)))
        self.receive_command(b"READY")
        self.shared = Sodium.call("crypto_box_beforenm", 32, server_public, secret)

    def count(self):
        self.number += 1
        return self.number

    def encode(self, body, more):
        """Returns one part of a message as it is sent."""
        if self.shared is None:
            return frame(MORE if more else 0, body)
        nonce = b"CurveZMQMESSAGEC" + struct.pack(">Q", self.count())
        plain = bytes([MORE if more else 0]) + body
        sealed = Sodium.call("crypto_box_easy_afternm", len(plain) + 16, plain, ctypes.c_ulonglong(len(plain)),
                             nonce, self.shared)
        return frame(0, b"\x07MESSAGE" + nonce[16:] + sealed)

    def send(self, *parts):
        """Sends one complete message."""
        self.socket.sendall(b"".join(self.encode(part, i + 1 < len(parts)) for i, part in enumerate(parts)))

    def send_endlessly(self, part, limit, after_batch=lambda: None):
        """Sends a message without an end: repeats the part until the broker closes the connection or `limit` bytes are
        sent. Calls `after_batch` after about every 100 kB. Returns the number of bytes that were sent."""
        sent = 0
        batch = max(1, 100_000 // (len(part) + 40))
        plain = self.encode(part, True) * batch if self.shared is None else None
        try:
            while sent < limit:
                data = plain or b"".join(self.encode(part, True) for _ in range(batch))
                self.socket.sendall(data)
                sent += len(data)
                after_batch()
        except OSError:
            pass
        return sent

    def receive(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionResetError("the broker closed the connection")
            data += more
        return data

    def receive_command(self, name):
        """Receives a command with this name and returns its contents."""
        flags, size = self.receive(2)
        body = self.receive(size)
        if flags != COMMAND or body[1:1 + body[0]] != name:
            raise ValueError(f"expected {name}, got {body[:20]}")
        return body[1 + len(name):]

    def close(self):
        self.socket.close()
