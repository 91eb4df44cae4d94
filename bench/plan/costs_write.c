/* Files of costs are written; costs_file.c reads them again.  The main thread.
 */
#include "bench/plan/costs_file.h"

#include <stdlib.h>

#include <sluice/report.h>

static sluice_status refuse_memory(sluice_diag *why)
{
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "out of memory for a file of costs");
}

/* As a whole or not at all. */
static sluice_status put(const char *path, const char *text, size_t n,
                         sluice_diag *why)
{
    sluice_file *file;
    sluice_status st = sluice_file_create(path, NULL, &file, why);
    if (st)
        return st;
    const sluice_sink sink = sluice_file_sink(file);
    st = sink.write(sink.context, text, n, why);
    if (!st)
        st = sluice_file_commit(file, why);
    sluice_file_destroy(file);
    return st;
}

sluice_status costs_write(const char *path, const struct costs_shape *shape,
                          const struct costs_tables *tables, sluice_diag *why)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return refuse_memory(why);
    costs_print(out, shape, tables);
    bool failed = ferror(out);
    sluice_status st =
        fclose(out) || failed ? refuse_memory(why) : put(path, text, n, why);
    free(text);
    return st;
}
