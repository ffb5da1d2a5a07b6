"""Each process of the server side and `track` dies, hangs or comes back in the middle of the work."""

import unittest

from fault_system import FaultTest, msgpack, zmq
from system import metric


class WorkerTest(FaultTest):
    def test_what_a_killed_worker_held_goes_to_another(self):
        system = self.running()
        before = system.acknowledged()
        system.kill("recognize-1")
        system.feed(16)
        recovered = self.recovery(system, before)
        self.settle(system, "worker killed, another is there", recovered)

    def test_with_every_worker_killed_probes_wait_for_the_next(self):
        system = self.running()
        for name in system.worker_names():
            system.kill(name)
        system.feed(16)
        before = system.acknowledged()
        system.start_worker("recognize-3")
        recovered = self.recovery(system, before)
        self.settle(system, "all workers killed, one started", recovered)

    def test_what_a_hanging_worker_holds_goes_to_another_and_counts_once(self):
        system = self.running()
        system.hang("recognize-1")
        before = system.acknowledged()
        system.feed(16)
        recovered = self.recovery(system, before)
        system.until(lambda m: m.kind == "status" and m["workers"] == 1)
        system.wait_for(lambda: system.acknowledged() == system.fed)
        system.resume("recognize-1")  # and now sends its results, too late
        system.until(lambda m: m.kind == "status" and m["workers"] == 2)
        system.feed(4)
        self.settle(system, "worker hangs, another is there", recovered)

    def test_a_probe_that_three_workers_were_lost_with_is_set_aside_as_an_error(self):
        system = self.running()
        system.wait_for(lambda: system.acknowledged() == system.fed)
        for name in system.worker_names():
            system.forget(name)
        system.until(lambda m: m.kind == "status" and m["workers"] == 0)
        system.feed(1, 1)
        for attempt in range(3):
            # It takes one probe and dies.
            worker = system.context.socket(zmq.DEALER)
            worker.linger = 0
            worker.connect(system.ipc("workers"))
            worker.send_multipart([b"credit.w", msgpack.packb(
                {"v": 1, "src": f"w{attempt}", "seq": 1, "ts": 1, "t": {}, "credit": 1, "model": "m",
                 "gallery": "0-0", "gallery_stale": False, "subjects": 0, "samples": 0}), b""])
            probe = msgpack.unpackb(worker.recv_multipart()[1])["probe"]
            worker.close()
            if attempt < 2:
                system.until(lambda m: m.kind == "status" and m["workers"] == 0)
        error = system.until(lambda m: m.kind == "identity" and m["decision"] == "error")
        self.assertEqual(probe, error["probe"])
        self.assertIn("set aside", error["reason"])
        # It is done with, and the others go on.
        system.start_worker("recognize-9")
        system.wait_for(lambda: system.track_count("outbox_entries") == 0)
        self.close_ledger("three workers lost with one probe", system.fed, system.acknowledged())


class BrokerTest(FaultTest):
    def test_the_edge_sends_again_what_a_killed_broker_held(self):
        system = self.running()
        system.kill("broker")
        system.feed(16)
        before = system.acknowledged()
        system.start("broker")
        recovered = self.recovery(system, before)
        self.settle(system, "broker killed and started", recovered)

    def test_edge_and_workers_find_one_broker_after_another(self):
        system = self.running()
        recovered = 0.0
        for _ in range(2):
            system.kill("broker")
            system.feed(8)
            before = system.acknowledged()
            system.start("broker")
            recovered = max(recovered, self.recovery(system, before))
        self.settle(system, "broker killed and started twice", recovered)

    def test_a_hanging_broker_goes_on_where_it_stopped(self):
        system = self.running()
        system.hang("broker")
        system.feed(16)
        system.wait_for(lambda: system.track_count("probes_sent_total") == system.fed)
        before = system.acknowledged()
        system.resume("broker")
        recovered = self.recovery(system, before)
        self.settle(system, "broker hangs and goes on", recovered)

    def test_results_of_two_runs_can_be_told_apart(self):
        system = self.running()
        system.wait_for(lambda: system.acknowledged() == system.fed)
        first = system.until(lambda m: m.kind == "status")["run"]
        system.kill("broker")
        system.start("broker")
        second = system.until(lambda m: m.kind == "status" and m["run"] != first)["run"]
        system.feed(4)  # of new tracks, so that there is a result
        system.until(lambda m: m.kind == "identity" and m["run"] == second)
        self.settle(system, "broker killed and started, idle")
        runs = [m["run"] for m in system.messages if m.kind == "identity"]
        self.assertEqual({first, second}, set(runs))
        for run in (first, second):
            numbers = [m["result"] for m in system.messages if m.kind == "identity" and m["run"] == run]
            self.assertEqual(list(range(1, len(numbers) + 1)), numbers)


class TrackTest(FaultTest):
    def test_what_a_killed_track_had_sent_comes_to_its_result(self):
        system = self.running(FACEBUS_TRACK_RESEND="60")  # so that what arrives is what was sent
        system.feed(8)
        broker = system.services["broker"].health
        # Sent is what reached the broker: what lies in buffers of `track` goes with it.
        system.wait_for(lambda: metric(broker, "facebus_probes_total") == system.fed)
        system.kill("track")
        system.wait_for(lambda: metric(broker, "facebus_queue_probes") == 0 and
                        metric(broker, "facebus_in_flight_probes") == 0)
        first, finished = system.fed, int(metric(broker, "facebus_probes_completed_total"))
        self.assertEqual(finished, system.remembered())
        system.start("track")
        system.frames = system.fed = 0
        system.feed(16)
        system.wait_for(lambda: system.acknowledged() == system.fed)
        self.close_ledger("track killed and started", first + system.fed,
                          finished + system.acknowledged())


if __name__ == "__main__":
    unittest.main()
