#!/usr/bin/env python3
"""Makes the seeds of the fuzz targets from the recorded messages in tests/data/qi.

    make_corpus.py         writes tests/fuzz/corpus/<target>/; what is there already stays

The form of each target's input is told at the head of its source. Seeds are small and few: one for each shape of
message that was recorded, and some by hand for what was not.
"""

import base64
import json
import pathlib
import ssl

TESTS = pathlib.Path(__file__).resolve().parent.parent
CORPUS = TESTS / "fuzz" / "corpus"
MOST = 60  # files a target
LARGEST = 3000  # bytes a file


def recorded():
    for path in sorted((TESTS / "data" / "qi").glob("[0-9]*.json")):
        for message in json.loads(path.read_text())["messages"]:
            if "header_hex" in message:
                yield path.stem, message


def payload(message):
    return bytes.fromhex(message["payload_hex"])


def whole(message):
    return bytes.fromhex(message["header_hex"]) + payload(message)


def save(target, name, content, largest=LARGEST):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    if len(content) <= largest and len(list(folder.iterdir())) < MOST:
        (folder / name).write_bytes(content)


def frames():
    first = whole(next(recorded())[1])
    save("frames", "announces_2_gigabytes", b"\x00\x01" + first[:8] + b"\xff\xff\xff\x7f" + first[12:])
    save("frames", "bad_magic", b"\x00\x01\x42\xde\xad\x00" + first[4:])
    save("frames", "above_the_limit", b"\x00\x04" + first)
    streams = {}
    for file, message in recorded():
        streams.setdefault((file, message["conn"], message["dir"]), []).append(whole(message))
    for (file, connection, direction), messages in streams.items():
        small = b"".join(message for message in messages if len(message) < 400)[: LARGEST - 2]
        save("frames", f"{file}_{connection}_{direction[0].lower()}", b"\x05\x01" + small)


def signatures():
    texts = ["", "X", "~s", "#m", "i<>", "i<a<b>c>", "(i<a>s)<P,x,y>", "[" * 63 + "i" + "]" * 63, "(" * 70]
    texts += sorted({message["signature"] for _, message in recorded()}, key=lambda text: (-len(text), text))
    for number, text in enumerate(texts):
        save("signatures", f"{number:02}", text.encode())


def values():
    for name, signature, content in [
            ("nested_dynamics", b"m", b"\1\0\0\0m" * 5 + b"\1\0\0\0i\7\0\0\0"),
            ("voids", b"[v]", b"\4\0\0\0"),
            ("invalid_dynamic", b"[m]", b"\1\0\0\0" + bytes(4)),
            ("optionals", b"[++v]", b"\3\0\0\0\0\1\0\1\1"),
            ("varargs", b"(#s)", b"\1\0\0\0\1\0\0\0\xff"),
            ("largest_float", b"f", b"\xff\xff\x7f\xff"),
            ("nan", b"(df)", b"\1\0\0\0\0\0\xf8\xff\1\0\xc0\x7f")]:
        save("values", name, b"\2" + signature + b"\0" + content)
    seen, seen_anywhere = set(), {message["signature"] for _, message in recorded()}
    for file, message in recorded():
        signature = message["signature"]
        has_object = "o" in signature.split("<")[0]
        cache, uid = has_object and "18" in file, not (has_object and "19" in file)
        if (signature, cache, uid) in seen or f"({signature})" in seen_anywhere:
            continue
        seen.add((signature, cache, uid))
        save("values", f"{file[:2]}_{message['n']:02}",
             bytes([cache | uid << 1]) + signature.encode() + b"\0" + payload(message))


def capability_maps():
    for number, content in enumerate(sorted({payload(m) for _, m in recorded() if m["signature"] == "{sm}"})):
        save("capability_maps", f"{number:02}", content)


def as_json(noted):
    """The noted value in the JSON form of docs/protocol/json.md, as far as that needs no type."""
    if isinstance(noted, dict):
        if "dyn" in noted:
            return {"$type": noted["dyn"], "$value": as_json(noted["v"])} if noted["dyn"] else {"$type": ""}
        if "raw" in noted:
            return {"$raw": base64.b64encode(bytes.fromhex(noted["raw"])).decode()}
        return {key: as_json(value) for key, value in noted.items()}
    if isinstance(noted, list):
        pairs = noted and all(isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) for item in noted)
        return {"$map": [[key, as_json(value)] for key, value in noted]} if pairs else [as_json(item) for item in noted]
    return noted


