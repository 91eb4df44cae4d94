/* Whether a file can be written.  The main thread. */
#include "bench/output/output_path.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sluice/report.h>

/* Whether both are one file; not if either is not there. */
static bool is_same(const char *a, const char *b)
{
    struct stat about_a, about_b;
    return !stat(a, &about_a) && !stat(b, &about_b) &&
           about_a.st_dev == about_b.st_dev && about_a.st_ino == about_b.st_ino;
}

sluice_status output_path_apart(const char *path, const char *input,
                                sluice_diag *why)
{
    if (!input || !is_same(path, input))
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%.200s: is read as %.200s, and would be "
                           "overwritten; give another name to write to",
                           path, input);
}

sluice_status output_path_check(const char *path, sluice_diag *why)
{
    struct stat about;
    if (!stat(path, &about) && !S_ISREG(about.st_mode) &&
        !S_ISDIR(about.st_mode)) {
        if (!access(path, W_OK))
            return SLUICE_OK;
        return sluice_diag_set(why, SLUICE_IO, "%s: cannot be written: %s",
                               path, strerror(errno));
    }
    sluice_file *file;
    sluice_status st = sluice_file_create(path, NULL, &file, why);
    if (!st)
        sluice_file_destroy(file);
    return st;
}
