"""Tests `facebus backup`, `facebus restore` and `facebus migrate` with two Redis servers: one with data, one empty."""

import unittest

import support
from gateway import need_gateway
from images import carphone_frames
from integrations import SimulatedSite
from support import CARPHONE, DEMO
from system import System, identities

PHOTOS = DEMO / "photos"
# Returns one line per key of facebus: the key and a digest of its value. Omits what a backup does not contain.
DIGESTS = """
local keys, out = redis.call('KEYS', 'facebus:*'), {}
table.sort(keys)
local function flatten(value)
    if type(value) ~= 'table' then return tostring(value) end
    local parts = {}
    for i, part in ipairs(value) do parts[i] = flatten(part) end
    return table.concat(parts, '|')
end
local function pairs_of(value)
    local parts = {}
    for i = 1, #value, 2 do table.insert(parts, value[i] .. '=' .. value[i + 1]) end
    table.sort(parts)
    return parts
end
for _, key in ipairs(keys) do
    local kind, value = redis.call('TYPE', key).ok, nil
    if kind == 'string' then value = redis.call('GET', key)
    elseif kind == 'hash' then value = pairs_of(redis.call('HGETALL', key))
    elseif kind == 'list' then value = redis.call('LRANGE', key, 0, -1)
    elseif kind == 'stream' then value = redis.call('XRANGE', key, '-', '+')
    else value = redis.call('SMEMBERS', key) table.sort(value) end
    if key ~= 'facebus:gallery:changes' and key:sub(1, 14) ~= 'facebus:track:' then
        table.insert(out, key .. ' ' .. redis.sha1hex(flatten(value)))
    end
end
return out
"""


class BackupFixture(support.ProcessTest):
    limit = 180

    @classmethod
    def setUpClass(cls):
        support.need_system()
        support.need_tool("redis-cli")

    def setUp(self):
        super().setUp()
        self.secret = self.folder / "passphrase"
        self.secret.write_text("correct horse\n")
        self.file = self.folder / "facebus.backup"
        self.restored = self.folder / "restored"
        self.system = self.empty_system()
        self.system.enrol(PHOTOS)

    def empty_system(self):
        """Returns a system in which only an empty Redis is running."""
        system = System(self)
        system.start_redis()
        return system

    def redis(self, system, *command):
        finished = self.run_program(["redis-cli", "-s", system.folder / "redis", *command])
        self.assertEqual(0, finished.code, finished)
        return finished.out.strip()

    def digests(self, system):
        """Returns the digest of the value of each key that a backup contains."""
        lines = self.redis(system, "--raw", "EVAL", DIGESTS, "0").splitlines()
        return dict(line.rsplit(" ", 1) for line in lines)

    def succeed(self, system, *arguments):
        finished = system.facebus(*arguments)
        self.assertEqual(0, finished.code, finished)
        return finished

    def backup(self):
        return self.succeed(self.system, "backup", self.file, "--passphrase", self.secret)

    def restore(self, system, *arguments, encrypted=True):
        passphrase = ("--passphrase", self.secret) if encrypted else ()
        return system.facebus("restore", self.file, *passphrase, "--into", self.restored, *arguments)

    def restored_file(self, path):
        return self.restored / path.relative_to("/")

    def check_refused(self, code, words, system, *arguments, encrypted=True):
        """Checks that a restore fails with this exit code and message, and changes nothing."""
        before = self.digests(system)
        failed = self.restore(system, *arguments, encrypted=encrypted)
        self.assertEqual(code, failed.code, failed)
        self.assertIn(words, failed.err)
        self.assertEqual(before, self.digests(system))
        self.assertFalse(self.restored.exists())

    def write_settings(self):
        """Writes a configuration that names key files. Returns all these files."""
        keys = self.folder / "keys"
        for role, name in (("broker", "hall"), ("edge", "door")):
            self.succeed(self.system, "keygen", role, name, "--into", keys)
        allowed = self.folder / "allowed"
        allowed.mkdir()
        (keys / "door.pub").rename(allowed / "door.pub")
        self.succeed(self.system, "api-key", "admin", "panel", "--into", self.folder / "api-keys")
        self.config.write_text(f"bus:\n  key: {keys / 'hall.key'}\n  allowed: {allowed}\n"
                               f"gateway:\n  keys: {self.folder / 'api-keys'}\n"
                               f"mqtt:\n  password_file: {self.folder / 'missing'}\n")
        return [self.config, keys / "hall.key", allowed / "door.pub", self.folder / "api-keys"]


