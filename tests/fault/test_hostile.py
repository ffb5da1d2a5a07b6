"""Hostile or faulty edges and workers, and workers that are paused again and again."""

import re
import time
import unittest

from fault_system import FaultTest, SimulatedPeers, metric, msgpack, zmq
from peers import CROP, Edge, Worker, header
from support import log_fields
from system import identities


def events(service, event):
    """Returns the fields of each line that a service has logged about this event."""
    fields = (log_fields(line) for line in service.lines())
    return [line for line in fields if line and line["event"] == event]


class EdgeTest(SimulatedPeers):
    def status_with(self, system, condition):
        return system.until(lambda m: m.kind == "status" and condition(m))

    def await_event(self, system, event):
        """Waits until the broker has logged the event and returns its first line."""
        while not (found := events(system.services["broker"], event)):
            system.next()
        return found[0]

    def test_an_edge_that_fills_the_queue_does_not_starve_another(self):
        system = self.start_broker(FACEBUS_BROKER_QUEUE="1000")
        self.worker.socket.close()  # so that the queue fills
        flooder = Edge(system.context, system.ipc("probes"), "ghost")
        flooder.send(10_000)
        # A few probes may still be in flight to the closed worker.
        full = self.status_with(system, lambda m: m["queued"] + m["in_flight"] + m["refused"] == 10_000)
        self.assertGreaterEqual(full["queued"], 1000)
        honest = Edge(system.context, system.ipc("probes"), "door")
        honest.send(20)
        self.status_with(system, lambda m: m["refused"] >= full["refused"] + 20)
        flooder.resend()

        self.worker = Worker(system.context, system.ipc("workers"))
        start, answered = time.monotonic(), 0
        poller = zmq.Poller()
        for socket in (self.worker.socket, honest.socket):
            poller.register(socket, zmq.POLLIN)
        while honest.unacknowledged:
            poller.poll()
            answered += self.worker.work()
            honest.receive()
        self.assertLess(time.monotonic() - start, 10)
        self.assertLess(answered, 100, "the edges did not take turns")
        status = self.status_with(system, lambda m: m["edges"] == 2)
        self.assertLessEqual(status["queued"], 1000)
        self.assertGreater(status["oldest_probe"], 0)

    def test_ids_that_another_edge_sends_first_do_not_suppress_results(self):
        system = self.start_broker()
        attacker = Edge(system.context, system.ipc("probes"), "door")
        attacker.send(10)
        for number in range(1, 11):  # ends the tracks that the honest edge is about to report
            for event in ("started", "ended"):
                attacker.socket.send_multipart([b"track.door", header(
                    "door", 100 + number, track=f"door-{number}", event=event, pts=0,
                    box={"x": 0, "y": 0, "width": 1, "height": 1}), b""])
        self.complete_all(system, [attacker])
        self.status_with(system, lambda m: m["results"] == 10)

        # The same camera and the same ids, but a different face.
        crop = bytes([1]) * len(CROP)
        honest = Edge(system.context, system.ipc("probes"), "door", crop)
        honest.send(10)
        honest.socket.send_multipart([b"track.door", header(
            "door", 101, track="door-1", event="started", pts=0,
            box={"x": 9, "y": 9, "width": 9, "height": 9}), b""])
        self.complete_all(system, [honest])
        self.status_with(system, lambda m: m["results"] >= 20)
        published = {m["probe"]: m["track"] for m in identities(system.messages) if m.payload == crop}
        self.assertEqual({f"door-{number}/1": f"door-{number}" for number in range(1, 11)}, published)
        boxes = [m["box"]["x"] for m in system.messages
                 if m.kind == "track" and m["track"] == "door-1" and m["event"] == "started"]
        self.assertEqual([0, 9], boxes)

    def test_an_edge_cannot_create_more_cameras_than_the_limit(self):
        system = self.start_broker(FACEBUS_BROKER_CAMERAS_PER_EDGE="10")
        flooder = Edge(system.context, system.ipc("probes"), "ghost")
        for number in range(5000):
            flooder.socket.send_multipart([b"camera.ghost", header(
                f"ghost-{number}", number, live=True, ended=False, frames=1, rate=1.5, last_frame=1, tracks=0), b""])
        health = system.services["broker"].health
        refused = ("facebus_edge_messages_refused_total", {"reason": "cameras"})
        while metric(health, refused[0], **refused[1]) < 4990:
            system.next()
        honest = Edge(system.context, system.ipc("probes"), "door")
        honest.send(1)
        self.complete_all(system, [honest])
        self.status_with(system, lambda m: m["results"] == 1)
        self.assertEqual({f"ghost-{number}" for number in range(10)},
                         {m["src"] for m in system.messages if m.kind == "camera"})
        line = self.await_event(system, "edge_message_refused")
        self.assertEqual(("cameras", "none"), (line["reason"], line["key"]))
        self.assertIn("broker.cameras_per_edge", line["hint"])


