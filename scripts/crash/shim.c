/* Preloaded into bellhop by scripts/crash-matrix. Counts the system calls that reach the state folder
   and the network, and at the k-th of them kills the process or makes the call fail.

     SHIM_FOLDER  path of the state folder; files below it are "disk", IPv4 and IPv6 sockets "net"
     SHIM_DO      count | before | after | eio | enospc | eintr | short | reset
     SHIM_AT      k, from 1
     SHIM_FROM    1: from the k-th call on instead of once
     SHIM_ONLY    disk | net: calls of this kind alone
     SHIM_COUNT   with count: the fault whose calls are counted
     SHIM_LOG     file that gets the number of counted calls (count: one line for each call)
     SHIM_RECORD  file that gets everything done to files of the state folder, so that images.py can
                  tell what a loss of power leaves of them

   A kill is by SIGKILL, so nothing of the process runs after it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum mode { COUNT, BEFORE, AFTER, FAIL_EIO, FAIL_ENOSPC, FAIL_EINTR, SHORT, RESET, OFF };
enum kind { DISK = 1, NET = 2 };
/* What a call does: a fault hits only the calls that can have it. */
enum deed { WRITES = 1, READS = 2, SYNCS = 4, NAMES = 8, CONNECTS = 16, CLOSES = 32 };

static enum mode mode = OFF, counted = BEFORE;
static long at, from;
static int only = DISK | NET;
static atomic_long calls;
static char folder[PATH_MAX];
static size_t folder_length;
static int log_file = -1, record_file = -1;

