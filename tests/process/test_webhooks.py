"""Tests that the gateway delivers results to webhooks, with an HTTP server as the receiver."""

import contextlib
import http.server
import json
import queue
import re
import ssl
import threading
import time
import unittest

from gateway import need_gateway
from integrations import SimulatedSite, result_id, self_signed
from support import ROOT, ProcessTest, need_system, need_tool
from system import metric

SECRET = "a secret that is hard to guess"


class Receiver:
    """HTTP server that records requests. It responds with the next entry of `responses`, or with 204 if there is none.
    An entry is a status, or (status, headers), or a threading.Event: then the server sends no response, and closes the
    connection once the event is set."""

    def __init__(self, case, port=0, tls=None):
        self.posts, self.responses, self.ended = queue.Queue(), [], threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                response = receiver.responses.pop(0) if receiver.responses else 204
                receiver.posts.put((self.path, self.headers, body))
                if isinstance(response, threading.Event):
                    response.wait()
                    return
                status, headers = response if isinstance(response, tuple) else (response, {})
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
            # Print no errors: the tests cause failed handshakes on purpose.
            self.server.handle_error = lambda *_: None
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        case.addCleanup(self.close)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook?from=facebus"

    def next(self):
        """Waits for a request. Returns the result's id and the decoded body. Also sets `path`, `headers` and `body`."""
        self.path, self.headers, self.body = self.posts.get()
        return self.headers["X-Facebus-Id"], json.loads(self.body)

    def ids(self, count):
        """Waits for `count` requests. Returns their ids."""
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

    def simulated_site(self, **hooks):
        """Returns a site with webhooks. `hooks` maps names of webhooks to their options."""
        secret = self.folder / "hook-secret"
        secret.write_text(SECRET + "\n")
        self.hooks = {}
        for name, settings in hooks.items():
            for key, value in {"secret_file": secret, **settings}.items():
                self.hooks[f"FACEBUS_WEBHOOKS_{name.upper()}_{key.upper()}"] = value
        return SimulatedSite(self, **self.hooks)

    def attempts(self, site, outcome, hook="lock"):
        """Returns the number of delivery attempts with this outcome."""
        return metric(site.services["gateway"].health, "facebus_webhook_attempts_total", webhook=hook,
                      outcome=outcome)


class DeliveryTest(WebhookTest):
    def test_delivers_matching_results_in_order_with_a_valid_signature(self):
        receiver = Receiver(self)
        site = self.simulated_site(lock={"url": receiver.url, "cameras": "door, gate"})
        alice = site.add_subject("Alice")
        first = site.result("t1", alice)
        site.result("t2")  # an unknown person
        site.result("t3", alice, camera="yard")
        second = site.result("t4", alice, camera="gate")
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

    def test_retries_after_temporary_errors(self):
        receiver = Receiver(self)
        receiver.responses += [503, (429, {"Retry-After": "1"}), 200]
        site = self.simulated_site(lock={"url": receiver.url})
        alice = site.add_subject("Alice")
        results = [site.result("t1", alice), site.result("t2", alice)]
        ids = receiver.ids(4)
        self.assertEqual([result_id(results[0])] * 3 + [result_id(results[1])], ids)
        while self.attempts(site, "delivered") < 2:
            site.next()
        self.assertEqual(2, self.attempts(site, "retried"))

    def test_results_with_permanent_errors_are_dead_lettered_and_redirects_are_not_followed(self):
        receiver, elsewhere = Receiver(self), Receiver(self)
        receiver.responses += [400, (307, {"Location": elsewhere.url})]
        site = self.simulated_site(lock={"url": receiver.url})
        alice = site.add_subject("Alice")
        results = [site.result(track, alice) for track in ("t1", "t2", "t3")]
        self.assertEqual([result_id(result) for result in results], receiver.ids(3))
        while self.attempts(site, "delivered") < 1:
            site.next()
        self.assertEqual(2, self.attempts(site, "dead_lettered"))
        self.assertTrue(elsewhere.posts.empty())
        log = "".join(site.services["gateway"].lines())
        self.assertIn(f"result={result_id(results[0])}", log)
        self.assertNotIn("Alice", log)
        self.assertNotIn(receiver.url, log)

    def test_hanging_receiver_delays_neither_other_webhooks_nor_the_shutdown(self):
        slow, quick = Receiver(self), Receiver(self)
        hang = threading.Event()
        self.addCleanup(hang.set)
        slow.responses += [hang] * 100
        site = self.simulated_site(slow={"url": slow.url, "timeout": "300"}, lock={"url": quick.url})
        alice = site.add_subject("Alice")
        results = [site.result(f"t{number}", alice) for number in range(5)]
        slow.next()
        self.assertEqual([result_id(result) for result in results], quick.ids(5))
        self.assertEqual(0, self.attempts(site, "retried", "slow"))
        site.stop("gateway")

    def test_retries_after_the_timeout(self):
        receiver = Receiver(self)
        hang = threading.Event()
        self.addCleanup(hang.set)
        receiver.responses += [hang]
        site = self.simulated_site(lock={"url": receiver.url, "timeout": "0.5"})
        result = site.result("t1", site.add_subject("Alice"))
        first = receiver.ids(1)
        start = time.monotonic()
        self.assertEqual([result_id(result)] * 2, first + receiver.ids(1))
        self.assertLess(time.monotonic() - start, 10, "the default timeout of 10 s was used")


