"""Which system calls the functions of a C library make: those that wrap one, and those whose point is one or a few.

A table of glibc 2.41 and musl 1.2 (2026-11-27), with what older versions of glibc use as well. A function with the name
of a system call makes that call, and needs no row. What any function may do on the way (memory, locks) is not here:
every program does that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealock.model.systemcalls import system_calls

_ROWS: Final = """\
stat stat64 lstat lstat64 fstat fstat64 fstatat fstatat64 __xstat __xstat64 __lxstat __lxstat64 __fxstat __fxstat64: newfstatat stat lstat fstat
open open64 __open_2 __open64_2 openat openat64 creat creat64 fopen fopen64 freopen freopen64 shm_open sem_open: openat open
opendir fdopendir readdir readdir64 readdir_r scandir scandir64 glob glob64 ftw ftw64 nftw nftw64 fts_open: getdents64 openat
tmpfile tmpfile64 mkstemp mkstemp64 mkostemp mkostemp64 mkdtemp: openat getrandom unlink mkdir
remove: unlink rmdir
pread pread64 __pread_chk __pread64_chk: pread64
pwrite pwrite64: pwrite64
preadv preadv64: preadv
pwritev pwritev64: pwritev
lseek64 fseek fseeko fseeko64 rewind: lseek
truncate64 ftruncate64: truncate ftruncate
fallocate64 posix_fallocate posix_fallocate64: fallocate
posix_fadvise posix_fadvise64: fadvise64
sendfile64: sendfile
lockf lockf64 fcntl64: fcntl
realpath __realpath_chk canonicalize_file_name __readlink_chk: readlink
getcwd get_current_dir_name __getcwd_chk: getcwd
futimens utimes futimes utime: utimensat
euidaccess eaccess: faccessat2 faccessat
statvfs statvfs64 fstatvfs fstatvfs64 statfs64 fstatfs64: statfs fstatfs
fork forkpty daemon: clone fork
vfork posix_spawn posix_spawnp system popen wordexp: clone vfork execve wait4 pipe2 dup2
pthread_create thrd_create: clone clone3 set_robust_list rseq mprotect
pthread_kill raise abort __assert_fail __stack_chk_fail: tgkill
pthread_setaffinity_np: sched_setaffinity
pthread_getaffinity_np: sched_getaffinity
pthread_setname_np: prctl openat
execl execle execlp execv execvp execvpe fexecve: execve execveat
wait waitpid wait3 pclose: wait4
killpg sigqueue: kill rt_sigqueueinfo
signal sigaction bsd_signal sysv_signal sigset sigignore: rt_sigaction
sigprocmask pthread_sigmask sighold sigrelse: rt_sigprocmask
sigsuspend pause sigpause: rt_sigsuspend pause
sigwait sigwaitinfo sigtimedwait: rt_sigtimedwait
sigpending: rt_sigpending
alarm ualarm: alarm setitimer
sleep usleep nanosleep clock_nanosleep thrd_sleep: clock_nanosleep nanosleep
select pselect __fdelt_chk: pselect6 select
poll ppoll __poll_chk __ppoll_chk: poll ppoll
epoll_create: epoll_create1
epoll_wait: epoll_wait epoll_pwait
eventfd: eventfd2
signalfd: signalfd4
inotify_init: inotify_init1
pipe: pipe2 pipe
dup2: dup2 dup3
send: sendto
recv __recv_chk __recvfrom_chk: recvfrom
getaddrinfo gethostbyname gethostbyname2 gethostbyname_r gethostbyaddr gethostbyaddr_r getnameinfo res_query res_search: socket connect sendto sendmmsg recvfrom poll bind getsockname setsockopt
getifaddrs if_nameindex if_nametoindex: socket sendto recvmsg bind getsockname ioctl
syslog vsyslog openlog __syslog_chk: socket connect sendto
getpwnam getpwnam_r getpwuid getpwuid_r getgrnam getgrnam_r getgrgid getgrgid_r getgrouplist initgroups: openat socket connect
setuid seteuid setreuid setresuid: setuid setresuid setreuid
setgid setegid setregid setresgid: setgid setresgid setregid
initgroups setgroups: setgroups
getrlimit getrlimit64 setrlimit setrlimit64 prlimit prlimit64: prlimit64
nice: getpriority setpriority
sysconf get_nprocs get_nprocs_conf: sched_getaffinity sysinfo openat prlimit64
times clock: times
sem_wait sem_timedwait sem_post: futex
getentropy arc4random arc4random_uniform arc4random_buf: getrandom
isatty ttyname ttyname_r tcgetattr tcsetattr tcgetpgrp tcsetpgrp openpty ptsname: ioctl
mmap64: mmap
dlopen: openat mmap mprotect
umount: umount2
gethostname: uname
"""  # noqa: E501  a table
_ALSO: Final = {
    name: calls.split() for names, calls in (row.split(": ") for row in _ROWS.splitlines()) for name in names.split()
}


def calls_of(functions: Iterable[str], machine: str) -> frozenset[str]:
    """The system calls of a machine that functions of the C library with these names make."""
    known = frozenset(system_calls(machine).values())
    calls: set[str] = set()
    for function in functions:
        calls.add(function)
        calls.update(_ALSO.get(function, ()))
    return frozenset(calls & known)
