"""Redis is paused or killed, or refuses writes, while results are published. Every result must be in the history in the
end, also if the broker is killed or stopped meanwhile: it acknowledges a probe only after its result is stored."""

import time
import unittest

from fault_system import FACES, FaultTest, SimulatedPeers
from peers import Edge, Worker
from system import identities, metric

PROBES = 7


def history(system, key="probe"):
    """Returns the values of a key of the results in the history, in their order."""
    script = ("local ids = {} for _, entry in ipairs(redis.call('XRANGE', 'facebus:results', '-', '+')) do "
              "for i = 1, #entry[2], 2 do if entry[2][i] == 'header' then "
              "ids[#ids + 1] = cmsgpack.unpack(entry[2][i + 1])[ARGV[1]] end end end return ids")
    return system.redis("EVAL", script, "0", key).split()


class HistoryTest(SimulatedPeers):
    def start(self):
        # The broker gives up waiting for a paused Redis quickly.
        system = self.start_broker(FACEBUS_REDIS_TIMEOUT_MS="200")
        self.edge = Edge(system.context, system.ipc("probes"), "door")
        return system

    def publish(self, system):
        """Sends the probes and waits until their results are published and the edge knows it. Returns the ids of the
        probes in the order of the results."""
        self.edge.send(PROBES)
        published = []
        while len(published) < PROBES:
            self.edge.socket.poll(10)
            self.worker.work()
            published += self.edge.receive()
        system.until(lambda m: m.kind == "identity" and m["result"] == PROBES)
        self.assertEqual(PROBES, len(self.edge.unacknowledged), "acknowledged before its result was stored")
        return [m["probe"] for m in identities(system.messages)]

    def restart_broker(self, system):
        self.worker.socket.close()
        system.start("broker")
        self.worker = Worker(system.context, system.ipc("workers"))
        self.edge.resend()
        self.complete_all(system, [self.edge])

    def broker_metric(self, system, name):
        return metric(system.services["broker"].health, f"facebus_{name}")

    def check_stored(self, system, published):
        self.assertEqual(sorted(published), sorted(history(system)))

    def test_results_are_stored_although_redis_pauses_and_the_broker_is_killed(self):
        system = self.start()
        system.suspend("redis")
        published = self.publish(system)
        system.kill("broker")
        system.resume("redis")
        self.restart_broker(system)
        self.check_stored(system, published)

    def test_results_are_stored_although_redis_is_killed_and_the_broker_stops(self):
        system = self.start()
        system.kill("redis")
        published = self.publish(system)
        broker = system.services["broker"]
        system.stop("broker")
        self.edge.receive()
        self.assertEqual(PROBES, len(self.edge.unacknowledged))
        self.assertTrue(any("event=results_not_stored" in line and f"results={PROBES}" in line
                            for line in broker.lines()), broker.last_line())
        system.start_redis()
        self.restart_broker(system)
        self.check_stored(system, published)

    def test_results_wait_in_order_while_redis_refuses_writes(self):
        system = self.start()
        system.redis("CONFIG", "SET", "maxmemory", "1")
        published = self.publish(system)
        broker = system.services["broker"]
        system.wait_for(lambda: any("results wait for Redis" in line and "OOM" in line for line in broker.lines()))
        system.wait_for(lambda: self.broker_metric(system, "history_waiting_results") == PROBES)
        self.assertEqual([], history(system))
        system.redis("CONFIG", "SET", "maxmemory", "0")
        self.complete_all(system, [self.edge])
        self.assertEqual(published, history(system))
        self.assertEqual(0, self.broker_metric(system, "history_dropped_total"))
        system.wait_for(lambda: self.broker_metric(system, "history_waiting_results") == 0)

    def test_a_stopping_broker_stores_and_acknowledges_what_redis_accepts(self):
        system = self.start()
        system.redis("CONFIG", "SET", "maxmemory", "1")
        published = self.publish(system)
        system.redis("CONFIG", "SET", "maxmemory", "0")
        system.stop("broker")
        while self.edge.unacknowledged:
            self.edge.socket.poll()
            self.edge.receive()
        self.assertEqual(published, history(system))

    def test_repeated_probes_are_neither_queued_nor_published_while_their_results_wait(self):
        system = self.start()
        system.kill("redis")
        published = self.publish(system)
        self.edge.resend()
        repeated = []
        while len(repeated) < PROBES:
            self.edge.socket.poll()
            repeated += self.edge.receive()
        self.assertEqual(sorted(published), sorted(repeated))
        self.assertEqual(2 * PROBES, self.broker_metric(system, "probes_total"))
        self.assertEqual(0, self.broker_metric(system, "queue_probes") + self.broker_metric(system, "in_flight_probes"))
        system.start_redis()
        self.complete_all(system, [self.edge])
        self.assertEqual(PROBES, self.broker_metric(system, "results_total"))
        self.assertEqual(published, history(system))


class TrackTest(FaultTest):
    def test_tracks_end_for_subscribers_while_redis_is_unavailable(self):
        system = self.start_system()
        system.kill("redis")
        system.feed(17)  # ends with a scene cut, which ends the tracks of the 16 frames before
        ended = 0
        while ended < 2 * FACES:
            ended += system.next().get("event") == "ended"
        self.assertGreater(system.track_metric("outbox_entries"), 0)
        system.start_redis()
        self.check_all_completed(system, "tracks end while Redis is killed", stored=False)
        tracks = [(m.kind, m["track"]) for m in system.messages
                  if m.kind == "identity" or m.get("event") == "ended"]
        for position, (kind, track) in enumerate(tracks):
            if kind == "track":
                self.assertNotIn(("identity", track), tracks[position:], "a result after the end of its track")

    def test_track_resends_soon_after_the_broker_restarts(self):
        system = self.start_system(FACEBUS_REDIS_TIMEOUT_MS="200")
        system.wait_until_idle()
        system.suspend("redis")
        system.feed(2)  # begins new tracks
        system.wait_for(lambda: metric(system.services["broker"].health, "facebus_history_waiting_results") > 0)
        system.kill("broker")
        system.resume("redis")
        start = time.monotonic()
        system.start("broker")
        self.check_all_completed(system, "Redis paused, broker killed, both resumed", stored=False)
        self.assertLess(time.monotonic() - start, 30)
        # Not each probe has a result again, because the decision about its track may be the final one from the start.
        self.assertEqual({m["track"] for m in identities(system.messages)}, set(history(system, "track")))


if __name__ == "__main__":
    unittest.main()
