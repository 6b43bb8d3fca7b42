"""An Internet of a test's own: a server in it, with a name server, and homes that reach it by a cable of their own."""

import pathlib

from computers import Computer, run

SERVER, MOVED = "10.99.0.1", "10.99.0.2"  # addresses of the server


class Internet:
    """`cloud` is the server's computer, which has the address SERVER."""

    def __init__(self, world):
        self.world, self.homes = world, 0
        self.cloud = Computer(world, "cloud", "machine-cloud")
        self.give(SERVER)

    def give(self, address):
        run(*self.cloud.network, "ip", "address", "add", f"{address}/32", "dev", "lo")

    def home(self, name, beside=None):
        """A computer with the address .address, whose way out is the cloud, or another computer."""
        self.homes += 1
        home = Computer(self.world, name, f"machine-{name}")
        home.gate = f"10.{self.homes}.0.1"
        home.address = f"10.{self.homes}.0.2"
        (beside or self.cloud).cable(home, home.gate, home.address, device=f"net{self.homes}")
        home.device = f"net{self.homes}"
        if not beside:
            self.route(home)
        return home

    def route(self, home):
        run(*home.network, "ip", "route", "add", "default", "via", home.gate)

    def move(self, home):
        """It has another address from one moment to the next, as in another network."""
        last = 2 + (int(home.address.rsplit(".", 1)[1]) - 1) % 250
        run(*home.network, "ip", "address", "flush", "dev", home.device, "scope", "global")
        home.address = home.address.rsplit(".", 1)[0] + f".{last}"
        run(*home.network, "ip", "address", "add", f"{home.address}/24", "dev", home.device)
        self.route(home)

    def name_server(self, name, *records):
        """dnsmasq in the cloud. Each home that it is shown to asks it and no other."""
        self.world.inside = self.cloud.command
        server = self.world.start(name, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--no-daemon",
                                  "--user=root", f"--pid-file={self.world.folder}/{name}.pid", "--local-ttl=1", *records, binary=False)
        server.await_text("started")
        return server

    def show_name_server(self, *computers):
        resolv = self.world.folder / "resolv.conf"
        resolv.write_text(f"nameserver {SERVER}\n")
        for computer in computers:
            run(*computer.command, "mount", "--bind", resolv, pathlib.Path("/etc/resolv.conf").resolve())
