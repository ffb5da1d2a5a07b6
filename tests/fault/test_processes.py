"""Tests that no probe is lost if workers or the broker are killed, hang or restart, and that the broker completes the
probes that it received from a process `track` that was killed."""

import unittest

from fault_system import FaultTest, msgpack, zmq
from support import log_fields
from system import identities, metric


class WorkerTest(FaultTest):
    def recognised(self, system):
        """Returns the number of probes that the workers have embedded and matched, including repetitions."""
        return sum(metric(system.services[name].health, "facebus_faces_recognized_total")
                   for name in system.worker_names())

    def test_probes_of_a_killed_worker_go_to_another_worker(self):
        system = self.start_system()
        before = system.acknowledged()
        system.kill("recognize-1")
        system.feed(16)
        recovered = self.wait_for_recovery(system, before)
        self.check_all_completed(system, "worker killed, another remains", recovered)

    def test_probes_wait_for_a_new_worker_if_all_workers_are_killed(self):
        system = self.start_system()
        for name in system.worker_names():
            system.kill(name)
        system.feed(16)
        before = system.acknowledged()
        system.start_worker("recognize-3")
        recovered = self.wait_for_recovery(system, before)
        self.check_all_completed(system, "all workers killed, a new one started", recovered)

    def test_probes_of_a_hanging_worker_go_to_another_worker(self):
        system = self.start_system()
        system.suspend("recognize-1")
        before = system.acknowledged()
        system.feed(16)
        recovered = self.wait_for_recovery(system, before)
        system.until(lambda m: m.kind == "status" and m["workers"] == 1)
        system.wait_for(lambda: system.acknowledged() == system.fed)
        system.resume("recognize-1")  # its results arrive now, too late
        system.until(lambda m: m.kind == "status" and m["workers"] == 2)
        system.wait_for(lambda: self.recognised(system) > system.fed)
        system.feed(4)
        self.check_all_completed(system, "worker suspended, another remains", recovered)
        # The late results did not complete their probes a second time.
        self.assertEqual(system.fed, metric(system.services["broker"].health, "facebus_probes_completed_total"))

    def test_a_probe_that_loses_its_worker_three_times_is_dead_lettered(self):
        system = self.start_system(FACEBUS_BROKER_PROBE_TIMEOUT="3")
        system.wait_for(lambda: system.acknowledged() == system.fed)
        for name in system.worker_names():
            system.stop(name)
        system.until(lambda m: m.kind == "status" and m["workers"] == 0)
        system.feed(1, 1)
        for attempt in range(3):
            # Simulates a worker that receives the probe and then disconnects.
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
        self.assertIn("dead-lettered", error["reason"])
        self.assertEqual(["unresponsive"] * 3, error["attempts"])
        self.assertEqual(1, system.until(lambda m: m.kind == "status" and m["dead_lettered"])["dead_lettered"])
        lost = [fields for line in system.services["broker"].lines()
                if (fields := log_fields(line)) and fields["event"] == "worker_lost" and fields["held"] == "1"]
        self.assertEqual([("w0", probe), ("w1", probe), ("w2", probe)], [(f["worker"], f["probes"]) for f in lost])
        # A dead-lettered probe counts as completed, and its track continues.
        system.start_worker("recognize-9")
        system.feed(4)
        system.wait_until_idle()
        self.check_counts("three workers lost, one after the other, with the same probe in flight", system.fed,
                          system.acknowledged())
        self.assertEqual(system.fed - 1, system.stored_probes())
        self.assertEqual([probe], [m["probe"] for m in identities(system.messages) if m["decision"] == "error"])


class BrokerTest(FaultTest):
    def test_the_edge_resends_the_probes_of_a_killed_broker(self):
        system = self.start_system()
        system.kill("broker")
        system.feed(16)
        before = system.acknowledged()
        system.start("broker")
        recovered = self.wait_for_recovery(system, before)
        self.check_all_completed(system, "broker killed and restarted", recovered)

    def test_edge_and_workers_reconnect_after_each_restart_of_the_broker(self):
        system = self.start_system()
        recovered = 0.0
        for _ in range(2):
            system.kill("broker")
            system.feed(8)
            before = system.acknowledged()
            system.start("broker")
            recovered = max(recovered, self.wait_for_recovery(system, before))
        self.check_all_completed(system, "broker killed and restarted twice", recovered)

    def test_a_hanging_broker_continues_where_it_stopped(self):
        system = self.start_system()
        system.suspend("broker")
        system.feed(16)
        system.wait_for(lambda: system.track_metric("probes_sent_total") == system.fed)
        before = system.acknowledged()
        system.resume("broker")
        recovered = self.wait_for_recovery(system, before)
        self.check_all_completed(system, "broker suspended and resumed", recovered)

    def test_results_of_each_run_are_numbered_from_one(self):
        system = self.start_system()
        system.wait_for(lambda: system.acknowledged() == system.fed)
        first = system.until(lambda m: m.kind == "status")["run"]
        system.kill("broker")
        system.start("broker")
        second = system.until(lambda m: m.kind == "status" and m["run"] != first)["run"]
        system.feed(4)  # begins new tracks, so that there are new results
        system.until(lambda m: m.kind == "identity" and m["run"] == second)
        self.check_all_completed(system, "idle broker killed and restarted")
        runs = [m["run"] for m in system.messages if m.kind == "identity"]
        self.assertEqual({first, second}, set(runs))
        for run in (first, second):
            numbers = [m["result"] for m in system.messages if m.kind == "identity" and m["run"] == run]
            self.assertEqual(list(range(1, len(numbers) + 1)), numbers)


class TrackTest(FaultTest):
    def test_probes_that_reached_the_broker_are_completed_after_track_is_killed(self):
        system = self.start_system(FACEBUS_TRACK_RESEND="60")  # so that the broker receives each probe once
        system.feed(8)
        broker = system.services["broker"].health
        # Waits until all probes have reached the broker: killing `track` loses those that are still in its buffers.
        system.wait_for(lambda: metric(broker, "facebus_probes_total") == system.fed)
        system.kill("track")
        system.wait_for(lambda: metric(broker, "facebus_queue_probes") == 0 and
                        metric(broker, "facebus_in_flight_probes") == 0)
        first, completed = system.fed, int(metric(broker, "facebus_probes_completed_total"))
        self.assertEqual(completed, system.stored_probes())
        system.start("track")
        system.frames = system.fed = 0
        system.feed(16)
        system.wait_for(lambda: system.acknowledged() == system.fed)
        self.check_counts("track killed and restarted", first + system.fed,
                          completed + system.acknowledged())


if __name__ == "__main__":
    unittest.main()
