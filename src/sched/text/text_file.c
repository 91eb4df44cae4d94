/* The text of a schedule, from a file. */
#include "sched/text/text_file.h"

#include <string.h>

#include "base/memory.h"
#include "base/files/regular.h"

static sluice_status too_large(const char *path, size_t most, sluice_diag *why)
{
    return sluice_diag_set(why, SLUICE_FORMAT,
                           "%.160s: is larger than any schedule: more than %zu "
                           "bytes",
                           path, most);
}

/* To the end, wherever that is: a size that is asked for may lie. */
static sluice_status read_all(const struct sl_regular *file, const char *path,
                              size_t most, const sluice_allocator *allocator,
                              struct sl_content *content, sluice_diag *why)
{
    while (content->n <= most) {
        size_t got, room = content->capacity - content->n;
        sluice_status st =
            sl_regular_read(file, path, content->n, content->text + content->n,
                            room, &got, why);
        if (st)
            return st;
        content->n += got;
        if (got < room)
            return SLUICE_OK;
        void *text = content->text;
        if (sl_grow(allocator, &text, &content->capacity, content->n + 1, 1))
            return sl_no_memory(why, "the text of a schedule");
        content->text = text;
    }
    return too_large(path, most, why);
}

/* A byte more than the size shows where the end is. */
static sluice_status read_file(const struct sl_regular *file, const char *path,
                               size_t most, const sluice_allocator *allocator,
                               struct sl_content *content, sluice_diag *why)
{
    if (file->size > most)
        return too_large(path, most, why);
    content->capacity = (size_t)file->size + 1;
    content->text = sl_alloc(allocator, content->capacity, 1);
    if (!content->text)
        return sl_no_memory(why, "the text of a schedule");
    sluice_status st = read_all(file, path, most, allocator, content, why);
    if (st)
        sl_content_fini(content, allocator);
    return st;
}

sluice_status sl_content_read(struct sl_content *content, const char *path,
                              size_t most, const sluice_allocator *allocator,
                              sluice_diag *why)
{
    struct sl_regular file;
    *content = (struct sl_content){0};
    sluice_status st = sl_regular_open(&file, path, path, why);
    if (st)
        return st;
    st = read_file(&file, path, most, allocator, content, why);
    sl_regular_close(&file);
    return st;
}

sluice_status sl_content_blame(const char *path, sluice_status status,
                               sluice_diag *why)
{
    if (status != SLUICE_FORMAT || !why)
        return status;
    sluice_diag told = *why;
    size_t room = sizeof told.text - 1 - strlen(told.text) - strlen("...: ");
    size_t n = strlen(path);
    if (room < 8 || room > sizeof told.text)
        return status;
    bool fits = n <= room;
    return sluice_diag_set(why, status, "%s%s: %s", fits ? "" : "...",
                           fits ? path : path + n - room, told.text);
}

void sl_content_fini(struct sl_content *content,
                     const sluice_allocator *allocator)
{
    sl_free(allocator, content->text, content->capacity, 1);
    *content = (struct sl_content){0};
}