def json_arguments():
    seen = set()
    for _, message in recorded():
        signature = message["signature"]
        kind = (signature, len(json.dumps(message["decoded"])))
        if not signature.startswith("(") or "<ServiceInfo" in signature[:12] or "o" in signature or kind in seen:
            continue
        seen.add(kind)
        text = json.dumps(as_json(message["decoded"]), separators=(",", ":"))
        save("json_arguments", f"{len(seen):02}", signature.encode() + b"\0" + text.encode())
    for name, signature, text in [
            ("guessed", "(mmmm)", '[1, 2.5, {"a": [true, null]}, "x"]'),
            ("object", "(o)", '[{"$object": {"service": 1, "object": 2, "metaObject": [{"$map": []}, {"$map": []}, '
                              '{"$map": []}, ""]}}]'),
            ("floats", "(df)", '[{"$float": "nan:fff8deadbeef0001"}, -0.0]'),
            ("optionals", "(++v+i)", '[{"$some": null}, null]'),
            ("text_of_bytes", "(s{ss})", '[{"$bytes": "/w=="}, {"$map": [["b", "1"], ["a", "2"]]}]'),
            ("malformed", "(i)", "[1,\n 2,"),
            ("huge_number", "(d)", "[1e400]")]:
        save("json_arguments", name, signature.encode() + b"\0" + text.encode())


def client_hello(version):
    context = ssl.create_default_context()
    context.minimum_version = context.maximum_version = version
    outgoing = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="robot.example").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def tls_records():
    if (CORPUS / "tls_records").exists():
        return  # each hello is another one
    hello = client_hello(ssl.TLSVersion.TLSv1_3)
    save("tls_records", "hello_1_3", b"\0\xff" + hello)
    save("tls_records", "hello_1_3_in_pieces", b"\0\0" + hello)
    save("tls_records", "hello_1_2", b"\0\xff" + client_hello(ssl.TLSVersion.TLSv1_2))
    save("tls_records", "qi", b"\0\xff" + whole(next(recorded())[1]))
    save("tls_records", "qi_to_client", b"\1\xff" + whole(next(recorded())[1]))
    save("tls_records", "http", b"\0\xffGET / HTTP/1.1\r\n\r\n")
    # TLS 1.2 without a session id: a ServerHello with ECDHE-ECDSA-AES128-GCM-SHA256, then an empty ServerHelloDone.
    body = b"\3\3" + bytes(32) + b"\0" + b"\xc0\x2b" + b"\0"
    server_hello = b"\2\0\0" + bytes([len(body)]) + body
    save("tls_records", "server_hello_1_2", b"\1\xff\x16\3\3\0" + bytes([len(server_hello)]) + server_hello
         + b"\x16\3\3\0\4\x0e\0\0\0")
    for number, text in enumerate([b"\x15\3\3\0\2\2\x28", b"\x15\3\3\0\2\1\0", b"\x14\3\3\0\1\1",
                                   b"\x17\3\3\0\x18" + bytes(24), b"\x16\3\3\0\4\0\0\0\0"]):
        for mode in range(4):
            save("tls_records", f"record_{number}_{mode}", bytes([mode, 255]) + text)


def pool_messages():
    def message(kind, *numbers):
        payload = b"".join(number.to_bytes(4, "little") for number in numbers)
        return bytes([kind, len(payload)]) + payload

    slab = message(0) + message(2, 1, 65536)
    for name, content in [
            ("borrowed", slab + message(4, 1, 0, 65536) + message(5) + message(4, 1, 60000, 5536)),
            ("beyond", slab + message(4, 1, 65530, 7)),
            ("wraps", slab + message(4, 1, 0xFFFFFFFF, 2)),
            ("twice", slab + message(4, 1, 0, 1) + message(4, 1, 0, 1)),
            ("unknown", message(4, 1, 0, 1)),
            ("unsealed", message(1) + message(2, 1, 65536)),
            ("without_descriptor", message(2, 1, 65536)),
            ("other_size", message(0) + message(2, 1, 65537)),
            ("dropped", slab + message(3, 1) + message(4, 1, 0, 1)),
            ("dropped_in_use", slab + message(4, 1, 0, 9) + message(3, 1)),
            ("own", message(7, 5) + message(6, 1) + message(7, 6) + message(7, 6) + message(7, 6) + message(6, 2)),
            ("unlent", message(6, 1))]:
        save("pool_messages", name, content)