class BackupTest(BackupFixture):
    def test_restores_gallery_history_settings_and_keys_on_an_empty_machine(self):
        self.system.enrol("--name", "man", carphone_frames(self))
        self.succeed(self.system, "gallery", "ignore", "joe_biden")
        self.succeed(self.system, "calibrate", "--fpir", "0.01")
        self.system.start_all()
        known = next(m for m in identities(self.system.replay(CARPHONE)) if m["decision"] == "known")
        for name in reversed(list(self.system.services)):
            if name != "redis":
                self.system.stop(name)
        files = self.write_settings()

        written = self.backup()
        self.assertIn("3 people, ", written.out)
        self.assertIn(f"not in the backup: cannot read {self.folder / 'missing'}", written.err)
        self.assertIn("mqtt.password_file", written.err)
        self.assertEqual(0o600, self.file.stat().st_mode & 0o777)
        self.assertNotIn(b"joe_biden", self.file.read_bytes())

        contents = {file: (file.read_bytes(), file.stat().st_mode & 0o777) for file in files}
        self.config.write_text("")
        other = self.empty_system()
        done = self.restore(other)
        self.assertEqual(0, done.code, done)
        for file, (content, mode) in contents.items():
            self.assertEqual(content, self.restored_file(file).read_bytes(), file)
            self.assertEqual(mode, self.restored_file(file).stat().st_mode & 0o777, file)
        self.assertEqual(self.digests(self.system), self.digests(other))
        self.assertGreater(int(self.redis(other, "pttl", "facebus:results")), 0)

        other.start_all()
        again = [m for m in identities(other.replay(CARPHONE)) if m["decision"] == "known"]
        self.assertEqual({known["subject_id"]}, {m["subject_id"] for m in again})
        # The restored history can still be erased.
        self.succeed(other, "gallery", "remove", "man")
        self.assertNotIn(known["subject_id"], self.redis(other, "--raw", "XRANGE", "facebus:results", "-", "+"))

    def test_refuses_a_damaged_or_truncated_file_and_a_wrong_passphrase_before_it_changes_anything(self):
        for flags in (("--passphrase", self.secret), ("--unencrypted",)):
            self.succeed(self.system, "backup", self.file, *flags)
            whole = self.file.read_bytes()
            other = self.empty_system()
            middle = len(whole) // 2
            lines = whole.splitlines(keepends=True)
            for damaged in (whole[:middle], whole[:-1], b"".join(lines[:-1]), b"",
                            whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:],
                            whole + b"\n"):
                with self.subTest(flags=flags, bytes=len(damaged)):
                    self.file.write_bytes(damaged)
                    self.check_refused(65, str(self.file), other, encrypted=flags != ("--unencrypted",))
        self.backup()
        self.secret.write_text("wrong\n")
        self.check_refused(65, "wrong passphrase", other)

    def test_replaces_existing_data_only_on_request_and_existing_files_never(self):
        self.config.write_text("results:\n  history_hours: 2\n")
        self.backup()
        expected = self.digests(self.system)
        other = self.empty_system()
        other.enrol("--name", "somebody else", PHOTOS / "joe_biden/biden.jpg")
        self.check_refused(65, "--replace", other)

        target = self.restored_file(self.config)
        target.parent.mkdir(parents=True)
        target.write_text("results:\n  history_hours: 3\n")
        before = self.digests(other)
        failed = self.restore(other, "--replace")
        self.assertEqual(65, failed.code, failed)
        self.assertIn(str(target), failed.err)
        self.assertEqual(before, self.digests(other))

        target.unlink()
        for _ in range(2):  # a repeated restore accepts the files that it has already written
            done = self.restore(other, "--replace")
            self.assertEqual(0, done.code, done)
            self.assertEqual(expected, self.digests(other))
            self.assertEqual("results:\n  history_hours: 2\n", target.read_text())

    def test_writes_an_unencrypted_backup_only_on_request(self):
        failed = self.system.facebus("backup", self.file)
        self.assertEqual(64, failed.code, failed)
        self.assertIn("--passphrase", failed.err)
        self.assertFalse(self.file.exists())
        self.succeed(self.system, "backup", self.file, "--unencrypted")
        self.assertEqual(0o600, self.file.stat().st_mode & 0o777)
        self.assertIn(b"joe_biden", self.file.read_bytes())
        # With a passphrase, a file that somebody put in place of the encrypted one must not be restored.
        other = self.empty_system()
        self.check_refused(65, "not encrypted", other)
        done = self.restore(other, encrypted=False)
        self.assertEqual(0, done.code, done)

    def test_omits_damaged_samples_and_reports_their_number(self):
        sample = self.redis(self.system, "KEYS", "facebus:sample:*").splitlines()[0]
        self.redis(self.system, "HSET", sample, "embedding", "damaged")
        written = self.backup()
        self.assertIn("2 people, 3 samples, ", written.out)
        self.assertIn("1 sample omitted", written.err)
        done = self.restore(self.empty_system())
        self.assertEqual(0, done.code, done)
        self.assertIn("2 people, 3 samples, ", done.out)

    def test_follows_no_symbolic_link_below_the_target_folder(self):
        self.config.write_text("results:\n  history_hours: 2\n")
        self.backup()
        outside = self.folder / "outside"
        outside.mkdir()
        other = self.empty_system()
        target = self.restored_file(self.config)
        target.parent.parent.mkdir(parents=True)
        for link, to in ((target.parent, outside), (target, outside / "file")):
            with self.subTest(link=link):
                link.symlink_to(to)
                failed = self.restore(other)
                self.assertEqual(65, failed.code, failed)
                self.assertIn(f"{link} is a symbolic link", failed.err)
                self.assertEqual([], list(outside.iterdir()))
                self.assertEqual({}, self.digests(other))
                link.unlink()
            target.parent.mkdir(exist_ok=True)


