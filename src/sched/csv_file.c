/* A schedule's CSV from a file. */
#include <sluice/schedule_text.h>

#include <errno.h>
#include <stdio.h>

#include "base/memory.h"

/* The content of a file; it grows, for a size that is asked for may lie. */
struct content {
    char *text;
    size_t n;
    size_t capacity;
};

enum { PIECE = 65536 };

/* No text that may be read is longer. */
static const size_t most =
    (size_t)SLUICE_SCHEDULE_MAX_DEVICES * (SLUICE_CSV_LINE + 2);

static sluice_status read_all(FILE *file, const char *path,
                              const sluice_allocator *allocator,
                              struct content *content, sluice_diag *why)
{
    size_t n;
    do {
        void *text = content->text;
        if (sl_grow(allocator, &text, &content->capacity, content->n + PIECE,
                    1))
            return sl_no_memory(why, "the text of a schedule");
        content->text = text;
        n = fread(content->text + content->n, 1, PIECE, file);
        content->n += n;
    } while (n == PIECE && content->n <= most);
    if (ferror(file))
        return sluice_diag_set(why, SLUICE_IO,
                               "%.160s cannot be read (error %d)", path, errno);
    if (content->n > most)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "%.160s is larger than any schedule", path);
    return SLUICE_OK;
}

sluice_status sluice_schedule_read_csv(const char *path,
                                       sluice_csv_dialect dialect,
                                       const sluice_allocator *allocator,
                                       sluice_schedule **out, sluice_diag *why)
{
    struct content content = {0};
    FILE *file = fopen(path, "rb");
    if (!file)
        return sluice_diag_set(why, SLUICE_IO,
                               "%.160s cannot be opened for reading (error %d)",
                               path, errno);
    sluice_status st = read_all(file, path, allocator, &content, why);
    if (!st)
        st = sluice_schedule_parse_csv(content.text, content.n, dialect,
                                       allocator, out, why);
    sl_free(allocator, content.text, content.capacity, 1);
    fclose(file);
    return st;
}
