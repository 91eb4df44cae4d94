/* A schedule's CSV from a file. */
#include <sluice/schedule_text.h>

#include "sched/text/text_file.h"

/* No text that may be read is longer. */
static const size_t most =
    (size_t)SLUICE_SCHEDULE_MAX_DEVICES * (SLUICE_CSV_LINE + 2);

sluice_status sluice_schedule_read_csv(const char *path,
                                       sluice_csv_dialect dialect,
                                       const sluice_allocator *allocator,
                                       sluice_schedule **out, sluice_diag *why)
{
    struct sl_content content;
    sluice_status st = sl_content_read(&content, path, most, allocator, why);
    if (st)
        return st;
    st = sluice_schedule_parse_csv(content.text, content.n, dialect, allocator,
                                   out, why);
    sl_content_fini(&content, allocator);
    return sl_content_blame(path, st, why);
}
