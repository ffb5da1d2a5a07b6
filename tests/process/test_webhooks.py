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
    connection once the event is set. Responds with 500 to the results of the tracks in `refused`."""

    def __init__(self, case, port=0, tls=None):
        self.posts, self.responses, self.refused, self.ended = queue.Queue(), [], set(), threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                response = receiver.responses.pop(0) if receiver.responses else 204
                if json.loads(body)["track"] in receiver.refused:
                    response = 500
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

    def test_refused_results_are_dead_lettered_and_redirects_are_not_followed(self):
        receiver, elsewhere = Receiver(self), Receiver(self)
        receiver.responses += [400, (307, {"Location": elsewhere.url})]
        site = self.simulated_site(lock={"url": receiver.url, "attempts": "1"})
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


class DeadLetterTest(WebhookTest):
    def hook(self, site, name="lock"):
        """Returns what `facebus webhooks list` prints about a webhook."""
        listed = site.facebus("webhooks", "list", name, "--json")
        self.assertEqual(0, listed.code, listed)
        hook, = json.loads(listed.out)
        return hook

    def run_command(self, site, *arguments):
        done = site.facebus("webhooks", *arguments)
        self.assertEqual(0, done.code, done)
        return done.out

    def test_result_that_is_refused_again_and_again_blocks_no_other_and_can_be_replayed(self):
        receiver, other = Receiver(self), Receiver(self)
        receiver.refused.add("t2")
        site = self.simulated_site(lock={"url": receiver.url, "attempts": "2"}, other={"url": other.url})
        alice = site.add_subject("Alice")
        ids = [result_id(site.result(track, alice)) for track in ("t1", "t2", "t3", "t4")]
        self.assertEqual(ids, other.ids(4))
        self.assertEqual([ids[0], ids[1], ids[1], ids[2], ids[3]], receiver.ids(5))
        while self.attempts(site, "delivered") < 3:
            site.next()
        self.assertEqual((1, 1), (self.attempts(site, "retried"), self.attempts(site, "dead_lettered")))
        letter, = self.hook(site)["letters"]
        self.assertEqual({"id": ids[1], "camera": "door", "decision": "known", "status": 500, "attempts": 2},
                         {key: value for key, value in letter.items() if key != "time"})
        self.assertEqual([], self.hook(site, "other")["letters"])
        for text in (ids[1], "status 500", "2 attempts", "dead letters  1", "back-off      none"):
            self.assertIn(text, self.run_command(site, "list", "lock"))

        site.kill("gateway")
        site.restart_gateway()
        gateway = site.services["gateway"]
        while metric(gateway.health, "facebus_webhook_dead_letters", webhook="lock") != 1:
            site.next()

        self.run_command(site, "replay", "lock")  # refused again, so the dead letter remains
        self.assertEqual(ids[1], receiver.next()[0])
        while self.attempts(site, "retried") < 1:
            site.next()
        self.assertEqual([letter], self.hook(site)["letters"])
        receiver.refused.clear()
        self.run_command(site, "replay", "lock")
        self.assertEqual(ids[1], receiver.next()[0])
        self.assertTrue(verify_as_documented(receiver.headers, receiver.body, SECRET))
        while metric(gateway.health, "facebus_webhook_dead_letters", webhook="lock") != 0:
            site.next()
        self.assertEqual([], self.hook(site)["letters"])
        self.assertTrue(receiver.posts.empty())
        self.assertTrue(other.posts.empty())

    def test_unavailable_receiver_gets_all_results_in_order_and_delays_no_other_webhook(self):
        receiver, other = Receiver(self), Receiver(self)
        receiver.responses += [502, (503, {"Retry-After": "2"}), 504]
        site = self.simulated_site(lock={"url": receiver.url, "attempts": "1"}, other={"url": other.url})
        alice = site.add_subject("Alice")
        ids = [result_id(site.result(f"t{number}", alice)) for number in range(4)]
        self.assertEqual(ids, other.ids(4))
        self.assertEqual(0, self.attempts(site, "delivered"))
        self.assertEqual(ids[:1] * 3 + ids, receiver.ids(7))
        while self.attempts(site, "delivered") < 4:
            site.next()
        self.assertEqual((3, 0), (self.attempts(site, "retried"), self.attempts(site, "dead_lettered")))
        hook = self.hook(site)
        self.assertEqual(([], 0), (hook["letters"], hook["retry_s"]))
        self.assertEqual("status 504", hook["error"])

    def test_back_off_continues_after_a_dead_letter_until_a_delivery_or_a_replay(self):
        receiver = Receiver(self)
        receiver.responses += [(500, {"Retry-After": "3600"})]
        site = self.simulated_site(lock={"url": receiver.url, "attempts": "1"})
        alice = site.add_subject("Alice")
        ids = [result_id(site.result(track, alice)) for track in ("t1", "t2")]
        self.assertEqual(ids[0], receiver.next()[0])
        gateway = site.services["gateway"]
        while metric(gateway.health, "facebus_webhook_backoff_seconds", webhook="lock") < 3000:
            site.next()
        hook = self.hook(site)
        self.assertEqual(1, hook["dead_letters"])
        self.assertGreater(hook["retry_s"], 3000)
        self.assertGreater(hook["lag_s"], 0)
        self.assertTrue(receiver.posts.empty())
        self.run_command(site, "replay")
        self.assertEqual(ids, receiver.ids(2))
        while metric(gateway.health, "facebus_webhook_backoff_seconds", webhook="lock") > 0:
            site.next()

    def test_restarted_gateway_continues_to_count_the_attempts(self):
        receiver = Receiver(self)
        receiver.responses += [(500, {"Retry-After": "3600"}), 500]
        site = self.simulated_site(lock={"url": receiver.url, "attempts": "2"})
        alice = site.add_subject("Alice")
        ids = [result_id(site.result(track, alice)) for track in ("t1", "t2")]
        self.assertEqual(ids[0], receiver.next()[0])
        while self.hook(site)["error"] is None:
            site.next()
        site.kill("gateway")
        site.restart_gateway()
        self.assertEqual(ids, receiver.ids(2))
        self.assertEqual([(ids[0], 2)], [(letter["id"], letter["attempts"]) for letter in self.hook(site)["letters"]])

    def test_dead_letters_can_be_cleared_and_those_of_removed_people_vanish(self):
        receiver = Receiver(self)
        receiver.refused |= {"t1", "t2"}
        site = self.simulated_site(lock={"url": receiver.url, "attempts": "1"})
        alice, bob = site.add_subject("Alice"), site.add_subject("Bob")
        ids = [result_id(site.result(track, person)) for track, person in (("t1", alice), ("t2", bob))]
        self.assertEqual(ids, receiver.ids(2))
        while self.attempts(site, "dead_lettered") < 2:
            site.next()
        site.expect_success(site.request("DELETE", "/api/v1/recognition/subjects/Alice"))
        hook = self.hook(site)
        self.assertEqual(ids[1:], [letter["id"] for letter in hook["letters"]])
        self.assertEqual(1, hook["dead_letters"])
        self.assertEqual("lock: removed 1 dead letter\n", self.run_command(site, "clear"))
        self.assertEqual([], self.hook(site)["letters"])
        receiver.refused.clear()
        self.run_command(site, "replay", "lock")
        last = result_id(site.result("t4", bob))
        self.assertEqual(last, receiver.next()[0])

    def test_commands_name_the_webhooks_if_there_is_no_such_one(self):
        site = self.simulated_site(lock={"url": Receiver(self).url})
        redis = ["redis-cli", "-s", site.folder / "redis", "EXISTS", "facebus:reader:webhook:lock"]
        while self.run_program(redis).out.strip() != "1":
            site.next()
        for command in ("list", "replay", "clear"):
            failed = site.facebus("webhooks", command, "gate")
            self.assertEqual(65, failed.code, failed)
            self.assertIn("there is no webhook gate; there are: lock", failed.err)


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


    def redis(self, site, *command):
        done = self.run_program(["redis-cli", "-s", site.folder / "redis", *command])
        self.assertEqual(0, done.code, done)
        return done.out.strip()

    def remove_and_ignore_without_erasure(self, site):
        """Removes Alice and ignores Bob. Their results stay in the history, because the state of the erasure is
        damaged."""
        self.redis(site, "HSET", "facebus:erasure:state", "id", "x", "phase", "damaged")
        before = self.redis(site, "XLEN", "facebus:results")
        for response in (site.request("DELETE", "/api/v1/recognition/subjects/Alice"),
                         site.request("PUT", "/api/v1/gallery/subjects/Bob", body={"ignored": True})):
            self.assertIn("erasure_pending", site.expect_success(response))
        self.assertEqual(before, self.redis(site, "XLEN", "facebus:results"))

    def test_does_not_deliver_results_of_removed_and_ignored_people_while_the_erasure_is_pending(self):
        receiver = Receiver(self)
        port = receiver.port
        receiver.close()
        site = self.simulated_site(lock={"url": receiver.url})
        people = [site.add_subject(name) for name in ("Alice", "Bob", "Carol")]
        site.result("t1", people[0])
        site.result("t2", people[1])
        while self.attempts(site, "retried") < 1:
            site.next()
        self.remove_and_ignore_without_erasure(site)
        result = site.result("t3", people[2])
        receiver = Receiver(self, port)
        self.assertEqual([result_id(result)], receiver.ids(1))

    def test_does_not_replay_results_of_removed_and_ignored_people_while_the_erasure_is_pending(self):
        receiver = Receiver(self)
        receiver.refused |= {"t1", "t2", "t3"}
        site = self.simulated_site(lock={"url": receiver.url, "attempts": "1"})
        people = [site.add_subject(name) for name in ("Alice", "Bob", "Carol")]
        ids = [result_id(site.result(f"t{number}", person)) for number, person in enumerate(people, 1)]
        self.assertEqual(ids, receiver.ids(3))
        while self.attempts(site, "dead_lettered") < 3:
            site.next()
        self.remove_and_ignore_without_erasure(site)
        receiver.refused.clear()
        self.assertEqual(0, site.facebus("webhooks", "replay", "lock").code)
        self.assertEqual(ids[2], receiver.next()[0])
        while metric(site.services["gateway"].health, "facebus_webhook_dead_letters", webhook="lock") != 0:
            site.next()
        self.assertTrue(receiver.posts.empty())


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
