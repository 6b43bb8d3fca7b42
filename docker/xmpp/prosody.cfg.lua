daemonize = false
data_path = "/srv/xmpp/data"
certificates = "/srv/xmpp"
interfaces = { "0.0.0.0" }
c2s_ports = { 5222 }
c2s_direct_tls_ports = { }
c2s_require_encryption = true
network_settings = { nagle = false } -- on by default: answers wait 40 ms
authentication = "internal_hashed"
password_hash = "SHA-256" -- otherwise only SCRAM-SHA-1 is offered
modules_disabled = { "s2s", "offline" }
modules_enabled = { "roster", "saslauth", "tls", "disco", "ping" }
log = { info = "*console" }
VirtualHost "robots.test"
  ssl = { certificate = "/srv/xmpp/server.crt", key = "/srv/xmpp/server.key" }