class HeartbeatOnly(Worker):
    """Worker that requests the highest credit again and again, and answers nothing."""

    credit = 4096

    def receive(self):
        """Requests more probes and returns the ids of those that have arrived."""
        self.send_credit(self.credit)
        arrived = []
        while self.socket.poll(0):
            arrived.append(msgpack.unpackb(self.socket.recv_multipart()[1])["probe"])
        return arrived


class WorkerTest(SimulatedPeers):
    def test_a_worker_that_only_sends_heartbeats_does_not_stop_the_others(self):
        system = self.start_broker(FACEBUS_BROKER_PROBE_TIMEOUT="3")
        self.worker.socket.close()
        system.until(lambda m: m.kind == "status" and m["workers"] == 0)
        hostile = HeartbeatOnly(system.context, system.ipc("workers"), "hostile")
        held = []
        system.until(lambda m: held.extend(hostile.receive()) or (m.kind == "status" and m["workers"] == 1))
        edge = Edge(system.context, system.ipc("probes"), "door")
        edge.send(200)
        system.until(lambda m: held.extend(hostile.receive()) or len(held) == 64)
        self.worker = Worker(system.context, system.ipc("workers"))

        def send_heartbeats():
            self.worker.send_credit(Worker.credit)
            held.extend(hostile.receive())

        self.complete_all(system, [edge], send_heartbeats)
        system.until(lambda m: send_heartbeats() or (m.kind == "status" and m["results"] == 200))
        self.assertEqual(64, len(held), "the worker got more probes, although it answered none")
        self.assertEqual([], [m["probe"] for m in identities(system.messages) if m["decision"] == "error"])
        broker = system.services["broker"]
        self.assertEqual(64, metric(broker.health, "facebus_probes_redelivered_total", reason="timeout"))
        self.assertEqual(1, metric(broker.health, "facebus_workers_stalled"))
        # The probes were sent one after the other, so the broker may notice their deadlines in several passes and log
        # one line per pass.
        stalled = events(broker, "worker_stalled")
        self.assertEqual({"hostile"}, {line["worker"] for line in stalled})
        self.assertEqual(64, sum(int(line["held"]) for line in stalled))
        named = {probe for line in stalled for probe in line["probes"].removesuffix(",...").split(",")}
        self.assertLessEqual(named, set(held))


class PausedWorkerTest(FaultTest):
    PAUSES = 5

    def test_a_worker_that_is_paused_again_and_again_causes_no_errors(self):
        """The worker runs only long enough to return the probes that were in flight during the pause."""
        system = self.start_system(workers=1)
        broker = system.services["broker"]
        workers = lambda: metric(broker.health, "facebus_workers")  # noqa: E731
        for _ in range(self.PAUSES):
            system.feed(16)
            system.wait_for(lambda: metric(broker.health, "facebus_in_flight_probes") > 0)
            system.suspend("recognize")
            system.wait_for(lambda: workers() == 0)
            system.resume("recognize")
            while workers() == 0:  # polls without delay, so that the next pause begins as early as possible
                pass
        self.check_all_completed(system, f"only worker suspended {self.PAUSES} times")
        # The broker queued the probes again when it lost the worker, and then accepted the worker's late results.
        self.assertEqual(system.fed, metric(broker.health, "facebus_probes_completed_total"))
        lost = events(broker, "worker_lost")
        # On a busy machine, the broker can lose the worker more often.
        self.assertGreaterEqual(len(lost), self.PAUSES)
        self.assertEqual({"unresponsive"}, {line["reason"] for line in lost})
        held = sum(int(line["held"]) for line in lost)
        self.assertGreater(held, 0)
        self.assertEqual(held, metric(broker.health, "facebus_probes_redelivered_total", reason="unresponsive"))
        self.assertTrue(all(re.match("recognize-", line["worker"]) for line in lost), lost)


if __name__ == "__main__":
    unittest.main()
