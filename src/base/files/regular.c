/* Regular files to be read.  Any thread. */
#include "base/files/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static sluice_status system_error(const char *name, int error, const char *verb,
                                  sluice_diag *why)
{
    char text[96];
    return sluice_diag_set(why, SLUICE_IO, "%.160s: cannot be %s: %s", name,
                           verb, strerror_r(error, text, sizeof text));
}

sluice_status sl_regular_open(struct sl_regular *file, const char *path,
                              const char *name, sluice_diag *why)
{
    struct stat about;
    sluice_status st;
    int fd;
    do
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return system_error(name, errno, "opened", why);
    if (fstat(fd, &about)) {
        st = system_error(name, errno, "opened", why);
        goto close_it;
    }
    if (!S_ISREG(about.st_mode)) {
        st = sluice_diag_set(why, SLUICE_IO, "%.160s: %s, not a file", name,
                             S_ISDIR(about.st_mode) ? "is a directory"
                                                    : "is a device or pipe");
        goto close_it;
    }
    *file = (struct sl_regular){fd, (uint64_t)about.st_size};
    return SLUICE_OK;

close_it:
    close(fd);
    return st;
}

sluice_status sl_regular_read(const struct sl_regular *file, const char *name,
                              uint64_t at, void *to, size_t n, size_t *got,
                              sluice_diag *why)
{
    size_t done = 0;
    while (done < n) {
        ssize_t m =
            pread(file->fd, (char *)to + done, n - done, (off_t)(at + done));
        if (m < 0 && errno == EINTR)
            continue;
        if (m < 0)
            return system_error(name, errno, "read", why);
        if (!m)
            break;
        done += (size_t)m;
    }
    *got = done;
    return SLUICE_OK;
}

void sl_regular_close(struct sl_regular *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}
