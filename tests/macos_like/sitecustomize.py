"""Makes a Python on Linux lack what macOS lacks. On the path of a process, it is read before all else.

What is taken away: names of the standard library that are there on Linux alone, by what the Python
documentation says under Availability; glibc's and Linux's functions behind ctypes; /proc and /sys; the
limit of a process's address space. What macOS has of its own cannot be brought here.
"""

import ctypes
import importlib
import os
import resource
import select
import selectors
import signal
import socket
import sys
import sysconfig
import time
import types
from typing import Any

LINUX_ONLY: dict[types.ModuleType, str] = {
    os: "copy_file_range eventfd fdatasync getrandom getresgid getresuid memfd_create pidfd_open pipe2 "
    "posix_fadvise posix_fallocate sched_getaffinity sched_getscheduler sched_setaffinity "
    "sched_setscheduler setresgid setresuid splice sync_file_range unshare setns getxattr setxattr "
    "listxattr removexattr O_DIRECT O_PATH O_TMPFILE O_LARGEFILE O_NOATIME",
    select: "epoll EPOLLIN EPOLLOUT",
    signal: "sigtimedwait sigwaitinfo pidfd_send_signal SIGRTMIN SIGRTMAX SIGPWR SIGSTKFLT",
    socket: "AF_NETLINK AF_PACKET AF_VSOCK SO_BINDTODEVICE SO_PEERCRED SOCK_CLOEXEC SOCK_NONBLOCK "
    "TCP_USER_TIMEOUT TCP_QUICKACK TCP_DEFER_ACCEPT TCP_KEEPIDLE",
    time: "CLOCK_BOOTTIME CLOCK_TAI pthread_getcpuclockid",
    resource: "prlimit RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_SIGPENDING RLIMIT_MSGQUEUE",
}
LINUX_CALLS = ("prctl", "mallopt", "malloc_trim", "mallinfo", "mallinfo2", "gettid", "syscall")
# The interpreter's own start asks for these.
_ALLOWED = ("/proc/self/fd",)


def _forget_names() -> None:
    for module, names in LINUX_ONLY.items():
        for name in names.split():
            if hasattr(module, name):
                delattr(module, name)


class _Library(ctypes.CDLL):
    def __getattr__(self, name: str) -> Any:
        if name in LINUX_CALLS:
            raise AttributeError(f"dlsym(RTLD_DEFAULT, {name}): symbol not found")
        return super().__getattr__(name)


def _is_linux(path: str) -> bool:
    return path.startswith(("/proc/", "/sys/")) and not path.startswith(_ALLOWED)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("open", "os.listdir", "os.scandir") and arguments:
        path = arguments[0]
        if isinstance(path, str) and _is_linux(path):
            raise FileNotFoundError(2, "No such file or directory", path)


def _limits() -> None:
    set_limit = resource.setrlimit

    def setrlimit(limit: int, values: tuple[int, int]) -> None:
        if limit == resource.RLIMIT_AS:
            raise ValueError("current limit exceeds maximum limit")  # cpython #78783
        set_limit(limit, values)

    resource.setrlimit = setrlimit


def _proxies() -> None:
    # urllib.request asks macOS for its proxies through this module.
    asked = types.ModuleType("_scproxy")
    asked._get_proxy_settings = dict  # type: ignore[attr-defined]
    asked._get_proxies = dict  # type: ignore[attr-defined]
    sys.modules["_scproxy"] = asked


# How this Python was built is still in a file with Linux in its name.
sysconfig.get_config_vars()
_forget_names()
# It chose epoll when `socket` was imported.
importlib.reload(selectors)
_limits()
_proxies()
ctypes.CDLL = _Library  # type: ignore[misc]
sys.addaudithook(_refuse)
sys.platform = "darwin"
