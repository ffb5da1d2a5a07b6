"""Tests webhooks with a receiver that is a real HTTP server."""

import contextlib
import http.server
import json
import queue
import re
import ssl
import threading
import unittest

from gateway import need_gateway
from integrations import House, result_id, self_signed
from support import ROOT, ProcessTest, need_system, need_tool
from system import metric

SECRET = "a secret that is hard to guess"


class Receiver:
    """Records requests, and responds with the next of `answers`, else 204. An answer is a status, a status with
    headers, or a threading.Event: then it does not respond, and waits for the event."""

    def __init__(self, case, port=0, tls=None):
        self.posts, self.answers, self.ended = queue.Queue(), [], threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = receiver.answers.pop(0) if receiver.answers else 204
                receiver.posts.put((self.path, self.headers, body))
                if isinstance(answer, threading.Event):
                    answer.wait()
                    return
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            # Ignore failed handshakes: the tests check the client.
            self.server.handle_error = lambda *_: None
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        case.addCleanup(self.close)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook?from=facebus"

    def next(self):
        """Returns id and JSON body of the next request."""
        self.path, self.headers, self.body = self.posts.get()
        return self.headers["X-Facebus-Id"], json.loads(self.body)

    def ids(self, count):
        return [self.next()[0] for _ in range(count)]

    def close(self):
        if not self.ended.is_set():
            self.ended.set()
            self.server.shutdown()
            self.server.server_close()
            self.thread.join()


class WebhookTest(ProcessTest):
    limit = 90

    @classmethod
    def setUpClass(cls):
        need_system()
        need_gateway()
        need_tool("redis-cli")

    def house(self, **hooks):
        """Starts a gateway with webhooks, given as name -> options."""
        secret = self.folder / "hook-secret"
        secret.write_text(SECRET + "\n")
        self.hooks = {}
        for name, settings in hooks.items():
            for key, value in {"secret_file": secret, **settings}.items():
                self.hooks[f"FACEBUS_WEBHOOKS_{name.upper()}_{key.upper()}"] = value
        return House(self, **self.hooks)

    def attempts(self, house, outcome, hook="lock"):
        return metric(house.services["gateway"].health, "facebus_webhook_attempts_total", webhook=hook,
                      outcome=outcome)


class DeliveryTest(WebhookTest):
    def test_delivers_selected_results_in_order_and_signed(self):
        receiver = Receiver(self)
        house = self.house(lock={"url": receiver.url, "cameras": "door, gate"})
        alice = house.add_subject("Alice")
        first = house.result("t1", alice)
        house.result("t2")  # an unknown person
        house.result("t3", alice, camera="yard")
        second = house.result("t4", alice, camera="gate")
        id, event = receiver.next()
        self.assertEqual(result_id(first), id)
        self.assertEqual(("/hook?from=facebus", "application/json"),
                         (receiver.path, receiver.headers["Content-Type"]))
        self.assertEqual((id, "door", "known", *alice),
                         tuple(event[key] for key in ("id", "camera", "decision", "subject_id", "subject")))
        self.assertTrue(verify_as_documented(receiver.headers, receiver.body, SECRET))
        self.assertFalse(verify_as_documented(receiver.headers, receiver.body + b" ", SECRET))
        self.assertFalse(verify_as_documented(receiver.headers, receiver.body, "another secret"))
        self.assertEqual(result_id(second), receiver.next()[0])

    def test_retries_temporary_errors(self):
        receiver = Receiver(self)
        receiver.answers += [503, (429, {"Retry-After": "1"}), 200]
        house = self.house(lock={"url": receiver.url})
        alice = house.add_subject("Alice")
        results = [house.result("t1", alice), house.result("t2", alice)]
        ids = receiver.ids(4)
        self.assertEqual([result_id(results[0])] * 3 + [result_id(results[1])], ids)
        while self.attempts(house, "delivered") < 2:
            house.next()
        self.assertEqual(2, self.attempts(house, "retried"))

    def test_dead_letters_after_permanent_errors_and_follows_no_redirects(self):
        receiver, elsewhere = Receiver(self), Receiver(self)
        receiver.answers += [400, (307, {"Location": elsewhere.url})]
        house = self.house(lock={"url": receiver.url})
        alice = house.add_subject("Alice")
        results = [house.result(track, alice) for track in ("t1", "t2", "t3")]
        self.assertEqual([result_id(result) for result in results], receiver.ids(3))
        while self.attempts(house, "delivered") < 1:
            house.next()
        self.assertEqual(2, self.attempts(house, "dead_lettered"))
        self.assertTrue(elsewhere.posts.empty())
        log = "".join(house.services["gateway"].lines())
        self.assertIn(f"result={result_id(results[0])}", log)
        self.assertNotIn("Alice", log)
        self.assertNotIn(receiver.url, log)

    def test_hanging_receiver_delays_no_other(self):
        slow, quick = Receiver(self), Receiver(self)
        hang = threading.Event()
        self.addCleanup(hang.set)
        slow.answers += [hang] * 100
        house = self.house(slow={"url": slow.url, "timeout": "60"}, lock={"url": quick.url})
        alice = house.add_subject("Alice")
        results = [house.result(f"t{number}", alice) for number in range(5)]
        slow.next()
        self.assertEqual([result_id(result) for result in results], quick.ids(5))
        # Nor does it delay the shutdown of the gateway.
        house.stop("gateway")

    def test_retries_after_the_timeout(self):
        receiver = Receiver(self)
        hang = threading.Event()
        self.addCleanup(hang.set)
        receiver.answers += [hang]
        house = self.house(lock={"url": receiver.url, "timeout": "0.5"})
        result = house.result("t1", house.add_subject("Alice"))
        self.assertEqual([result_id(result)] * 2, receiver.ids(2))