static void init(void) __attribute__((constructor(101)));
static void init(void) {
  const char *names[] = {"count", "before", "after", "eio", "enospc", "eintr", "short", "reset"};
  const char *what = getenv("SHIM_DO"), *where = getenv("SHIM_FOLDER");
  if (!what || !where) return;
  for (int i = 0; i < OFF; i++)
    if (!strcmp(what, names[i])) mode = i;
  for (int i = 0; i < OFF; i++)
    if (getenv("SHIM_COUNT") && !strcmp(getenv("SHIM_COUNT"), names[i])) counted = i;
  snprintf(folder, sizeof folder, "%s/", where);
  folder_length = strlen(folder);
  at = getenv("SHIM_AT") ? atol(getenv("SHIM_AT")) : 0;
  from = getenv("SHIM_FROM") != 0;
  if (getenv("SHIM_ONLY")) only = strcmp(getenv("SHIM_ONLY"), "net") ? DISK : NET;
  if (getenv("SHIM_LOG"))
    log_file = syscall(SYS_openat, AT_FDCWD, getenv("SHIM_LOG"),
                       O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (getenv("SHIM_RECORD"))
    record_file = syscall(SYS_openat, AT_FDCWD, getenv("SHIM_RECORD"),
                          O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int kind_of_path(const char *path) {
  return path && !strncmp(path, folder, folder_length) ? DISK : 0;
}

static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
  if (length >= 0) path[length] = 0;
  return length >= 0;
}

static int kind_of(int fd) {
  struct stat status;
  if (mode == OFF || fd < 0 || syscall(SYS_newfstatat, fd, "", &status, AT_EMPTY_PATH)) return 0;
  if (S_ISSOCK(status.st_mode)) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    if (syscall(SYS_getsockname, fd, &name, &length)) return 0;
    return name.ss_family == AF_INET || name.ss_family == AF_INET6 ? NET : 0;
  }
  if (!S_ISREG(status.st_mode)) return 0;
  char path[PATH_MAX];
  return path_of(fd, path) ? kind_of_path(path) : 0;
}

/* One line for what was done, and the bytes that were written. */
static void record(const char *deed, const char *path, const char *to, long long place,
                   const void *bytes, size_t count) {
  char line[2 * PATH_MAX + 64];
  int length = snprintf(line, sizeof line, "%s\t%s\t%s\t%lld\t%zu\n", deed, path, to, place,
                        bytes ? count : 0);
  struct iovec parts[] = {{line, length}, {(void *)bytes, bytes ? count : 0}};
  syscall(SYS_writev, record_file, parts, 2);
}

static void record_file_deed(const char *deed, int fd, long long place, const void *bytes,
                             ssize_t count) {
  char path[PATH_MAX];
  if (record_file < 0 || count < 0 || !path_of(fd, path)) return;
  size_t length = strlen(path);
  int is_folder = length + 1 == folder_length && !strncmp(path, folder, length);
  if (kind_of_path(path) || (is_folder && !strcmp(deed, "sync")))
    record(deed, path, "", place, bytes, count);
}

static void record_name_deed(const char *deed, const char *path, const char *to, int result) {
  if (record_file >= 0 && result == 0 && kind_of_path(path)) record(deed, path, to, 0, NULL, 0);
}

static int applies(int kind, int deed) {
  switch (mode == COUNT ? counted : mode) {
  case BEFORE: case AFTER: return 1;
  case FAIL_EIO: return kind == DISK && deed != CLOSES;
  case FAIL_ENOSPC: return kind == DISK && (deed == WRITES || deed == NAMES);
  case FAIL_EINTR: return deed == WRITES || deed == READS || deed == SYNCS;
  case SHORT: return deed == WRITES || (kind == NET && deed == READS);
  case RESET: return kind == NET && deed != CLOSES;
  default: return 0;
  }
}

static void die(void) {
  syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  for (;;) syscall(SYS_pause);
}

/* Whether the fault hits this call. */
static int hits(const char *name, int kind, int deed) {
  if (!(kind & only) || !applies(kind, deed)) return 0;
  long call = atomic_fetch_add(&calls, 1) + 1;
  if (mode == COUNT && log_file >= 0) {
    char line[64];
    int length = snprintf(line, sizeof line, "%ld %s %s\n", call, name, kind == DISK ? "disk" : "net");
    syscall(SYS_write, log_file, line, length);
  }
  /* A signal that comes at every call would never let it happen at all. */
  int hit = from ? call >= at && (mode != FAIL_EINTR || (call - at) % 2 == 0) : call == at;
  if (mode == COUNT || !hit) return 0;
  if (log_file >= 0) {
    char line[64];
    int length = snprintf(line, sizeof line, "%ld %s %s hit\n", call, name, kind == DISK ? "disk" : "net");
    syscall(SYS_write, log_file, line, length);
  }
  if (mode == BEFORE) die();
  return 1;
}

/* The error of a call that is hit; 0 if it is to be carried out, in part or with an end after it. */
static int error_of(int deed, int fd) {
  switch (mode) {
  case FAIL_EIO: return EIO;
  case FAIL_ENOSPC: return ENOSPC;
  case FAIL_EINTR: return EINTR;
  case RESET:
    if (deed != CONNECTS) shutdown(fd, SHUT_RDWR);
    return deed == CONNECTS ? ECONNREFUSED : ECONNRESET;
  default: return 0;
  }
}

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* CALL is carried out unless the fault takes its place. */
#define AROUND(name, kind, deed, fd, call, after) \
  int hit = hits(name, kind, deed); \
  if (hit) { \
    int error = error_of(deed, fd); \
    if (error) { errno = error; return -1; } \
  } \
  __typeof__(call) result = call; \
  after; \
  if (hit && mode == AFTER) die(); \
  return result;

static size_t part(int hit, size_t count, int deed) {
  if (!hit || mode != SHORT || count < 2) return count;
  return deed == READS ? 1 : count / 2;
}

#define WITH_COUNT(name, deed, fd, call, place) \
  int hit = hits(name, kind_of(fd), deed); \
  if (hit) { \
    int error = error_of(deed, fd); \
    if (error) { errno = error; return -1; } \
  } \
  count = part(hit, count, deed); \
  ssize_t result = call; \
  if (deed == WRITES) record_file_deed("write", fd, place, bytes, result); \
  if (hit && mode == AFTER) die(); \
  return result;

ssize_t write(int fd, const void *bytes, size_t count) {
  REAL(write);
  WITH_COUNT("write", WRITES, fd, real(fd, bytes, count), lseek(fd, 0, SEEK_CUR) - result)
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t place) {
  REAL(pwrite);
  WITH_COUNT("pwrite", WRITES, fd, real(fd, bytes, count, place), place)
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t place) {
  REAL(pwrite64);
  WITH_COUNT("pwrite64", WRITES, fd, real(fd, bytes, count, place), place)
}
ssize_t send(int fd, const void *bytes, size_t count, int flags) {
  REAL(send);
  WITH_COUNT("send", WRITES, fd, real(fd, bytes, count, flags), 0)
}
ssize_t sendto(int fd, const void *bytes, size_t count, int flags, const struct sockaddr *to,
               socklen_t length) {
  REAL(sendto);
  WITH_COUNT("sendto", WRITES, fd, real(fd, bytes, count, flags, to, length), 0)
}
ssize_t recv(int fd, void *bytes, size_t count, int flags) {
  REAL(recv);
  WITH_COUNT("recv", READS, fd, real(fd, bytes, count, flags), 0)
}
ssize_t recvfrom(int fd, void *bytes, size_t count, int flags, struct sockaddr *sender,
                 socklen_t *length) {
  REAL(recvfrom);
  WITH_COUNT("recvfrom", READS, fd, real(fd, bytes, count, flags, sender, length), 0)
}
/* Reading files changes nothing; libldap reads its socket with it. */
ssize_t read(int fd, void *bytes, size_t count) {
  REAL(read);
  int kind = kind_of(fd);
  if (kind != NET) return real(fd, bytes, count);
  WITH_COUNT("read", READS, fd, real(fd, bytes, count), 0)
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  AROUND("writev", kind_of(fd), WRITES, fd, real(fd, parts, count), )
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  REAL(sendmsg);
  AROUND("sendmsg", kind_of(fd), WRITES, fd, real(fd, message, flags), )
}
ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  REAL(recvmsg);
  AROUND("recvmsg", kind_of(fd), READS, fd, real(fd, message, flags), )
}
int connect(int fd, const struct sockaddr *address, socklen_t length) {
  REAL(connect);
  int kind = address->sa_family == AF_INET || address->sa_family == AF_INET6 ? kind_of(fd) : 0;
  AROUND("connect", kind, CONNECTS, fd, real(fd, address, length), )
}
int fsync(int fd) {
  REAL(fsync);
  AROUND("fsync", kind_of(fd), SYNCS, fd, real(fd), record_file_deed("sync", fd, 0, NULL, result))
}
int fdatasync(int fd) {
  REAL(fdatasync);
  AROUND("fdatasync", kind_of(fd), SYNCS, fd, real(fd), record_file_deed("sync", fd, 0, NULL, result))
}
int ftruncate(int fd, off_t size) {
  REAL(ftruncate);
  AROUND("ftruncate", kind_of(fd), NAMES, fd, real(fd, size), record_file_deed("cut", fd, size, NULL, result))
}
int ftruncate64(int fd, off64_t size) {
  REAL(ftruncate64);
  AROUND("ftruncate64", kind_of(fd), NAMES, fd, real(fd, size), record_file_deed("cut", fd, size, NULL, result))
}
int rename(const char *old, const char *new) {
  REAL(rename);
  AROUND("rename", kind_of_path(new), NAMES, -1, real(old, new), record_name_deed("rename", old, new, result))
}
int link(const char *old, const char *new) {
  REAL(link);
  AROUND("link", kind_of_path(new), NAMES, -1, real(old, new), record_name_deed("link", old, new, result))
}
int unlink(const char *path) {
  REAL(unlink);
  AROUND("unlink", kind_of_path(path), NAMES, -1, real(path), record_name_deed("unlink", path, "", result))
}
int close(int fd) {
  REAL(close);
  AROUND("close", kind_of(fd), CLOSES, fd, real(fd), )
}
