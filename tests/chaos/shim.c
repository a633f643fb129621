/* Sits between the server and the system, by LD_PRELOAD: writes down the order in which the journal is
 * written, synced and replies are sent, and makes syncs fail or the disk full when it is told to.
 *
 * OUTCRY_SHIM is a folder. `trace` in it gets one line for each fact:
 *   W NAME   a journal write that holds client order id NAME has returned
 *   F0, F1   a sync of the journal begins; it has succeeded
 *   FE       a sync of the journal was made to fail
 *   R NAME   a reply that holds NAME is about to be sent
 * A file `eio` in it makes syncs of the journal fail. A file `full` makes the disk full and says so:
 * nothing grows, except the journal once the file `reserve` beside it is gone. A file `surprise` makes
 * the disk full without saying so before a write to the journal fails, also one that grows nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char MARK[] = "shim-";
enum { MARK_BYTES = 5, DIGITS = 6, NAME_BYTES = MARK_BYTES + DIGITS };

static int trace_fd = -1;
static char folder[PATH_MAX];

__attribute__((constructor)) static void start(void) {
    const char *given = getenv("OUTCRY_SHIM");
    if (given == NULL) return;
    char path[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", given);
    snprintf(path, sizeof path, "%s/trace", given);
    trace_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* One system call for each line, so that lines of several threads never mix. */
static void trace(const char *word, const char *name) {
    if (trace_fd < 0) return;
    char line[64];
    int length = name == NULL ? snprintf(line, sizeof line, "%s\n", word)
                              : snprintf(line, sizeof line, "%s %.*s\n", word, NAME_BYTES, name);
    syscall(SYS_write, trace_fd, line, length);
}

static void trace_names(const char *word, const void *data, size_t length) {
    const char *at = data, *end = at + length;
    while (at < end && (at = memmem(at, (size_t)(end - at), MARK, MARK_BYTES)) != NULL) {
        if (at + NAME_BYTES <= end) trace(word, at);
        at += MARK_BYTES;
    }
}

static int told(const char *name) {
    if (folder[0] == 0) return 0;
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static int is_full(void) { return told("full") || told("surprise"); }

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return 1;
}

static int is_socket(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

static int grows(int fd, off_t offset, size_t length) {
    struct stat status;
    return fstat(fd, &status) == 0 && offset + (off_t)length > status.st_size;
}

/* Whether the disk is full for this write. The reserve is what the journal may use once it is gone. */
static int has_no_room(int fd, off_t offset, size_t length) {
    char path[PATH_MAX], reserve[PATH_MAX + 16];
    int surprise = told("surprise");
    if (!surprise && !(told("full") && grows(fd, offset, length))) return 0;
    if (!path_of(fd, path)) return 0;
    char *slash = strrchr(path, '/');
    if (strstr(path, "history.db") != NULL || strstr(path, "/snapshots/") != NULL) return !surprise;
    if (slash == NULL || strncmp(slash, "/journal.db", 11) != 0) return 0;
    *slash = 0;
    snprintf(reserve, sizeof reserve, "%s/reserve", path);
    return access(reserve, F_OK) == 0;
}

static int is_journal(int fd) {
    char path[PATH_MAX];
    return path_of(fd, path) && strstr(path, "/journal.db") != NULL;
}

static int is_journal_log(int fd) {
    char path[PATH_MAX];
    return path_of(fd, path) && strstr(path, "/journal.db-wal") != NULL;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static ssize_t traced_pwrite(ssize_t written, int fd, const void *data) {
    if (written > 0 && trace_fd >= 0 && is_journal_log(fd)) trace_names("W", data, (size_t)written);
    return written;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
    if (has_no_room(fd, offset, length)) return errno = ENOSPC, -1;
    return traced_pwrite(NEXT(pwrite)(fd, data, length, offset), fd, data);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
    if (has_no_room(fd, offset, length)) return errno = ENOSPC, -1;
    return traced_pwrite(NEXT(pwrite64)(fd, data, length, offset), fd, data);
}

ssize_t write(int fd, const void *data, size_t length) {
    if (trace_fd >= 0 && is_socket(fd)) trace_names("R", data, length);
    return NEXT(write)(fd, data, length);
}

ssize_t send(int fd, const void *data, size_t length, int flags) {
    if (trace_fd >= 0) trace_names("R", data, length);
    return NEXT(send)(fd, data, length, flags);
}

static void trace_vector(const struct iovec *vector, size_t count) {
    for (size_t i = 0; i < count; i++) trace_names("R", vector[i].iov_base, vector[i].iov_len);
}

ssize_t writev(int fd, const struct iovec *vector, int count) {
    if (trace_fd >= 0 && is_socket(fd)) trace_vector(vector, (size_t)count);
    return NEXT(writev)(fd, vector, count);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    if (trace_fd >= 0) trace_vector(message->msg_iov, message->msg_iovlen);
    return NEXT(sendmsg)(fd, message, flags);
}

static int synced(int fd, int (*sync)(int)) {
    if (trace_fd < 0 || !is_journal(fd)) return sync(fd);
    if (told("eio")) {
        trace("FE", NULL);
        return errno = EIO, -1;
    }
    int is_log = is_journal_log(fd);
    if (is_log) trace("F0", NULL);
    int result = sync(fd);
    if (is_log && result == 0) trace("F1", NULL);
    return result;
}

int fsync(int fd) { return synced(fd, NEXT(fsync)); }
int fdatasync(int fd) { return synced(fd, NEXT(fdatasync)); }

int statvfs(const char *path, struct statvfs *buffer) {
    int result = NEXT(statvfs)(path, buffer);
    if (result == 0 && told("full")) buffer->f_bavail = 0;
    return result;
}

int statvfs64(const char *path, struct statvfs64 *buffer) {
    int result = NEXT(statvfs64)(path, buffer);
    if (result == 0 && told("full")) buffer->f_bavail = 0;
    return result;
}

int posix_fallocate(int fd, off_t offset, off_t length) {
    return is_full() ? ENOSPC : NEXT(posix_fallocate)(fd, offset, length);
}

int posix_fallocate64(int fd, off64_t offset, off64_t length) {
    return is_full() ? ENOSPC : NEXT(posix_fallocate64)(fd, offset, length);
}