class RestartTest(WebhookTest):
    def test_loses_nothing_if_the_receiver_is_down_and_the_gateway_is_killed(self):
        receiver = Receiver(self)
        house = self.house(lock={"url": receiver.url})
        alice = house.add_subject("Alice")
        results = [house.result("t0", alice)]
        got = receiver.ids(1)
        while self.attempts(house, "delivered") < 1:
            house.next()
        receiver.close()
        results += [house.result(f"t{number}", alice) for number in range(1, 4)]
        while self.attempts(house, "retried") < 1:
            house.next()
        house.kill("gateway")
        results += [house.result(f"t{number}", alice) for number in range(4, 7)]
        receiver = Receiver(self, receiver.port)
        house.restart_gateway()
        got += receiver.ids(6)
        self.assertEqual([result_id(result) for result in results], got)

    def test_repetition_after_a_kill_has_the_same_id_and_body(self):
        receiver = Receiver(self)
        hang = threading.Event()
        self.addCleanup(hang.set)
        receiver.answers += [hang]
        house = self.house(lock={"url": receiver.url, "timeout": "60"})
        result = house.result("t1", house.add_subject("Alice"))
        first, body = receiver.next()
        house.kill("gateway")  # before it receives a response
        house.restart_gateway()
        self.assertEqual((first, body), receiver.next())
        self.assertEqual(result_id(result), first)

    def test_new_webhook_skips_earlier_results(self):
        receiver = Receiver(self)
        house = self.house()
        alice = house.add_subject("Alice")
        house.result("t1", alice)
        while house.facebus("watch", "--since", "1h", "--json", "--count", "1").code != 0:
            house.next()
        house.stop("gateway")
        secret = self.folder / "hook-secret"
        house.restart_gateway(FACEBUS_WEBHOOKS_LOCK_URL=receiver.url,
                              FACEBUS_WEBHOOKS_LOCK_SECRET_FILE=secret)
        redis = ["redis-cli", "-s", house.folder / "redis", "GET", "facebus:reader:webhook:lock"]
        while not self.run_program(redis).out.strip():
            house.next()
        result = house.result("t2", alice)
        self.assertEqual([result_id(result)], receiver.ids(1))

    def test_does_not_deliver_results_of_removed_people(self):
        receiver = Receiver(self)
        port = receiver.port
        receiver.close()
        house = self.house(lock={"url": receiver.url})
        alice, bob = house.add_subject("Alice"), house.add_subject("Bob")
        house.result("t1", alice)
        while self.attempts(house, "retried") < 1:
            house.next()
        house.good(house.ask("DELETE", "/api/v1/recognition/subjects/Alice"))
        result = house.result("t2", bob)
        receiver = Receiver(self, port)
        self.assertEqual([result_id(result)], receiver.ids(1))


class TlsTest(WebhookTest):
    def test_requires_a_valid_certificate(self):
        key, certificate = self_signed(self, "DNS:localhost")
        receiver = Receiver(self, tls=(certificate, key))
        url = f"https://localhost:{receiver.port}/hook"
        house = self.house(good={"url": url, "ca_file": certificate}, lock={"url": url})
        result = house.result("t1", house.add_subject("Alice"))
        self.assertEqual([result_id(result)], receiver.ids(1))
        while self.attempts(house, "retried") < 1:
            house.next()
        self.assertTrue(receiver.posts.empty())
        self.assertEqual(0, self.attempts(house, "delivered"))


class SettingTest(WebhookTest):
    def test_rejects_invalid_options(self):
        good = {"url": "http://127.0.0.1:1/"}
        for key, value in (("url", "ftp://x/"), ("secret_file", ""), ("secret_file", "/nonexistent"),
                           ("decisions", "sometimes"), ("cameras", "a/b"), ("ca_file", "/nonexistent")):
            with self.subTest(f"{key}: {value}"), contextlib.ExitStack() as stack:
                refused = stack.enter_context(self.assertRaises(AssertionError))
                self.house(lock={**good, key: value})
            self.assertRegex(str(refused.exception), f"gateway exited with 78: .*{key}")


def verify_as_documented(headers, body, secret):
    """Runs the check that docs/mqtt-and-webhooks.md shows to receivers."""
    text = (ROOT / "docs/mqtt-and-webhooks.md").read_text()
    code = next(block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "hmac" in block)
    names = {}
    exec(code, names)
    return names["is_from_facebus"](headers, body, secret.encode())


if __name__ == "__main__":
    unittest.main()
