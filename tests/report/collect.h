/* A sink that keeps what it is given, and fails after so many bytes. */
#ifndef SL_TEST_COLLECT_H
#define SL_TEST_COLLECT_H

#include <stdlib.h>
#include <string.h>

#include <sluice/report.h>

struct collect {
    char *text; /* with a terminating 0 */
    size_t n;
    size_t limit; /* 0: none */
    int n_calls;
};

static inline sluice_status collect_write(void *context, const char *bytes,
                                          size_t n, sluice_diag *why)
{
    struct collect *c = context;
    c->n_calls++;
    if (c->limit && c->n + n > c->limit)
        return sluice_diag_set(why, SLUICE_IO, "no more than %zu", c->limit);
    char *text = realloc(c->text, c->n + n + 1);
    if (!text)
        return SLUICE_NO_MEMORY;
    memcpy(text + c->n, bytes, n);
    c->text = text;
    c->n += n;
    c->text[c->n] = '\0';
    return SLUICE_OK;
}

static inline sluice_sink collect_sink(struct collect *c)
{
    return (sluice_sink){collect_write, c};
}

static inline void collect_fini(struct collect *c)
{
    free(c->text);
    *c = (struct collect){0};
}

/* How often `part` stands in the text. */
static inline int collect_count(const struct collect *c, const char *part)
{
    int n = 0;
    const char *at = c->text;
    while (at && (at = strstr(at, part))) {
        at += strlen(part);
        n++;
    }
    return n;
}

#endif
