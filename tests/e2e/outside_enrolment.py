"""Enrolment as docs/protocol tells it, by the standard library and the openssl command: nothing of Beckon's code."""

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import pathlib
import ssl
import subprocess
import uuid


def text_of(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def bytes_of(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Key:
    """Ed25519, in a file; openssl signs."""

    def __init__(self, file):
        self.file = pathlib.Path(file)
        self.openssl("genpkey", "-algorithm", "ed25519", "-out", self.file)
        self.public = self.openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")[-32:]
        # As presence shows it.
        self.fingerprint = hashlib.sha256(self.public).hexdigest()

    def openssl(self, *arguments):
        return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout

    def sign(self, text):
        message = self.file.with_suffix(".message")
        message.write_text(text)
        return self.openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.file, "-in", message)

    def statement(self, account, key, ends, kind="robot"):
        """Of the owner whose key this is: the attributes of <statement xmlns='urn:beckon:fleet:0'/>."""
        signed = f"beckon statement 0\n{account}\n{kind}\n{text_of(key.public)}\n{ends}\n"
        return {"kind": kind, "key": text_of(key.public), "ends": str(ends), "signature": text_of(self.sign(signed))}


class Code:
    def __init__(self, text):
        place, self.fleet, self.kind, secret, *pin = text.split("/")
        self.host, port = place.rsplit(":", 1)
        self.port = int(port)
        self.secret = bytes_of(secret)
        self.pin = bytes_of(pin[0]) if pin else None
        self.ticket = self.derived("beckon enrolment ticket")
        self.seal = self.derived("beckon enrolment seal")

    def derived(self, purpose):
        """HKDF (RFC 5869) with SHA-256 and no salt; one block is enough."""
        extracted = hmac.digest(bytes(32), self.secret, "sha256")
        return hmac.digest(extracted, purpose.encode() + b"\1", "sha256")

    def sealed(self, text):
        return hmac.digest(self.seal, text.encode(), "sha256")


def request_of(code, name, key, **instead):
    """What to send; `instead` says something else in its place."""
    said = {"kind": code.kind, "fleet": code.fleet, "name": name, "id": str(uuid.uuid4()), "key": text_of(key.public), **instead}
    claim = "beckon enrolment 0\n" + "".join(said[part] + "\n" for part in ("kind", "fleet", "name", "id", "key"))
    return {"version": 1, "ticket": text_of(code.ticket), "proof": text_of(code.sealed(claim)), "signature": text_of(key.sign(claim)), **said}


def post(code, body):
    """Status and answer of the relay, whose key is the one that the code names."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE  # the pin below is all that counts
    with contextlib.closing(http.client.HTTPSConnection(code.host, code.port, timeout=60, context=trust)) as connection:
        connection.connect()
        certificate = ssl.DER_cert_to_PEM_cert(connection.sock.getpeercert(True))
        public = subprocess.run(["openssl", "x509", "-noout", "-pubkey"], check=True, capture_output=True, input=certificate.encode()).stdout
        shown = hashlib.sha256(ssl.PEM_cert_to_DER_cert(public.decode().replace("PUBLIC KEY", "CERTIFICATE"))).digest()
        if shown != code.pin:
            raise ssl.SSLError("the relay has another key than the code says")
        connection.request("POST", "/beckon/enrolment", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def enrol(code, name, key):
    """The answer, once it is sure that whoever made the code is the owner that the relay names."""
    status, answer = post(code, request_of(code, name, key))
    if status != 200:
        raise ValueError(f"{status}: {answer}")
    introduction = f"beckon introduction 0\n{code.fleet}\n{answer['ownerAccount']}\n{answer['ownerKey']}\n"
    if not hmac.compare_digest(bytes_of(answer["introduction"]), code.sealed(introduction)):
        raise ValueError(f"the relay names another owner: {answer['ownerAccount']}")
    return answer
