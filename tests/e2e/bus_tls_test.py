"""TLS on a bus, as the programs offer it: `tcps` verifies whoever is dialled, `tcpsm` both (docs/design/012)."""

import os
import socket
import ssl
import subprocess
import unittest

from world import World

LIBQI_PROGRAM = os.environ.get("BECKON_LIBQI_PROGRAM")


class TlsWorld(World):
    """An authority, and a certificate of it for this computer's loopback."""

    def setUp(self):
        super().setUp()
        self.authority("ca")
        self.issue("robot", "ca", "IP:127.0.0.1")
        self.robot = self.pair("robot")
        self.ca = ("--ca", self.folder / "ca.pem")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=self.folder)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                     "-keyout", f"{name}.key", "-out", f"{name}.pem")

    def issue(self, name, authority, names):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                     "-addext", f"subjectAltName={names}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial",
                     "-days", "2", "-copy_extensions", "copy", "-out", f"{name}.pem")
        (self.folder / f"{name}.key").chmod(0o600)

    def pair(self, name):
        return "--certificate", self.folder / f"{name}.pem", "--key", self.folder / f"{name}.key"

    def address(self):
        host, port = self.url.split("//")[1].split(":")
        return host, int(port)


class BusTls(TlsWorld):
    def test_a_client_believes_only_the_authority_that_it_was_given(self):
        self.start_directory("tcps://127.0.0.1:0", "directory", *self.robot)
        self.start_sim("sim", *self.ca)
        self.assertEqual(self.assertDone(self.on_bus(*self.ca, "get", "ALTextToSpeech.volume")).out, "0.7\n")
        self.assertFails(self.on_bus("services"), 4, "bad-certificate", "127.0.0.1 is signed by an unknown authority", "--ca FILE", "--insecure")
        self.authority("other")
        self.assertFails(self.on_bus("--ca", self.folder / "other.pem", "services"), 4, "bad-certificate", "unknown authority")
        self.assertIn("ALMotion", self.assertDone(self.on_bus("--insecure", "services")).out)

    def test_a_certificate_for_another_host_is_refused(self):
        self.issue("elsewhere", "ca", "DNS:elsewhere.example")
        self.start_directory("tcps://127.0.0.1:0", "directory", *self.pair("elsewhere"))
        self.assertFails(self.on_bus(*self.ca, "services"), 4, "bad-certificate", "is for elsewhere.example")

    def test_the_newest_tls_is_spoken_and_1_2_for_libqi_peers(self):
        self.start_directory("tcps://127.0.0.1:0", "directory", *self.robot)
        for most, spoken in ((ssl.TLSVersion.MAXIMUM_SUPPORTED, "TLSv1.3"), (ssl.TLSVersion.TLSv1_2, "TLSv1.2")):
            context = ssl.create_default_context(cafile=self.folder / "ca.pem")
            context.maximum_version = most
            with socket.create_connection(self.address()) as raw, context.wrap_socket(raw, server_hostname="127.0.0.1") as secure:
                self.assertEqual(secure.version(), spoken)
        if LIBQI_PROGRAM:
            program = self.start("libqi", LIBQI_PROGRAM, "provide", self.url, binary=False)
            self.addCleanup(program.kill)  # it ends no other way
            program.await_line("ready")
            self.assertEqual(self.assertDone(self.on_bus(*self.ca, "call", "LibqiService.add", "2", "40")).out, "42\n")

    def test_a_mutual_bus_takes_only_clients_of_its_authority(self):
        self.authority("staff")
        for name, authority in (("owner", "staff"), ("stranger", "ca")):
            self.issue(name, authority, f"DNS:{name}.example")
        self.start_directory("tcpsm://127.0.0.1:0", "directory", *self.robot, "--client-ca", self.folder / "staff.pem")
        self.start_sim("sim", *self.ca, *self.pair("owner"))
        self.assertIn("ALMotion", self.assertDone(self.on_bus(*self.ca, *self.pair("owner"), "services")).out)
        self.assertFails(self.on_bus(*self.ca, "services"), 2, "invalid-config", "--certificate: is missing", "--key")
        self.assertFails(self.on_bus(*self.ca, *self.pair("stranger"), "services"), 4, "bad-certificate", "refused the certificate")
        self.url = self.url.replace("tcpsm", "tcps")
        self.assertFails(self.on_bus(*self.ca, "services"), 4, "bad-certificate", "wants a certificate", "--certificate FILE --key FILE")

    def test_a_service_is_offered_by_tls_too(self):
        self.start_directory("tcps://127.0.0.1:0", "directory", *self.robot)
        self.env["XDG_RUNTIME_DIR"] = str(self.folder / "not" / "there")  # else a unix socket is the shorter way
        self.start_sim("sim", *self.ca, "--listen", "tcps://127.0.0.1:0", *self.robot)
        answer = self.on_bus(*self.ca, "-v", "get", "ALTextToSpeech.volume")
        self.assertEqual((answer.code, answer.out), (0, "0.7\n"), answer)
        self.assertRegex(answer.err, r"^ALTextToSpeech is reached by tcps://127\.0\.0\.1:\d+ \(same computer\)\n$")

    def test_one_directory_listens_with_tls_and_without(self):
        directory = self.start("directory", "beckon-directory", "tcp://127.0.0.1:0", "tcps://127.0.0.1:0", *self.robot)
        secure = directory.await_line("ready tcps://").split()[1]
        self.url = directory.await_line("ready tcp://").split()[1]
        self.start_sim()
        listed = self.assertDone(self.beckon("--bus", secure, *self.ca, "--json", "services")).json()
        self.assertEqual(listed[0]["endpoints"], [self.url, secure])

    def beckond(self, bus):
        (self.folder / "password").write_text("none\n")
        (self.folder / "password").chmod(0o600)
        (self.folder / "robot.toml").write_text('[xmpp]\naccount = "nao1@robots.test"\npassword_file = "password"\nhost = "127.0.0.1"\nport = 1\n[bus]\n' + bus)
        return self.start("beckond", "beckond", "run", "--config", self.folder / "robot.toml")

    def test_beckond_holds_a_bus_with_tls(self):
        robot = self.beckond('listen = "tcps://127.0.0.1:0"\ncertificate_file = "robot.pem"\nkey_file = "robot.key"\n')
        self.url = robot.await_line("ready tcps://127.0.0.1:").split()[1]
        self.start_sim("sim", *self.ca)
        self.assertIn("ALMotion", self.assertDone(self.on_bus(*self.ca, "services")).out)

    def test_beckond_attaches_to_a_bus_with_tls(self):
        self.authority("staff")
        self.issue("gateway", "staff", "DNS:gateway.example")
        self.start_directory("tcpsm://127.0.0.1:0", "directory", *self.robot, "--client-ca", self.folder / "staff.pem")
        robot = self.beckond(f'attach = "{self.url}"\nca_file = "ca.pem"\ncertificate_file = "gateway.pem"\nkey_file = "gateway.key"\n')
        robot.await_line(f"ready {self.url}")

    def test_what_is_missing_or_exposed_is_told_before_anything_listens(self):
        def fails(exit_code, code, words, *options):
            directory = self.start(f"directory{exit_code}{len(words)}{len(options)}", "beckon-directory", *options)
            self.assertEqual(directory.wait(), exit_code, directory.text())
            self.assertEqual(directory.text()[0], "")
            self.assertIn(f"error ({code}): ", directory.text()[1])
            self.assertIn("\n  next: ", directory.text()[1])
            self.assertIn(words, directory.text()[1])
        url, certificate, key = "tcps://127.0.0.1:0", *(self.folder / f"robot.{end}" for end in ("pem", "key"))
        fails(2, "invalid-config", "--certificate: is missing", url)
        fails(2, "invalid-config", "--certificate: is given without --key", url, "--certificate", certificate)
        fails(2, "invalid-config", "--client-ca: is missing", "tcpsm://127.0.0.1:0", *self.robot)
        fails(2, "invalid-argument", "--client-ca has no use", url, *self.robot, "--client-ca", certificate)
        fails(2, "invalid-argument", "--certificate has no use", "tcp://127.0.0.1:0", *self.robot)
        key.chmod(0o644)
        fails(2, "invalid-config", f"--key: {key} can be read by others\n  next: chmod 600 {key}", url, *self.robot)


if __name__ == "__main__":
    unittest.main(verbosity=2)
