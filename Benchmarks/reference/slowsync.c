/* A disk on which each flush takes SLOWSYNC_US microseconds (2000), for LD_PRELOAD. LMDB flushes its
 * data with fdatasync and its meta page by a pwrite to a file opened with O_DSYNC. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void flush(void) {
  const char *text = getenv("SLOWSYNC_US");
  long microseconds = text ? strtol(text, NULL, 10) : 2000;
  struct timespec pause = {microseconds / 1000000, microseconds % 1000000 * 1000};
  nanosleep(&pause, NULL);
}

int fdatasync(int file) {
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  flush();
  return next(file);
}

int fsync(int file) {
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  flush();
  return next(file);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  ssize_t (*next)(int, const void *, size_t, off_t) =
    (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
  if (fcntl(file, F_GETFL) & O_DSYNC) flush();
  return next(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
  ssize_t (*next)(int, const void *, size_t, off64_t) =
    (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
  if (fcntl(file, F_GETFL) & O_DSYNC) flush();
  return next(file, bytes, count, offset);
}