def http_requests():
    def post(fields, body=b"{}"):
        return b"POST /enrol HTTP/1.1\r\nHost: relay.example\r\n" + fields + b"\r\n" + body

    chunked = b"Transfer-Encoding: chunked\r\n"
    for name, text in [
            ("get", b"GET /?a=b#c HTTP/1.0\r\n\r\n"),
            ("post", post(b"Content-Length: 2\r\n")),
            ("empty", post(b"Content-Length: 0\r\n", b"")),
            ("half", post(b"Content-Length: 20\r\n")),
            ("expects", post(b"Expect: 100-continue\r\nContent-Length: 2\r\n")),
            ("above_the_limit", post(b"Content-Length: 257\r\n")),
            ("huge", post(b"Content-Length: 18446744073709551615\r\n")),
            ("negative", post(b"Content-Length: -1\r\n")),
            ("two_lengths", post(b"Content-Length: 2\r\nContent-Length: 3\r\n")),
            ("length_and_chunks", post(b"Content-Length: 2\r\n" + chunked)),
            ("chunks", post(chunked, b"1\r\n{\r\n1;name=value\r\n}\r\n0\r\nTrailer: x\r\n\r\n")),
            ("no_chunks", post(chunked, b"0\r\n\r\n")),
            ("chunk_of_everything", post(chunked, b"ffffffffffffffff\r\n")),
            ("chunk_without_end", post(chunked, b"1;" + b"x" * 600)),
            ("long_line", b"GET /" + b"x" * 600),
            ("long_field", post(b"X: " + b"x" * 600)),
            ("many_fields", post(b"X: y\r\n" * 120)),
            ("folded", post(b"X: y\r\n z\r\nContent-Length: 2\r\n")),
            ("absolute", b"GET https://relay.example/enrol HTTP/1.1\r\n\r\n"),
            ("version", b"GET / HTTP/2.0\r\n\r\n"),
            ("preface_of_http2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            ("two_requests", post(b"Content-Length: 2\r\n") * 2)]:
        save("http_requests", name, b"\x10" + text)


def live_server():
    """What each connection of a client carried, to the directory or to a service; some in a mode of their own."""
    streams = {}
    for file, message in recorded():
        if message["dir"] == "C->S":
            streams.setdefault((file, message["conn"]), []).append(whole(message))
    register = streams["06_register_unregister", 1]
    # A service that answers what it is asked: the calls of the directory's clients come to it.
    answers = [whole(message) for file, message in recorded()
               if file[:2] == "13" and message["conn"] == 3 and message["dir"] == "S->C"]
    save("live_server", "provides", b"\2" + b"".join(register[1:] + answers))
    slab = bytes.fromhex("42dead42") + bytes(4) + (8).to_bytes(4, "little") + b"\0\0\x80\0" + bytes(12)
    offer = slab + (1).to_bytes(4, "little") + (65536).to_bytes(4, "little")
    pooled = bytes.fromhex("42dead42") + (7).to_bytes(4, "little") + (12).to_bytes(4, "little") + b"\0\0\1\x80"
    pooled += b"".join(number.to_bytes(4, "little") for number in (2, 1, 112, 1, 0, 65536))
    save("live_server", "pool", b"\2" + offer + pooled)
    for (file, connection), messages in streams.items():
        name = f"{file[:2]}_{connection}"
        save("live_server", name, b"\0" + b"".join(messages))
        if connection == 3:
            save("live_server", f"{name}_service", b"\3" + b"".join(messages[1:]))


def live_client():
    """What the servers of a scenario sent, in one stream, as to a client that reaches the service through them."""
    first = {("authenticate", 0), ("metaObject", 1)}
    for file in sorted({file for file, _ in recorded()} - {"04_connect_badtoken", "05_connect_missing_auth"}):
        messages = [message for name, message in recorded() if name == file and message["dir"] == "S->C"]
        calls = [message for name, message in recorded() if name == file and message["dir"] == "C->S"
                 and message["header"]["service"] > 1]  # to a service that the client provides
        kept = [message for message in messages
                if (message["header"].get("action_name"), message["header"]["service"] and 1) not in first]
        save("live_client", f"{file[:2]}_helped", bytes([2]) + b"".join(map(whole, kept)), 9000)
        if calls:
            save("live_client", f"{file[:2]}_called", bytes([2]) + b"".join(map(whole, kept[:12] + calls)), 9000)
        if file[:2] in ("03", "07", "13", "18"):
            mode = {"03": 32, "18": 16}.get(file[:2], 0)
            save("live_client", f"{file[:2]}_alone", bytes([mode]) + b"".join(map(whole, messages)), 12000)
        service = [message for message in messages if message["conn"] == 3]
        if service[2:]:
            save("live_client", f"{file[:2]}_service", bytes([3]) + b"".join(map(whole, service[2:])), 9000)


def socks5():
    name = b"\5\1\0\3\x04host\0\x50"
    for label, side, text in [
            ("connect", 0, b"\5\1\0" + name),
            ("methods", 0, b"\5\3\2\0\1" + name),
            ("no_method", 0, b"\5\0"),
            ("password", 0, b"\5\1\2"),
            ("bind", 0, b"\5\1\0\5\2\0\3\x04host\0\x50"),
            ("address", 0, b"\5\1\0\5\1\0\1\x7f\0\0\1\0\x50"),
            ("empty_name", 0, b"\5\1\0\5\1\0\3\0\0\x50"),
            ("http", 0, b"GET / HTTP/1.1\r\n\r\n"),
            ("succeeded", 1, b"\5\0\5\0\0\3\x04host\0\0"),
            ("ipv4", 1, b"\5\0\5\0\0\1" + bytes(6)),
            ("ipv6", 1, b"\5\0\5\0\0\4" + bytes(18)),
            ("refused", 1, b"\5\0\5\2\0\1" + bytes(6)),
            ("none_acceptable", 1, b"\5\xff")]:
        save("socks5", label, bytes([side]) + text)


if __name__ == "__main__":
    frames()
    signatures()
    values()
    capability_maps()
    json_arguments()
    tls_records()
    pool_messages()
    http_requests()
    socks5()
    live_server()
    live_client()
    for folder in sorted(CORPUS.iterdir()):
        sizes = [path.stat().st_size for path in folder.iterdir()]
        print(f"{folder.name}: {len(sizes)} files, {sum(sizes)} bytes")
