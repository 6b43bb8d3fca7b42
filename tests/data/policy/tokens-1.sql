-- A store of tokens as the first schema had it, with two tokens; sqlite3 makes the file from this text.
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1114330219;
CREATE TABLE tokens (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, hash BLOB NOT NULL UNIQUE, made INTEGER NOT NULL, ends INTEGER) STRICT;
-- SHA-256 of "bkn_", 32 bytes of 0x01 and their check, in base32; and of the same with 0x02.
INSERT INTO tokens VALUES (3, 'tablet', 'operator', x'a4e3b617afa930452c4dcdfc7e0fb9a0a91fb002aa69fca67890a5c755544f02', 1790000000, 1790604800);
INSERT INTO tokens VALUES (7, 'desk', 'guest', x'bbe8552b1a28d40710dee1f6689507191bd6958dc3db3e9a0c4d426eff4f144c', 1790000001, NULL);
UPDATE sqlite_sequence SET seq = 9 WHERE name = 'tokens';
PRAGMA user_version = 1;
