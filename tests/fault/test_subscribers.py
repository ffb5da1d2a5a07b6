"""Subscribers that are slow, stuck or late, and hundreds of edges."""

import itertools
import json
import signal
import unittest

from fault_system import FaultSystem, FaultTest, metric, zmq
from peers import CROP, Edge, Worker
from support import program, resident_bytes
from system import Message


def key(message):
    return message["run"], message["result"]


def await_result(system, number):
    if not any(m.kind == "identity" and m["result"] == number for m in system.messages):
        system.until(lambda m: m.kind == "identity" and m["result"] == number)


class SimulatedPeers(FaultTest):
    """Runs a real broker with simulated edges and a simulated worker."""

    def broker(self, **environment):
        system = FaultSystem(self, **environment)
        system.start_redis()
        system.start("broker")
        system.until(lambda m: m.kind == "status")
        self.worker = Worker(system.context, system.ipc("workers"))
        return system

    def exchange(self, system, edges, also=lambda: None):
        """Works until every probe is acknowledged. Calls `also` after each round."""
        poller = zmq.Poller()
        for socket in (system.subscriber, self.worker.socket, *(edge.socket for edge in edges)):
            poller.register(socket, zmq.POLLIN)
        while any(edge.waiting for edge in edges):
            ready = dict(poller.poll())
            if self.worker.socket in ready:
                self.worker.work()
            for edge in edges:
                if edge.socket in ready:
                    edge.receive()
            while system.subscriber in ready and system.subscriber.poll(0):
                system.next()
            also()


class SubscriberTest(SimulatedPeers):
    QUEUE = 50
    ROUNDS = 100
    EACH = 40  # probes per round

    def flood(self, system, also=lambda: None):
        """Publishes 300 MB of results with crops. Returns the growth of the broker's memory over the last 90 %."""
        edge = Edge(system.context, system.ipc("probes"), "door")
        held = 0
        for number in range(self.ROUNDS):
            edge.send(self.EACH)
            self.exchange(system, [edge], also)
            if number == self.ROUNDS // 10:
                held = resident_bytes(system.services["broker"].process.pid)
        return resident_bytes(system.services["broker"].process.pid) - held

    def subscribe(self, system):
        subscriber = system.context.socket(zmq.SUB)
        subscriber.linger = 0
        subscriber.set_hwm(1)
        subscriber.connect(system.results)
        subscriber.subscribe("")
        return subscriber

    def check(self, system, grown, fault):
        await_result(system, self.ROUNDS * self.EACH)
        numbers = [m["result"] for m in system.messages if m.kind == "identity"]
        self.assertEqual(list(range(1, self.ROUNDS * self.EACH + 1)), numbers)
        limit = 2 * self.QUEUE * len(CROP) + 16_000_000
        self.assertLess(grown, limit, f"the broker grew by {grown} bytes")
        self.check_counts(fault, self.ROUNDS * self.EACH, len(numbers))

    def test_a_subscriber_that_never_reads_needs_bounded_memory_and_affects_no_other(self):
        system = self.broker(FACEBUS_BROKER_RESULT_QUEUE=str(self.QUEUE))
        self.subscribe(system)
        self.check(system, self.flood(system), "subscriber that never reads")

    def test_a_slow_subscriber_can_detect_gaps_by_the_result_numbers(self):
        system = self.broker(FACEBUS_BROKER_RESULT_QUEUE=str(self.QUEUE))
        slow = self.subscribe(system)
        numbers = []
        turns = itertools.count()

        def read_one():
            """Reads one message in every eighth round."""
            if next(turns) % 8 == 0 and slow.poll(0):
                message = Message(slow.recv_multipart())
                if message.kind == "identity":
                    numbers.append(message["result"])

        grown = self.flood(system, read_one)
        self.check(system, grown, "subscriber that is slow")
        self.assertGreater(len(numbers), 1)
        self.assertEqual(sorted(set(numbers)), numbers)
        self.assertGreater(numbers[-1] - numbers[0] + 1, len(numbers), "the subscriber was not slow")


class EdgeTest(SimulatedPeers):
    EDGES = 400

    def test_hundreds_of_edges_reconnect_to_a_new_broker_and_lose_nothing(self):
        system = self.broker()
        edges = [Edge(system.context, system.ipc("probes"), f"e{i}") for i in range(self.EDGES)]
        for edge in edges:
            edge.send()
        self.exchange(system, edges)
        system.kill("broker")
        for edge in edges:
            edge.send(2)
        self.worker.socket.close()
        system.messages.clear()
        system.start("broker")
        self.worker = Worker(system.context, system.ipc("workers"))
        for edge in edges:
            edge.send_again()  # as track does with unacknowledged probes
        self.exchange(system, edges)
        # Each probe is counted once, even if sent several times.
        completed = int(metric(system.services["broker"].health, "facebus_probes_completed_total"))
        self.check_counts(f"{self.EDGES} edges, broker killed and started", 2 * self.EDGES, completed)


class CatchUpTest(SimulatedPeers):
    def watch(self, system, count):
        log = (self.folder / "watch.log").open("wb")
        self.addCleanup(log.close)
        out = self.folder / "watch.json"
        process = self.spawn([program("facebus"), "watch", "--json", "--since", "1h", "--count", str(count)],
                             system.environment, out.open("wb"), log)
        return process, out

    def seen(self, out):
        return [key(json.loads(line)) for line in out.read_text().splitlines()]

    def test_a_late_subscriber_gets_earlier_results(self):
        system = self.broker()
        edge = Edge(system.context, system.ipc("probes"), "door")
        edge.send(30)
        self.exchange(system, [edge])
        watch, out = self.watch(system, 40)
        edge.send(10)
        self.exchange(system, [edge])
        self.assertEqual(0, watch.wait())
        await_result(system, 40)
        published = [key(m) for m in system.messages if m.kind == "identity"]
        self.assertEqual(published, sorted(self.seen(out), key=lambda k: k[1]))

    def test_a_subscriber_gets_results_published_before_it_reconnected(self):
        system = self.broker()
        edge = Edge(system.context, system.ipc("probes"), "door")
        edge.send(5)
        self.exchange(system, [edge])
        watch, out = self.watch(system, 45)
        while out.stat().st_size == 0:
            system.poll()
        watch.send_signal(signal.SIGSTOP)  # so that it reconnects too late
        system.kill("broker")
        self.worker.socket.close()
        edge.send(40)
        system.start("broker")
        self.worker = Worker(system.context, system.ipc("workers"))
        edge.send_again()
        self.exchange(system, [edge])
        watch.send_signal(signal.SIGCONT)
        while watch.poll() is None:
            system.poll()
        self.assertEqual(0, watch.returncode)
        seen = self.seen(out)
        self.assertEqual(45, len(set(seen)))
        self.assertEqual(len(seen), len(set(seen)), "a result arrived twice")


if __name__ == "__main__":
    unittest.main()