class RestartTest(WebhookTest):
    def test_loses_no_result_if_the_receiver_is_down_and_the_gateway_is_killed(self):
        receiver = Receiver(self)
        site = self.simulated_site(lock={"url": receiver.url})
        alice = site.add_subject("Alice")
        results = [site.result("t0", alice)]
        got = receiver.ids(1)
        while self.attempts(site, "delivered") < 1:
            site.next()
        receiver.close()
        results += [site.result(f"t{number}", alice) for number in range(1, 4)]
        while self.attempts(site, "retried") < 1:
            site.next()
        site.kill("gateway")
        results += [site.result(f"t{number}", alice) for number in range(4, 7)]
        receiver = Receiver(self, receiver.port)
        site.restart_gateway()
        got += receiver.ids(6)
        self.assertEqual([result_id(result) for result in results], got)

    def test_result_without_a_response_is_repeated_unchanged_after_a_crash(self):
        receiver = Receiver(self)
        hang = threading.Event()
        self.addCleanup(hang.set)
        receiver.responses += [hang]
        site = self.simulated_site(lock={"url": receiver.url, "timeout": "60"})
        result = site.result("t1", site.add_subject("Alice"))
        first, body = receiver.next()
        site.kill("gateway")  # before it has received a response
        site.restart_gateway()
        self.assertEqual((first, body), receiver.next())
        self.assertEqual(result_id(result), first)

    def test_new_webhook_does_not_receive_earlier_results(self):
        receiver = Receiver(self)
        site = self.simulated_site()
        alice = site.add_subject("Alice")
        site.result("t1", alice)
        while site.facebus("watch", "--since", "1h", "--json", "--count", "1").code != 0:
            site.next()
        site.stop("gateway")
        secret = self.folder / "hook-secret"
        site.restart_gateway(FACEBUS_WEBHOOKS_LOCK_URL=receiver.url, FACEBUS_WEBHOOKS_LOCK_SECRET_FILE=secret)
        redis = ["redis-cli", "-s", site.folder / "redis", "GET", "facebus:reader:webhook:lock"]
        while not self.run_program(redis).out.strip():
            site.next()
        result = site.result("t2", alice)
        self.assertEqual([result_id(result)], receiver.ids(1))

    def test_does_not_deliver_results_of_removed_people(self):
        receiver = Receiver(self)
        port = receiver.port
        receiver.close()
        site = self.simulated_site(lock={"url": receiver.url})
        alice, bob = site.add_subject("Alice"), site.add_subject("Bob")
        site.result("t1", alice)
        while self.attempts(site, "retried") < 1:
            site.next()
        site.expect_success(site.request("DELETE", "/api/v1/recognition/subjects/Alice"))
        result = site.result("t2", bob)
        receiver = Receiver(self, port)
        self.assertEqual([result_id(result)], receiver.ids(1))


class TlsTest(WebhookTest):
    def test_requires_a_trusted_certificate(self):
        key, certificate = self_signed(self, "DNS:localhost")
        receiver = Receiver(self, tls=(certificate, key))
        url = f"https://localhost:{receiver.port}/hook"
        # `lock` does not trust the self-signed certificate.
        site = self.simulated_site(trusting={"url": url, "ca_file": certificate}, lock={"url": url})
        result = site.result("t1", site.add_subject("Alice"))
        self.assertEqual([result_id(result)], receiver.ids(1))
        while self.attempts(site, "retried") < 1:
            site.next()
        self.assertTrue(receiver.posts.empty())
        self.assertEqual(0, self.attempts(site, "delivered"))


class SettingTest(WebhookTest):
    def test_rejects_invalid_options(self):
        valid = {"url": "http://127.0.0.1:1/"}
        for key, value in (("url", "ftp://x/"), ("secret_file", ""), ("secret_file", "/nonexistent"),
                           ("decisions", "sometimes"), ("cameras", "a/b"), ("ca_file", "/nonexistent")):
            with self.subTest(f"{key}: {value}"), contextlib.ExitStack() as stack:
                failure = stack.enter_context(self.assertRaises(AssertionError))
                self.simulated_site(lock={**valid, key: value})
            self.assertRegex(str(failure.exception), f"gateway exited with 78: .*{key}")


def verify_as_documented(headers, body, secret):
    """Verifies a signature with the Python code in docs/mqtt-and-webhooks.md. Returns whether it is valid."""
    text = (ROOT / "docs/mqtt-and-webhooks.md").read_text()
    code = next(block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "hmac" in block)
    namespace = {}
    exec(code, namespace)
    return namespace["is_from_facebus"](headers, body, secret.encode())


if __name__ == "__main__":
    unittest.main()
