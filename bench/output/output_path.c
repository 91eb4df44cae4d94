/* Whether a file can be written.  The main thread. */
#include "bench/output/output_path.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sluice/report.h>

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
