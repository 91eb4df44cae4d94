/* The public face of a file that is there as a whole or not at all. */
#include <sluice/report.h>

#include "base/files/file.h"
#include "base/memory.h"

struct sluice_file {
    struct sl_file file;
    const sluice_allocator *allocator; /* const after create */
};

sluice_status sluice_file_create(const char *path,
                                 const sluice_allocator *allocator,
                                 sluice_file **out, sluice_diag *why)
{
    sluice_file *file = sl_alloc(allocator, 1, sizeof *file);
    if (!file)
        return sl_no_memory(why, "a file");
    file->allocator = allocator;
    sluice_status st = sl_file_init(&file->file, path, allocator, why);
    if (st)
        sl_free(allocator, file, 1, sizeof *file);
    else
        *out = file;
    return st;
}

static sluice_status write_some(void *context, const char *bytes, size_t n,
                                sluice_diag *why)
{
    sluice_file *file = context;
    return sl_file_write(&file->file, bytes, n, why);
}

sluice_sink sluice_file_sink(sluice_file *file)
{
    return (sluice_sink){write_some, file};
}

sluice_status sluice_file_commit(sluice_file *file, sluice_diag *why)
{
    return sl_file_commit(&file->file, why);
}

void sluice_file_destroy(sluice_file *file)
{
    if (!file)
        return;
    sl_file_fini(&file->file);
    sl_free(file->allocator, file, 1, sizeof *file);
}
