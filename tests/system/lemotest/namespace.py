"""Namespaces of our own, so that nothing system-wide is touched.

The test process leaves the machine's mount and network namespaces: every
port is free, nothing leaves the loopback, addresses that the SSRF fence
holds for public can be given to it, and /etc/passwd and /etc/resolv.conf
are copies of ours.
"""

import ctypes
import errno
import fcntl
import os
import socket
import struct
import subprocess

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
SIOCSIFADDR = 0x8916
SIOCSIFNETMASK = 0x891C
IFF_UP = 1

# Public as far as lemo-fence is concerned; they live on our loopback, and
# the five addresses behind PUBLIC4 too.
PUBLIC4 = "11.22.33.44"
MORE_PUBLIC4 = [f"11.22.33.{n}" for n in range(45, 50)]
PUBLIC6 = "2a00:1234::44"
PRIVATE4 = "10.99.0.1"

# name, uid. None has a password or a shell.
SYSTEM_USERS = [
    ("lemonade", 20201),
    ("lemovmail", 20202),
    ("lemoalice", 20203),
    ("lemobob", 20204),
]
UIDS = dict(SYSTEM_USERS)

_libc = ctypes.CDLL(None, use_errno=True)


def _mount(*args):
    subprocess.run(["mount", *args], check=True)


def _loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x",
                              fcntl.ioctl(s, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(s, SIOCSIFFLAGS,
                    struct.pack("16sh14x", b"lo", flags | IFF_UP))
        for n, address in enumerate((PUBLIC4, PRIVATE4, *MORE_PUBLIC4), 1):
            alias = f"lo:{n}".encode()
            for call, value in ((SIOCSIFADDR, address),
                                (SIOCSIFNETMASK, "255.255.255.255")):
                fcntl.ioctl(s, call, struct.pack(
                    "16sHH4s16x", alias, socket.AF_INET, 0,
                    socket.inet_aton(value)))
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFADDR, struct.pack(
            "16sIi", socket.inet_pton(socket.AF_INET6, PUBLIC6), 128,
            socket.if_nametoindex("lo")))


def far_address(address):
    """Gives this namespace an address that looks like another host's: what
    is sent there does not come from it. (RTM_NEWROUTE of rtnetlink(7).)"""
    def attribute(kind, data):
        return struct.pack("=HH", 4 + len(data), kind) + data

    oif, dst, prefsrc = 4, 1, 7
    local_table, boot, host, local = 255, 3, 254, 2
    body = struct.pack("=8BI", socket.AF_INET, 32, 0, 0, local_table, boot,
                       host, local, 0)
    body += attribute(dst, socket.inet_aton(address))
    body += attribute(prefsrc, socket.inet_aton("127.0.0.1"))
    body += attribute(oif, struct.pack("=I", socket.if_nametoindex("lo")))
    request_ack_create, newroute = 0x405, 24
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as s:
        s.send(struct.pack("=IHHII", 16 + len(body), newroute,
                           request_ack_create, 1, 0) + body)
        error = -struct.unpack("=i", s.recv(4096)[16:20])[0]
    if error not in (0, errno.EEXIST):
        raise OSError(error, "route: " + os.strerror(error))


def _overlay_file(path, directory, text):
    """Puts a copy with our text over one file."""
    target = os.path.realpath(path)
    copy = os.path.join(directory, os.path.basename(path))
    with open(copy, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(copy, 0o644)
    _mount("--bind", copy, target)


def _read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def _add_users(directory):
    passwd, group = _read("/etc/passwd"), _read("/etc/group")
    for name, uid in SYSTEM_USERS:
        if f"\n{name}:" not in "\n" + group:
            group += f"{name}:x:{uid}:\n"
        if f"\n{name}:" in "\n" + passwd:
            # the package's own account
            for line in passwd.splitlines():
                if line.startswith(name + ":"):
                    UIDS[name] = int(line.split(":")[2])
            continue
        passwd += f"{name}:x:{uid}:{uid}::/nonexistent:/usr/sbin/nologin\n"
    _overlay_file("/etc/passwd", directory, passwd)
    _overlay_file("/etc/group", directory, group)


def enter(directory, network=True):
    """Called once, as root, before any thread or server is started.
    network: leave the machine's network too."""
    if os.getuid() != 0:
        raise RuntimeError("the system tests need root (for namespaces of "
                           "their own; nothing system-wide is touched)")
    flags = CLONE_NEWNS | (CLONE_NEWNET if network else 0)
    if _libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare: " +
                      os.strerror(ctypes.get_errno()))
    _mount("--make-rprivate", "/")
    _add_users(directory)
    if network:
        _loopback_up()
        _overlay_file("/etc/resolv.conf", directory,
                      "nameserver 127.0.0.1\noptions timeout:5 attempts:2\n")


def tmpfs(directory, size):
    """A small file system of its own over a directory."""
    _mount("-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", directory)


def bind(source, directory):
    _mount("--bind", source, directory)


def umount(directory):
    """At once, also while a process still has a file open there."""
    subprocess.run(["umount", "--lazy", directory], check=True)


def remount(directory, how):
    _mount("-o", f"remount,{how}", directory)
