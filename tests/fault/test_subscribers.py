"""Subscribers that are slow, never read or connect late, and hundreds of edges."""

import itertools
import json
import signal
import unittest

from fault_system import SimulatedPeers, metric, zmq
from peers import CROP, Edge, Worker
from support import program, resident_bytes
from system import Message


def result_id(message):
    """Returns (run, number), which identifies a result."""
    return message["run"], message["result"]


def await_result(system, number):
    """Blocks until `system.subscriber` has received the result with this number."""
    if not any(m.kind == "identity" and m["result"] == number for m in system.messages):
        system.until(lambda m: m.kind == "identity" and m["result"] == number)


class SubscriberTest(SimulatedPeers):
    QUEUE = 50
    ROUNDS = 100
    PROBES = 40  # per round

    def flood(self, system, after_poll=lambda: None):
        """Publishes 300 MB of results with crops, in 100 rounds. Returns the growth of the broker's memory after the
        first 11 rounds, in bytes."""
        edge = Edge(system.context, system.ipc("probes"), "door")
        before = 0
        for number in range(self.ROUNDS):
            edge.send(self.PROBES)
            self.complete_all(system, [edge], after_poll)
            if number == self.ROUNDS // 10:
                before = resident_bytes(system.services["broker"].process.pid)
        return resident_bytes(system.services["broker"].process.pid) - before

    def subscribe(self, system):
        """Returns a subscriber that queues at most one message."""
        subscriber = system.context.socket(zmq.SUB)
        subscriber.linger = 0
        subscriber.set_hwm(1)
        subscriber.connect(system.results)
        subscriber.subscribe("")
        return subscriber

    def check(self, system, growth, fault):
        """Checks that `system.subscriber` got every result, and that the broker's memory grew by less than two full
        queues of results plus 16 MB."""
        await_result(system, self.ROUNDS * self.PROBES)
        numbers = [m["result"] for m in system.messages if m.kind == "identity"]
        self.assertEqual(list(range(1, self.ROUNDS * self.PROBES + 1)), numbers)
        limit = 2 * self.QUEUE * len(CROP) + 16_000_000
        self.assertLess(growth, limit, f"the broker's memory grew by {growth} bytes")
        self.check_counts(fault, self.ROUNDS * self.PROBES, len(numbers))

    def test_a_subscriber_that_never_reads_neither_fills_the_memory_of_the_broker_nor_affects_others(self):
        system = self.start_broker(FACEBUS_BROKER_RESULT_QUEUE=str(self.QUEUE))
        self.subscribe(system)
        self.check(system, self.flood(system), "subscriber that never reads")

    def test_a_slow_subscriber_can_detect_missed_results_by_gaps_in_the_numbers(self):
        system = self.start_broker(FACEBUS_BROKER_RESULT_QUEUE=str(self.QUEUE))
        slow = self.subscribe(system)
        numbers = []
        calls = itertools.count()

        def read_sometimes():
            """Reads at most one message, and only in every eighth call."""
            if next(calls) % 8 == 0 and slow.poll(0):
                message = Message(slow.recv_multipart())
                if message.kind == "identity":
                    numbers.append(message["result"])

        growth = self.flood(system, read_sometimes)
        self.check(system, growth, "slow subscriber")
        self.assertGreater(len(numbers), 1)
        self.assertEqual(sorted(set(numbers)), numbers)
        self.assertGreater(numbers[-1] - numbers[0] + 1, len(numbers), "the subscriber was not slow")


class EdgeTest(SimulatedPeers):
    EDGES = 400

    def test_hundreds_of_edges_reconnect_to_a_restarted_broker_and_lose_no_probe(self):
        system = self.start_broker()
        edges = [Edge(system.context, system.ipc("probes"), f"e{i}") for i in range(self.EDGES)]
        for edge in edges:
            edge.send()
        self.complete_all(system, edges)
        system.kill("broker")
        for edge in edges:
            edge.send(2)
        self.worker.socket.close()
        system.messages.clear()
        system.start("broker")
        self.worker = Worker(system.context, system.ipc("workers"))
        for edge in edges:
            edge.resend()  # as track does with unacknowledged probes
        self.complete_all(system, edges)
        # The new broker counts each probe once, even if it was sent several times.
        completed = int(metric(system.services["broker"].health, "facebus_probes_completed_total"))
        self.check_counts(f"{self.EDGES} edges, broker killed and restarted", 2 * self.EDGES, completed)


class CatchUpTest(SimulatedPeers):
    def watch(self, system, count):
        """Starts `facebus watch`, which exits after `count` results. Returns its process and the file of its output."""
        log = (self.folder / "watch.log").open("wb")
        self.addCleanup(log.close)
        out = self.folder / "watch.json"
        process = self.spawn([program("facebus"), "watch", "--json", "--since", "1h", "--count", str(count)],
                             system.environment, out.open("wb"), log)
        return process, out

    def result_ids(self, out):
        return [result_id(json.loads(line)) for line in out.read_text().splitlines()]

    def test_a_late_subscriber_gets_earlier_results(self):
        system = self.start_broker()
        edge = Edge(system.context, system.ipc("probes"), "door")
        edge.send(30)
        self.complete_all(system, [edge])
        watch, out = self.watch(system, 40)
        edge.send(10)
        self.complete_all(system, [edge])
        self.assertEqual(0, watch.wait())
        await_result(system, 40)
        published = [result_id(m) for m in system.messages if m.kind == "identity"]
        self.assertEqual(published, sorted(self.result_ids(out), key=lambda id: id[1]))

    def test_a_subscriber_gets_results_that_were_published_while_it_was_disconnected(self):
        system = self.start_broker()
        edge = Edge(system.context, system.ipc("probes"), "door")
        edge.send(5)
        self.complete_all(system, [edge])
        watch, out = self.watch(system, 45)
        while out.stat().st_size == 0:
            system.poll()
        watch.send_signal(signal.SIGSTOP)  # so that it reconnects only after the results are published
        system.kill("broker")
        self.worker.socket.close()
        edge.send(40)
        system.start("broker")
        self.worker = Worker(system.context, system.ipc("workers"))
        edge.resend()
        self.complete_all(system, [edge])
        watch.send_signal(signal.SIGCONT)
        while watch.poll() is None:
            system.poll()
        self.assertEqual(0, watch.returncode)
        ids = self.result_ids(out)
        self.assertEqual(45, len(set(ids)))
        self.assertEqual(len(ids), len(set(ids)), "a result was printed twice")


if __name__ == "__main__":
    unittest.main()