class ErasureTest(BackupFixture):
    """Backups and restores while the traces of removed people are not erased yet."""

    def setUp(self):
        need_gateway()
        super().setUp()
        self.site = SimulatedSite(self)
        self.people = [self.site.add_subject(name) for name in ("Alice", "Bob", "Carol")]

    def await_results(self, count):
        while self.redis(self.site, "XLEN", "facebus:results") != str(count):
            self.site.next()

    def damage_erasure(self, system):
        """Makes every erasure fail."""
        self.redis(system, "HSET", "facebus:erasure:state", "id", "x", "phase", "damaged")

    def test_a_backup_omits_results_that_name_removed_or_ignored_people(self):
        alice, bob, carol = self.people
        self.site.result("t1", alice)
        self.site.result("t2", bob)
        self.site.result("t3", carol,
                         runner_up={"subject_id": alice[0], "subject": alice[1], "similarity": 0.3})
        self.site.result("t4", carol)
        self.site.result("t5")
        self.await_results(5)
        self.damage_erasure(self.site)
        self.assertEqual(65, self.site.facebus("gallery", "remove", "Alice").code)
        self.assertEqual(65, self.site.facebus("gallery", "ignore", "Bob").code)
        self.assertEqual("5", self.redis(self.site, "XLEN", "facebus:results"))
        written = self.succeed(self.site, "backup", self.file, "--passphrase", self.secret)
        self.assertIn("2 people, 0 samples, 2 results, ", written.out)
        other = self.empty_system()
        done = self.restore(other)
        self.assertEqual(0, done.code, done)
        results = self.redis(other, "--raw", "XRANGE", "facebus:results", "-", "+")
        self.assertIn(carol[0], results)
        self.assertNotIn(alice[0], results)
        self.assertNotIn(bob[0], results)

    def test_a_restore_first_erases_traces_so_that_restored_results_remain(self):
        alice = self.people[0]
        self.site.result("t1", alice)
        self.await_results(1)
        self.succeed(self.site, "backup", self.file, "--passphrase", self.secret)
        other = self.empty_system()
        self.damage_erasure(other)
        failed = self.restore(other)
        self.assertEqual(65, failed.code, failed)
        self.assertIn(f'restore "{self.file}" --passphrase "{self.secret}" --into "{self.restored}"', failed.err)

        self.redis(other, "DEL", "facebus:erasure:state")
        # Alice was removed after the backup, and the newest result was erased.
        self.redis(other, "HSET", "facebus:erasure:recorded", alice[0], "")
        self.redis(other, "XADD", "facebus:results", "9999999999999-0", "topic", "identity.door")
        self.redis(other, "XDEL", "facebus:results", "9999999999999-0")
        done = self.restore(other)
        self.assertEqual(0, done.code, done)
        self.assertEqual("1", self.redis(other, "XLEN", "facebus:results"))
        self.assertEqual("", self.redis(other, "KEYS", "facebus:erasure:*"))


class FormatTest(BackupFixture):
    """Data of a format that this version of facebus does not support."""

    def test_every_program_refuses_data_of_a_newer_format(self):
        self.redis(self.system, "SET", "facebus:format", "2")
        for arguments in (("gallery", "list"), ("gallery", "add", PHOTOS), ("watch", "--since", "1h", "--count", "1"),
                          ("migrate",), ("backup", self.file, "--unencrypted")):
            with self.subTest(arguments=arguments):
                failed = self.system.facebus(*arguments)
                self.assertEqual(69, failed.code, failed)
                self.assertRegex(failed.err, "format 2.* format 1; upgrade this program")
        for name in ("broker", "recognize"):
            with self.subTest(name=name):
                ended = self.run_program([support.program(f"facebus-{name}")], self.system.environment)
                self.assertEqual(78, ended.code, ended)
                self.assertRegex(ended.err, "format 2.* format 1")

    def test_a_running_worker_keeps_its_gallery_if_the_data_gets_a_newer_format(self):
        self.system.start("broker", "recognize")
        self.redis(self.system, "SET", "facebus:format", "2")
        self.system.until(lambda m: m.kind == "status" and m["gallery_stale"])
        self.redis(self.system, "SET", "facebus:format", "1")
        self.system.until(lambda m: m.kind == "status" and not m["gallery_stale"])

    def test_the_first_write_stores_the_format_and_migrate_reports_it(self):
        self.assertEqual("1", self.redis(self.system, "GET", "facebus:format"))
        self.redis(self.system, "DEL", "facebus:format")  # as in data of the first release
        self.succeed(self.system, "gallery", "list")
        self.assertIn("format 1", self.succeed(self.system, "migrate").out)


if __name__ == "__main__":
    unittest.main()
