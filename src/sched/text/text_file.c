/* The text of a schedule, from and to a file. */
#include "sched/text/text_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

enum { PIECE = 65536 };

static sluice_status io_error(const char *path, const char *failed, int error,
                              sluice_diag *why)
{
    char text[96];
    return sluice_diag_set(why, SLUICE_IO, "%.160s %s: %s", path, failed,
                           strerror_r(error, text, sizeof text));
}

static sluice_status read_all(FILE *file, const char *path, size_t most,
                              const sluice_allocator *allocator,
                              struct sl_content *content, sluice_diag *why)
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
        return io_error(path, "cannot be read", errno, why);
    if (content->n > most)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "%.160s is larger than any schedule", path);
    return SLUICE_OK;
}

sluice_status sl_content_read(struct sl_content *content, const char *path,
                              size_t most, const sluice_allocator *allocator,
                              sluice_diag *why)
{
    *content = (struct sl_content){0};
    FILE *file = fopen(path, "rb");
    if (!file)
        return io_error(path, "cannot be opened for reading", errno, why);
    sluice_status st = read_all(file, path, most, allocator, content, why);
    if (st)
        sl_content_fini(content, allocator);
    fclose(file);
    return st;
}

void sl_content_fini(struct sl_content *content,
                     const sluice_allocator *allocator)
{
    sl_free(allocator, content->text, content->capacity, 1);
    *content = (struct sl_content){0};
}

sluice_status sl_write_file(const char *path, const char *text, size_t length,
                            sluice_diag *why)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return io_error(path, "cannot be opened for writing", errno, why);
    bool wrote = fwrite(text, 1, length, file) == length;
    bool closed = fclose(file) == 0;
    if (wrote && closed)
        return SLUICE_OK;
    return io_error(path, "could not be written whole", errno, why);
}

void sl_text_put(struct sl_text_out *out, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i < n; i++, out->used++)
        if (out->used + 1 < out->bytes)
            out->text[out->used] = word[i];
}

void sl_text_end(struct sl_text_out *out)
{
    if (out->bytes)
        out->text[out->used < out->bytes ? out->used : out->bytes - 1] = '\0';
}
