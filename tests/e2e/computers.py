"""Computers of a test's own: namespaces with a network, processes and files of their own. They need root, as CI has it."""

import subprocess


class Computer:
    """What runs with `command` before it finds its own network, processes, home and sockets. Gone with the test."""

    def __init__(self, world, name, machine, processes=False, sockets=None):
        """`machine`: its id; copies have the same. `processes`: they are numbered anew, and end with the test only.
        `sockets`: a folder outside that is shared for unix sockets."""
        # The same path everywhere, and everywhere another folder.
        own = world.folder / "computer"
        own.mkdir(exist_ok=True)
        world.env.update(HOME=str(own / "home"), XDG_RUNTIME_DIR=str(own / "run"))
        id_file = own / "home" / ".config" / "qimessaging" / "machine_id"
        steps = ["set -e", f"mount -t tmpfs -o mode=0700 tmpfs {own}", f"mkdir -p {id_file.parent} {own / 'run'}",
                 f"chmod 700 {own / 'run'}", f"echo {machine} > {id_file}", "ip link set lo up",
                 *([f"mount --bind {sockets} {own / 'run'}"] if sockets else []), "echo ready", "exec cat"]
        world.inside = ()
        holder = world.start(name, "unshare", "--net", "--mount",
                             *(["--pid", "--fork", "--kill-child", "--mount-proc"] if processes else []), "sh", "-c", "\n".join(steps), binary=False, stdin=subprocess.PIPE)
        world.addCleanup(holder.process.stdin.close)
        holder.await_line("ready")
        self.pid = holder.process.pid
        self.network = ["nsenter", f"--target={self.pid}", "--net"]
        self.command = [*self.network, "--mount", *([f"--pid=/proc/{self.pid}/ns/pid_for_children"] if processes else [])]

    def cable(self, other, address, others, device="eth0"):
        """Connects two computers by a cable with these addresses at its ends, where it is called `device`."""
        run(*self.network, "ip", "link", "add", device, "type", "veth", "peer", "name", device, "netns", other.pid)
        for computer, own in ((self, address), (other, others)):
            run(*computer.network, "ip", "address", "add", f"{own}/24", "dev", device)
            run(*computer.network, "ip", "link", "set", device, "up")


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stderr}")
