"""Tests of what the gateway publishes over MQTT: results, presence and Home Assistant discovery. The MQTT broker is
Mosquitto."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import types
import unittest
import urllib.parse

from gateway import need_gateway
from integrations import SimulatedSite, result_id, self_signed
from support import ProcessTest, ShiftedClock, need_system, need_tool
from system import metric

AVAILABILITY = "facebus/hall/availability"
READY = "test/ready"


class Mosquitto:
    """A Mosquitto broker that can be killed and started again at the same port. `lines` are lines of its
    configuration. Without `lines`, the broker allows anonymous access."""

    def __init__(self, case, *lines):
        self.case = case
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.config = case.folder / "mosquitto.conf"
        # If root starts Mosquitto, it changes to a user who cannot access this folder. `user root` prevents this.
        self.config.write_text("\n".join(
            [f"listener {self.port} 127.0.0.1", "user root", "persistence false", "log_dest stderr",
             *(lines or ["allow_anonymous true"])]))
        self.start()

    def start(self):
        self.process = self.case.spawn(["mosquitto", "-c", self.config], self.case.environment(),
                                       subprocess.PIPE, subprocess.STDOUT)
        output = ""
        for line in self.process.stdout:
            output += line.decode()
            if b"running" in line:
                return
        raise AssertionError(f"mosquitto did not start: {output}")

    def kill(self):
        self.process.kill()
        self.process.wait()


class Listener:
    """Runs mosquitto_sub and records all messages. The constructor waits for a retained message, so the subscriptions
    are active when it returns."""

    def __init__(self, case, broker, topic, *flags):
        self.case, self.messages, self.position = case, [], 0
        self.buffer = b""  # output of mosquitto_sub that next() has not returned yet
        published = case.run_program(["mosquitto_pub", "-p", broker.port, "-r", "-t", READY, "-m", "ready", *flags])
        case.assertEqual(0, published.code, published)
        self.process = case.spawn(
            ["stdbuf", "-oL", "mosquitto_sub", "-p", str(broker.port), "-q", "1", "-F", "%r %t %p",
             "-t", READY, "-t", topic, *flags], case.environment(), subprocess.PIPE, subprocess.STDOUT)
        while not any(topic == READY for _, topic, _ in self.messages):
            self.next()

    def next(self, meanwhile=None):
        """Waits for a message and returns it as (retained, topic, payload). Decodes JSON payloads. If `meanwhile` is
        given, calls it whenever mosquitto_sub has printed nothing for half a second."""
        while b"\n" not in self.buffer:
            if not select.select([self.process.stdout], [], [], 0.5 if meanwhile else None)[0]:
                meanwhile()
                continue
            data = os.read(self.process.stdout.fileno(), 65536)
            self.case.assertTrue(data, "mosquitto_sub exited")
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        retained, topic, payload = line.decode().split(" ", 2)
        with contextlib.suppress(ValueError):
            payload = json.loads(payload)
        self.messages.append((retained == "1", topic, payload))
        return self.messages[-1]

    def until(self, topic, wanted=lambda payload: True, meanwhile=None):
        """Waits for a message on the topic whose payload satisfies `wanted`, and returns the payload. Skips all
        messages before it. `meanwhile`: see next()."""
        while True:
            while self.position < len(self.messages):
                _, message_topic, payload = self.messages[self.position]
                self.position += 1
                if message_topic == topic and wanted(payload):
                    return payload
            self.next(meanwhile)

    def payloads(self, topic, first=0):
        """Returns the payloads of the recorded messages on the topic. Ignores the first `first` messages on any
        topic."""
        return [payload for _, message_topic, payload in self.messages[first:] if message_topic == topic]


class MqttTest(ProcessTest):
    limit = 90

    @classmethod
    def setUpClass(cls):
        need_system()
        need_gateway()
        for tool in ("mosquitto", "mosquitto_sub", "redis-cli", "stdbuf"):
            need_tool(tool)

    def simulated_site(self, broker, kind=SimulatedSite, **environment):
        """Returns a site whose gateway publishes to this MQTT broker."""
        return kind(self, **{"FACEBUS_MQTT_HOST": "127.0.0.1", "FACEBUS_MQTT_PORT": broker.port,
                             "FACEBUS_MQTT_CLIENT_ID": "hall", "FACEBUS_MQTT_ABSENT_AFTER": "3",
                             "FACEBUS_MQTT_LINGER": "1", **environment})

    def listen(self, broker, topic="#", *flags):
        return Listener(self, broker, topic, *flags)

    def retained(self, broker, topic):
        """Subscribes to a topic, waits for its retained message, and returns the payload."""
        return self.listen(broker, topic).until(topic)


class EventTest(MqttTest):
    def test_publishes_each_result_once_with_its_id(self):
        broker = Mosquitto(self)
        site = self.simulated_site(broker)
        listener = self.listen(broker)
        listener.until(AVAILABILITY, lambda state: state == "online")
        alice = site.add_subject("Alice")
        results = [site.result("t1", alice), site.result("t2"), site.result("t3", alice)]
        events = [listener.until("facebus/door/identity") for _ in results]
        self.assertEqual([result_id(result) for result in results], [event["id"] for event in events])
        self.assertEqual(["known", "unknown", "known"], [event["decision"] for event in events])
        self.assertEqual({"subject": "Alice", "subject_id": alice[0], "camera": "door", "track": "t1"},
                         {key: events[0][key] for key in ("subject", "subject_id", "camera", "track")})
        self.assertNotIn("subject", events[1])
        late = self.listen(broker, "facebus/door/#")
        late.until("facebus/door/presence")
        self.assertEqual([], late.payloads("facebus/door/identity"), "an event was retained")

    def test_publishes_results_although_the_clocks_of_gateway_and_broker_differ(self):
        class SiteWithFastGateway(SimulatedSite):
            def _launch(self, name, command, **environment):
                super()._launch(name, command, **environment, **(clock.environment if name == "gateway" else {}))

        for seconds in (120, -120):
            with self.subTest(seconds):
                clock = ShiftedClock(self, seconds)
                broker = Mosquitto(self)
                site = self.simulated_site(broker, SiteWithFastGateway)
                self.listen(broker).until(AVAILABILITY, lambda state: state == "online")
                listener = self.listen(broker, "facebus/door/identity")
                presence = self.listen(broker, "facebus/door/presence")
                alice = site.add_subject("Alice")
                id = result_id(site.result("t1", alice))
                self.assertEqual(id, listener.until("facebus/door/identity")["id"])
                presence.until("facebus/door/presence", lambda state: state["people"])
                # After a restart, the gateway reads the result from the history.
                site.kill("gateway")
                site.restart_gateway()
                self.assertEqual(id, listener.until("facebus/door/identity")["id"])
                broker.kill()
                site.stop("gateway")

    def test_publishes_the_newest_queued_results_after_an_outage(self):
        broker = Mosquitto(self)
        site = self.simulated_site(broker, FACEBUS_MQTT_QUEUE="3")
        self.listen(broker).until(AVAILABILITY, lambda state: state == "online")
        broker.kill()
        gateway = site.services["gateway"]
        while metric(gateway.health, "facebus_mqtt_connected") != 0:
            site.next()
        results = [site.result(f"t{number}") for number in range(5)]
        while metric(gateway.health, "facebus_mqtt_dropped_total") < 2:
            site.next()
        gateway.process.send_signal(signal.SIGSTOP)
        broker.start()
        listener = self.listen(broker)
        gateway.process.send_signal(signal.SIGCONT)
        ids = [listener.until("facebus/door/identity")["id"] for _ in range(3)]
        self.assertEqual([result_id(result) for result in results[2:]], ids)


class PresenceTest(MqttTest):
    def test_presence_ends_when_the_person_leaves(self):
        broker = Mosquitto(self)
        site = self.simulated_site(broker)
        alice = site.add_subject("Alice")
        listener = self.listen(broker)
        site.event("t1", "started")
        listener.until("facebus/door/presence", lambda state: state["occupied"])
        site.result("t1", alice)
        state = listener.until("facebus/door/presence", lambda state: state["people"])
        self.assertEqual([{"id": alice[0], "name": "Alice"}], state["people"])
        self.assertEqual(1, state["count"])
        person = listener.until(f"facebus/person/{alice[0]}/presence", lambda state: state["present"])
        self.assertEqual(["door"], person["cameras"])
        site.event("t1", "ended")
        gone = listener.until(f"facebus/person/{alice[0]}/presence", lambda state: not state["present"])
        self.assertEqual([], gone["cameras"])
        last = self.retained(broker, "facebus/door/last_person")
        self.assertEqual((alice[0], "Alice"), (last["id"], last["name"]))
        empty = self.retained(broker, "facebus/door/presence")
        self.assertEqual((False, 0, []), (empty["occupied"], empty["count"], empty["people"]))

    def test_presence_does_not_flicker_between_consecutive_tracks_of_one_person(self):
        broker = Mosquitto(self)
        site = self.simulated_site(broker, FACEBUS_MQTT_LINGER="30", FACEBUS_MQTT_ABSENT_AFTER="60")
        alice = site.add_subject("Alice")
        listener = self.listen(broker, "facebus/#")
        site.event("t1", "started")
        site.result("t1", alice)
        for number in range(2, 5):
            site.event(f"t{number - 1}", "ended")
            site.event(f"t{number}", "started")
            site.result(f"t{number}", alice)
        # The gateway publishes changed states sorted by topic, so the state of `yard` arrives after earlier changes.
        site.event("t9", "started", "yard")
        listener.until("facebus/yard/presence", lambda state: state["occupied"])
        people = [state["present"] for state in listener.payloads(f"facebus/person/{alice[0]}/presence")]
        self.assertEqual([True], people)
        counts = [state["count"] for state in listener.payloads("facebus/door/presence")]
        self.assertEqual({1}, set(counts))

    def test_presence_ends_if_the_broker_of_facebus_crashes(self):
        broker = Mosquitto(self)
        site = self.simulated_site(broker)
        alice = site.add_subject("Alice")
        listener = self.listen(broker)
        site.event("t1", "started")
        site.result("t1", alice)
        topic = f"facebus/person/{alice[0]}/presence"
        listener.until(topic, lambda state: state["present"])
        site.kill("broker")
        listener.until(topic, lambda state: not state["present"])

    def test_heartbeats_keep_a_camera_occupied(self):
        broker = Mosquitto(self)
        site = self.simulated_site(broker)
        listener = self.listen(broker)
        site.event("t1", "started")
        listener.until("facebus/door/presence", lambda state: state["occupied"])
        # Wait until four tracks at another camera have ended, one after the other, which takes longer than
        # mqtt.absent_after. Meanwhile, the heartbeats (`moved` events) of t1 keep the camera `door` occupied.
        for number in range(2, 6):
            site.event("t1", "moved")
            site.event(f"g{number}", "started", "gate")
            site.event(f"g{number}", "ended", "gate")
            listener.until("facebus/gate/presence", lambda state: state["occupied"])
            listener.until("facebus/gate/presence", lambda state: not state["occupied"])
        self.assertEqual({True}, {state["occupied"] for state in listener.payloads("facebus/door/presence")})
        listener.until("facebus/door/presence", lambda state: not state["occupied"])


class RestartTest(MqttTest):
    def test_last_will_marks_a_killed_gateway_offline_and_a_restart_restores_states(self):
        broker = Mosquitto(self)
        site = self.simulated_site(broker)
        alice, bob = site.add_subject("Alice"), site.add_subject("Bob")
        listener = self.listen(broker)
        for track, subject in (("t1", alice), ("t2", bob)):
            site.event(track, "started")
            site.result(track, subject)
            listener.until(f"facebus/person/{subject[0]}/presence", lambda state: state["present"])
        site.kill("gateway")
        listener.until(AVAILABILITY, lambda state: state == "offline")
        self.assertEqual("offline", self.retained(broker, AVAILABILITY))
        before = len(listener.messages)
        site.event("t2", "ended")  # the gateway is down and misses this event
        site.restart_gateway()
        listener.until(AVAILABILITY, lambda state: state == "online")
        listener.until(f"facebus/person/{bob[0]}/presence", lambda state: not state["present"],
                       meanwhile=lambda: site.event("t1", "moved"))
        states = listener.payloads(f"facebus/person/{alice[0]}/presence", before)
        self.assertEqual(set(), {state["present"] for state in states} - {True}, "Alice was reported absent")
        listener.until(f"facebus/person/{alice[0]}/presence", lambda state: not state["present"])

    def test_publishes_offline_when_the_gateway_stops(self):
        broker = Mosquitto(self)
        site = self.simulated_site(broker)
        listener = self.listen(broker)
        listener.until(AVAILABILITY, lambda state: state == "online")
        site.stop("gateway")
        listener.until(AVAILABILITY, lambda state: state == "offline")

    def test_resends_all_states_to_a_broker_that_lost_them(self):
        broker = Mosquitto(self)
        site = self.simulated_site(broker)
        alice = site.add_subject("Alice")
        listener = self.listen(broker)
        topic = f"facebus/person/{alice[0]}/presence"
        listener.until(topic, lambda state: not state["present"])
        broker.kill()
        broker.start()
        listener = self.listen(broker)
        self.assertEqual("Alice", listener.until(topic)["name"])
        self.assertEqual("online", self.retained(broker, AVAILABILITY))
        config = f"homeassistant/binary_sensor/hall/person_{alice[0]}/config"
        self.assertEqual("Alice", self.retained(broker, config)["device"]["name"])


class HomeAssistantTest(MqttTest):
    def test_discovery_configs_follow_added_renamed_and_removed_people(self):
        broker = Mosquitto(self)
        site = self.simulated_site(broker)
        listener = self.listen(broker)
        name = "Zoë/+#{{ states }}"
        id, _ = site.add_subject(name)
        topic = f"homeassistant/binary_sensor/hall/person_{id}/config"
        config = listener.until(topic)
        self.assertEqual(name, config["device"]["name"])
        self.assertEqual(f"facebus/person/{id}/presence", config["state_topic"])
        self.assertEqual(AVAILABILITY, config["availability_topic"])
        for component, entity in (("binary_sensor", "occupancy"), ("sensor", "people"),
                                  ("sensor", "last_person")):
            self.retained(broker, f"homeassistant/{component}/hall/camera_door_{entity}/config")
        site.result("t1", (id, name))
        listener.until("facebus/door/last_person", lambda state: state["name"] == name)
        path = "/api/v1/recognition/subjects/"
        site.expect_success(site.request("PUT", path + urllib.parse.quote(name, safe=""), body={"subject": "Zoe"}))
        self.assertEqual("Zoe", listener.until(topic)["device"]["name"])
        site.expect_success(site.request("DELETE", path + "Zoe"))
        self.assertEqual("", listener.until(topic))
        # The gateway publishes changed states sorted by topic. This change of a topic homeassistant/... has arrived, so
        # the changes of all topics facebus/... have arrived, too.
        self.assertIsNone(self.retained(broker, "facebus/door/last_person")["name"])
        retained = self.run_program(["mosquitto_sub", "-p", broker.port, "--retained-only", "-v", "-t", "#",
                                     "-W", "1"]).out
        self.assertIn("facebus/door/presence", retained)
        self.assertNotIn("Zoe", retained)
        for _, message_topic, _ in listener.messages:
            self.assertRegex(message_topic, r"^[A-Za-z0-9_/-]+$")

    def test_late_results_do_not_show_a_removed_person(self):
        broker = Mosquitto(self)
        site = self.simulated_site(broker)
        listener = self.listen(broker)
        alice, bob = site.add_subject("Alice"), site.add_subject("Bob")
        config = f"homeassistant/binary_sensor/hall/person_{alice[0]}/config"
        listener.until(config)
        site.expect_success(site.request("DELETE", "/api/v1/recognition/subjects/Alice"))
        listener.until(config, lambda payload: payload == "")
        before = len(listener.messages)
        # Workers send such results while their copy of the gallery is out of date.
        site.result("t1", alice)
        site.result("t2", bob, runner_up={"subject_id": alice[0], "subject": "Alice", "similarity": 0.1})
        site.result("t3", bob)
        seen = [listener.until("facebus/door/identity") for _ in range(2)]
        self.assertEqual(["t2", "t3"], [event["track"] for event in seen])
        self.assertNotIn("Alice", json.dumps(listener.messages[before:]))
        live = site.expect_success(site.request("GET", "/api/v1/live"))
        self.assertEqual(["t2", "t3"], [result["track"] for result in live["results"]])
        self.assertNotIn("Alice", json.dumps(live))

    def test_removes_discovery_configs_of_people_removed_while_the_gateway_was_down(self):
        broker = Mosquitto(self)
        site = self.simulated_site(broker)
        listener = self.listen(broker)
        id, _ = site.add_subject("Alice")
        topic = f"homeassistant/binary_sensor/hall/person_{id}/config"
        listener.until(topic)
        site.stop("gateway")
        removed = site.facebus("gallery", "remove", "Alice")
        self.assertEqual(0, removed.code, removed)
        site.restart_gateway()
        self.assertEqual("", listener.until(topic))


class ConnectionTest(MqttTest):
    def test_logs_in_with_a_password_and_reports_a_wrong_password(self):
        passwords = self.folder / "passwords"
        made = self.run_program(["mosquitto_passwd", "-b", "-c", passwords, "facebus", "secret"])
        self.assertEqual(0, made.code, made)
        broker = Mosquitto(self, "allow_anonymous false", f"password_file {passwords}")
        secret = self.folder / "secret"
        secret.write_text("wrong\n")
        login = {"FACEBUS_MQTT_USER": "facebus", "FACEBUS_MQTT_PASSWORD_FILE": secret}
        site = self.simulated_site(broker, **login)
        gateway = site.services["gateway"]
        while metric(gateway.health, "facebus_errors_total", kind="unavailable") < 1:
            site.next()
        self.assertTrue(any("MQTT broker" in line for line in gateway.lines()), gateway.last_line())
        site.stop("gateway")
        secret.write_text("secret\n")
        site.restart_gateway()
        listener = self.listen(broker, "#", "-u", "facebus", "-P", "secret")
        listener.until(AVAILABILITY, lambda state: state == "online")
        self.assertNotIn("secret", "".join(site.services["gateway"].lines()))

    def test_tls_requires_a_trusted_certificate(self):
        key, certificate = self_signed(self, "IP:127.0.0.1")
        broker = Mosquitto(self, "allow_anonymous true", f"certfile {certificate}", f"keyfile {key}")
        site = self.simulated_site(broker, FACEBUS_MQTT_TLS="true")
        gateway = site.services["gateway"]
        while metric(gateway.health, "facebus_errors_total", kind="unavailable") < 1:
            site.next()
        self.assertEqual(0, metric(gateway.health, "facebus_mqtt_connected"))
        site.stop("gateway")
        site.restart_gateway(FACEBUS_MQTT_CA_FILE=certificate)
        listener = self.listen(broker, "#", "--cafile", str(certificate), "-h", "127.0.0.1")
        listener.until(AVAILABILITY, lambda state: state == "online")

    def test_rejects_invalid_options(self):
        for setting, value in (("topic", "a/#"), ("client_id", "a b"), ("discovery", "+")):
            with self.subTest(setting):
                broker = types.SimpleNamespace(port=1)
                with self.assertRaisesRegex(AssertionError, f"exited with 78: .*mqtt.{setting}"):
                    self.simulated_site(broker, **{f"FACEBUS_MQTT_{setting.upper()}": value})


if __name__ == "__main__":
    unittest.main()
