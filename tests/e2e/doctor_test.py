"""`beckon doctor` on what can be wrong with a robot: it names the cause and what to do, within 10 s."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

from bus_tls_test import TlsWorld
from world import World, free_port

OLD_ROBOT = pathlib.Path(__file__).with_name("old_robot.py")
LONGEST_LOOK = 10.0  # seconds


class Doctor(World):
    def doctor(self, target, *options):
        begin = time.monotonic()
        answer = self.beckon("doctor", target, *options)
        self.assertLess(time.monotonic() - begin, LONGEST_LOOK, answer)
        return answer

    def assertSound(self, answer, *words):
        self.assertEqual((answer.code, answer.err), (0, ""), answer)
        self.assertIn(" is sound\n", answer.out, answer)
        for word in words:
            self.assertIn(word, answer.out, answer)

    def assertProblem(self, answer, code, *words):
        self.assertEqual((answer.code, answer.err), (1, ""), answer)
        problems = [line for line in answer.out.splitlines() if line.startswith("problem (")]
        self.assertEqual(len(problems), 1, answer)
        told = answer.out[answer.out.index(problems[0]):]
        self.assertTrue(told.startswith(f"problem ({code}): "), answer)
        self.assertIn("\n  next: ", told, answer)
        for word in words:
            self.assertIn(word, told, answer)

    def start_old_robot(self, *options):
        port = free_port()
        self.old = self.start("old", sys.executable, OLD_ROBOT, "--port", port, *options, binary=False)
        self.old.await_line("ready")
        return f"127.0.0.1:{port}"

    def listen(self, serve=None, backlog=16):
        """A port of ours; `serve` gets each connection."""
        server = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.addCleanup(server.close)

        def accept():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    serve(connection)
        if serve:
            threading.Thread(target=accept, daemon=True).start()
            self.addCleanup(server.shutdown, socket.SHUT_RDWR)
        return server, f"127.0.0.1:{server.getsockname()[1]}"

    def here(self):
        return self.url.split("//")[1]

    def write_token(self, text="secret", mode=0o600):
        file = self.folder / "token"
        file.write_text(text + "\n")
        file.chmod(mode)
        return file


class SoundBus(Doctor):
    def test_a_bus_of_beckon_is_sound(self):
        self.start_directory()
        self.start_sim()
        for target in (self.here(), self.url):
            self.assertSound(self.doctor(target), "speaks qi, without TLS", "it lets in everybody", "7 fields", "generation", "Beckon",
                             "every service can be reached")

    def test_all_is_told_in_json_too(self):
        self.start_directory()
        answer = self.doctor(self.here(), "--json")
        report = answer.json()
        self.assertEqual((answer.code, report["target"], report["sound"], report["problems"]), (0, self.here(), True, []))
        self.assertEqual(report["generation"], "Beckon")
        self.assertEqual([fact["step"] for fact in report["facts"]], ["port", "authentication", "directory", "generation", "endpoints"])
        self.assertTrue(all(fact["kind"] == "ok" and fact["milliseconds"] >= 0 for fact in report["facts"]), report)
        broken = self.doctor(f"127.0.0.1:{free_port()}", "--json")
        self.assertEqual(broken.code, 1)
        problem, = broken.json()["problems"]
        self.assertEqual(problem["code"], "unreachable")
        self.assertTrue(problem["cause"] and problem["next"])

    def test_an_old_robot_is_recognised_by_what_it_says(self):
        tokens = self.folder / "tokens"
        tokens.write_text(json.dumps(["token-1"]))
        where = self.start_old_robot("--user", "nao", "--token", tokens)
        answer = self.doctor(f"tcp://{where}", "--user", "nao", "--token-file", self.write_token("token-1"))
        self.assertSound(answer, "let in by the token of nao", "NAOqi 2.1 to 2.5: its ServiceInfo has 6 fields, no objectUid; no MessageFlags")
        self.assertNotIn("token-1", answer.out)

    def test_generations_are_told_apart(self):
        libqi_3 = ("MessageFlags", "ClientServerSocket", "ObjectPtrUID")
        for options, generation in ((["--without-authentication"], "older than NAOqi 2.1: it knows no authentication"),
                                    (["--fields", "7", *[f"--capability={name}" for name in libqi_3]], "NAOqi 2.9 or libqi before 4: its ServiceInfo has 7 fields"),
                                    (["--fields", "7", *[f"--capability={name}" for name in (*libqi_3, "RelativeEndpointURI")]], "libqi 4: its ServiceInfo has 7 fields")):
            self.assertSound(self.doctor(self.start_old_robot(*options)), f"generation      {generation}")
            self.old.kill()

    def test_a_token_that_is_renewed_is_kept(self):
        tokens = self.folder / "tokens"
        tokens.write_text(json.dumps(["token-1"]))
        where = self.start_old_robot("--user", "nao", "--token", tokens, "--renew")
        file = self.write_token("token-1")
        for expected in ("token-2", "token-3"):
            self.assertSound(self.doctor(f"tcp://{where}", "--user", "nao", "--token-file", file), "which it renewed")
            self.assertEqual(file.read_text(), expected + "\n")


class BrokenSetup(Doctor):
    def test_a_name_that_does_not_resolve(self):
        self.assertProblem(self.doctor("no-such-robot.invalid"), *self.unknown_name())

    def unknown_name(self):
        try:
            socket.getaddrinfo("no-such-robot.invalid", None)
        except socket.gaierror:
            return "unreachable", "the name no-such-robot.invalid is not known", "check the spelling"
        raise unittest.SkipTest("this network knows every name")

    def test_a_port_that_is_closed(self):
        port = free_port()
        self.assertProblem(self.doctor(f"127.0.0.1:{port}"), "unreachable", f"nothing listens on 127.0.0.1:{port}", "start the robot's software")

    def test_a_port_that_swallows_what_is_sent(self):
        # The kernel drops the first packets of connections for which there is no room.
        server, where = self.listen(backlog=0)
        fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
            fillers.append(filler)
            self.addCleanup(filler.close)
        self.assertProblem(self.doctor(where), "timed-out", f"no answer from {where}: not even a refusal", "firewall")

    def test_a_port_that_takes_connections_and_says_nothing(self):
        _, where = self.listen()
        self.assertProblem(self.doctor(where), "timed-out", f"{where} takes connections, but says nothing", "stopped or overloaded")

    def test_a_port_that_ends_every_connection(self):
        _, where = self.listen(serve=lambda connection: None)
        self.assertProblem(self.doctor(where), "connection-lost", f"{where} ends every connection without a word")

    def test_a_web_server_in_place_of_a_bus(self):
        port = free_port()
        self.start("web", sys.executable, "-u", "-m", "http.server", port, "--bind", "127.0.0.1", "--directory", self.folder, binary=False).await_line("Serving")
        self.assertProblem(self.doctor(f"127.0.0.1:{port}"), "protocol-error", "HTTP (SimpleHTTP", "not a qi bus", "9559")

    def test_a_shell_in_place_of_a_bus(self):
        def serve(connection):
            connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n")
            connection.settimeout(5)
            try:
                while connection.recv(4096):
                    pass
            except OSError:
                pass
        _, where = self.listen(serve)
        self.assertProblem(self.doctor(where), "protocol-error", "is SSH (SSH-2.0-OpenSSH_9.2p1 Debian), not a qi bus")

    def test_a_token_that_is_missing_or_wrong(self):
        tokens = self.folder / "tokens"
        tokens.write_text(json.dumps(["token-1"]))
        where = self.start_old_robot("--user", "nao", "--token", tokens)
        self.assertProblem(self.doctor(where), "not-authenticated", "asks for a token, and none was given",
                           "it says: Authentication failed: token required [1.0]", "--token-file FILE")
        token = ("--user", "nao", "--token-file", self.write_token("guess"))
        self.assertProblem(self.doctor(where, *token), "not-authenticated", "yours is not shown without TLS", f"give tcp://{where}")
        wrong = self.doctor(f"tcp://{where}", *token)
        self.assertProblem(wrong, "not-authenticated", "refuses the token of nao", "it says: Authentication failed: User or token is wrong. [1.0]", "check the token")
        self.assertNotIn("guess", wrong.out)

    def test_services_that_are_listed_where_they_cannot_be_reached(self):
        where = self.start_old_robot("--service", "ALFar,tcp://192.0.2.1:9559", "--service", "ALLocal,tcp://127.0.0.1:9560",
                                     "--service", "ALNear,tcp://192.0.2.1:9559,tcp://localhost:1")
        answer = self.doctor(where)
        self.assertProblem(answer, "unreachable", "3 of 5 services", "ALFar, ALLocal, ALNear", "listen on an address of the robot's network")
        self.assertIn("ALFar cannot be reached: tcp://192.0.2.1:9559", answer.out)
        self.assertIn("ALLocal cannot be reached: tcp://127.0.0.1:9560: only on the computer where it runs", answer.out)

    def test_a_directory_whose_process_is_stopped(self):
        self.start_directory()
        os.kill(self.directory.process.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, self.directory.process.pid, signal.SIGCONT)
        self.assertProblem(self.doctor(self.here()), "timed-out", "takes connections, but says nothing: its program hangs")

    def test_a_directory_that_lets_in_and_hangs(self):
        where = self.start_old_robot("--hangs")
        self.assertProblem(self.doctor(where), "timed-out", "lets us in, but its directory does not answer", "hangs")

    def test_usage_is_told_apart_from_what_is_broken(self):
        token = self.write_token(mode=0o644)
        for options, code, words in ((["host:0"], "invalid-argument", "the port is none"), (["udp://host"], "invalid-argument", "not spoken here"),
                                     ([""], "invalid-argument", "needs a host"), (["host", "--bus", "tcp://host"], "invalid-argument", "takes the address itself"),
                                     (["host", "--user", "nao"], "invalid-argument", "without --token-file"),
                                     (["host", "--token-file", token], "invalid-config", "can be read by others")):
            self.assertFails(self.doctor(*options), 2, code, words)


class BrokenTls(TlsWorld, Doctor):
    def setUp(self):
        super().setUp()
        self.start_directory("tcps://127.0.0.1:0", "directory", *self.robot)

    def expired(self):
        """A certificate for 127.0.0.1 whose time is over."""
        (self.folder / "index").touch()
        (self.folder / "serial").write_text("01\n")
        (self.folder / "ca.cnf").write_text("[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n"
                                            "policy=p\ncopy_extensions=copy\n[p]\ncommonName=supplied\n")
        self.issue("old", "ca", "IP:127.0.0.1")
        self.openssl("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", "old.csr", "-out", "old.pem", "-notext",
                     "-startdate", "20200101000000Z", "-enddate", "20210101000000Z")
        return self.pair("old")

    def test_a_bus_with_tls_is_sound_for_whom_it_is_verified(self):
        self.start_sim("sim", *self.ca)
        for target in (self.here(), self.url):
            self.assertSound(self.doctor(target, *self.ca), "speaks qi inside TLSv1.3", "for 127.0.0.1, ", "key SHA256:", "verified")
        self.assertSound(self.doctor(self.url, "--insecure"), "taken unverified, as was asked for")

    def test_qi_without_tls_to_a_port_that_speaks_tls(self):
        answer = self.doctor(self.url.replace("tcps", "tcp"), *self.ca)
        self.assertProblem(answer, "protocol-error", "the port speaks TLS", f"use {self.url}")

    def test_tls_to_a_port_that_speaks_qi_without_it(self):
        self.start_directory("tcp://127.0.0.1:0", "plain")
        answer = self.doctor(self.url.replace("tcp", "tcps"), *self.ca)
        self.assertProblem(answer, "protocol-error", "the port speaks it without", f"use {self.url}")

    def test_a_certificate_that_cannot_be_verified(self):
        answer = self.doctor(self.here())
        self.assertProblem(answer, "bad-certificate", "127.0.0.1 is signed by an unknown authority", "--ca FILE")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=robot",
                     "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "own.key", "-out", "own.pem")
        self.start_directory("tcps://127.0.0.1:0", "own", *self.pair("own"))
        answer = self.doctor(self.here())
        self.assertIn("signed by itself\n", answer.out.replace(" (", "\n"))
        self.assertProblem(answer, "bad-certificate", "the certificate of 127.0.0.1 is signed by itself", "--pin SHA256:", "--insecure")
        pin = re.search(r"--pin (SHA256:[0-9a-f]{64})", answer.out).group(1)
        self.assertSound(self.doctor(self.here(), "--pin", pin))
        self.assertSound(self.doctor(self.here(), "--ca", self.folder / "own.pem"))

    def test_a_certificate_that_has_expired(self):
        self.start_directory("tcps://127.0.0.1:0", "expired", *self.expired())
        answer = self.doctor(self.here(), *self.ca)
        self.assertProblem(answer, "bad-certificate", "expired at 2021-01-01 00:00:00Z", "check the clock")

    def test_a_web_server_with_tls_in_place_of_a_bus(self):
        port = free_port()
        web = ("import http.server, ssl, sys\ncontext = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\ncontext.load_cert_chain(sys.argv[2], sys.argv[3])\n"
               "server = http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), http.server.SimpleHTTPRequestHandler)\n"
               "server.socket = context.wrap_socket(server.socket, server_side=True)\nprint('ready', flush=True)\nserver.serve_forever()\n")
        self.start("web", sys.executable, "-c", web, port, self.folder / "robot.pem", self.folder / "robot.key", binary=False).await_line("ready")
        self.assertProblem(self.doctor(f"127.0.0.1:{port}", *self.ca), "protocol-error", "speaks TLS, and inside it HTTP (SimpleHTTP", "not qi")

    def test_a_token_is_not_shown_to_a_robot_whose_certificate_does_not_verify(self):
        tokens = self.folder / "tokens"
        tokens.write_text(json.dumps(["token-1"]))
        where = self.start_old_robot("--user", "nao", "--token", tokens, "--renew", "--certificate", self.folder / "robot.pem", "--key", self.folder / "robot.key")
        file = self.write_token("token-1")
        token = ("--user", "nao", "--token-file", file)
        self.assertProblem(self.doctor(where, *token), "bad-certificate", "unknown authority")
        self.assertEqual(json.loads(tokens.read_text()), ["token-1"])
        self.assertSound(self.doctor(where, *token, *self.ca), "let in by the token of nao")
        self.assertEqual(file.read_text(), "token-2\n")


if __name__ == "__main__":
    unittest.main()
