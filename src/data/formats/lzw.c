/*
 * Expanding the data of compress(1).  Any thread.
 *
 * Codes are written in groups of eight, so that a group of codes of b bits has
 * b bytes, the lowest bits first.  When codes become longer, because the table
 * is full or was cleared, the rest of the group is left unused.
 */
#include "data/formats/lzw.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

enum {
    MAGIC_BYTES = 3,
    FIRST_BITS = 9,
    MOST_BITS = 16,
    N_CODES = 1 << MOST_BITS,
    CLEAR = 256, /* the code that empties the table, in "block mode" */
    NONE = -1,
};

struct table {
    uint16_t prefix[N_CODES];
    uint8_t suffix[N_CODES];
    char stack[N_CODES]; /* a string, from its end */
};

struct expansion {
    const unsigned char *from;
    size_t n;
    size_t group; /* place of the group's first byte */
    int bit;      /* of the group, next */
    int bits;     /* of a code */
    int most_bits;
    bool has_clear;
    int n_codes; /* in the table, the first 256 and CLEAR included */
    char *to;
    size_t most;
    size_t got;
    struct table *table;
    sluice_diag *why;
};

static sluice_status bad(const struct expansion *e, const char *what)
{
    return sluice_diag_set(e->why, SLUICE_FORMAT, "compressed byte %llu: %s",
                           (unsigned long long)(e->group + (size_t)e->bit / 8),
                           what);
}

static void next_group(struct expansion *e)
{
    if (e->bit > 0)
        e->group += (size_t)e->bits;
    e->bit = 0;
}

/* The next code, or NONE at the end; a few bits may be left there. */
static int take_code(struct expansion *e)
{
    if (e->bit == 8 * e->bits)
        next_group(e);
    if (e->n_codes > (1 << e->bits) - 1 && e->bits < e->most_bits) {
        next_group(e);
        e->bits++;
    }
    size_t first = e->group + (size_t)e->bit / 8;
    int shift = e->bit % 8;
    size_t bytes = (size_t)(shift + e->bits + 7) / 8;
    uint32_t value = 0;
    if (first > e->n || bytes > e->n - first)
        return NONE;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint32_t)e->from[first + i] << (8 * i);
    e->bit += e->bits;
    return (int)(value >> shift & ((UINT32_C(1) << e->bits) - 1));
}

static void clear(struct expansion *e)
{
    next_group(e);
    e->bits = FIRST_BITS;
    e->n_codes = CLEAR; /* the next code adds nothing: this makes it 257 */
}

/* Put out the string of a code; `first` becomes its first byte. */
static bool put(struct expansion *e, int code, int last, uint8_t *first)
{
    struct table *t = e->table;
    size_t n = 0;
    int at = code;
    if (code == e->n_codes) { /* the last string, and its first byte again */
        t->stack[n++] = (char)*first;
        at = last;
    }
    for (; at >= 256; at = t->prefix[at]) /* prefixes have lower codes */
        t->stack[n++] = (char)t->suffix[at];
    *first = (uint8_t)at;
    t->stack[n++] = (char)at;
    if (n > e->most - e->got)
        return false;
    while (n > 0) {
        char byte = t->stack[--n];
        if (e->to)
            e->to[e->got] = byte;
        e->got++;
    }
    return true;
}

/* The table gets the last string with the first byte of the one behind it. */
static void add(struct expansion *e, int last, uint8_t first)
{
    if (last == NONE) {
        if (e->has_clear && e->n_codes == CLEAR)
            e->n_codes++; /* CLEAR itself has no string */
        return;
    }
    if (e->n_codes == 1 << e->most_bits)
        return;
    e->table->prefix[e->n_codes] = (uint16_t)last;
    e->table->suffix[e->n_codes] = first;
    e->n_codes++;
}

static sluice_status expand(struct expansion *e)
{
    int code, last = NONE;
    uint8_t first = 0;
    while ((code = take_code(e)) != NONE) {
        if (code == CLEAR && e->has_clear) {
            clear(e);
            last = NONE;
            continue;
        }
        if (last == NONE ? code > 255 : code > e->n_codes)
            return bad(e, "a code that is not in the table yet");
        if (!put(e, code, last, &first))
            return bad(e, "more data come out than is possible");
        add(e, last, first);
        last = code;
    }
    return SLUICE_OK;
}

sluice_status sl_lzw_expand(const unsigned char *from, size_t n, char *to,
                            size_t most, const sluice_allocator *allocator,
                            size_t *got, sluice_diag *why)
{
    struct expansion e = {
        .from = from,
        .n = n,
        .group = MAGIC_BYTES,
        .bits = FIRST_BITS,
        .to = to,
        .most = most,
        .why = why,
    };
    if (n < MAGIC_BYTES || from[0] != 0x1f || from[1] != 0x9d)
        return bad(&e, "compressed data begin with 0x1f9d");
    e.most_bits = from[2] & 0x1f;
    e.has_clear = from[2] & 0x80;
    e.n_codes = e.has_clear ? CLEAR + 1 : CLEAR;
    if (e.most_bits < FIRST_BITS || e.most_bits > MOST_BITS)
        return bad(&e, "codes of more bits than 16, or less than 9");
    e.table = sl_alloc(allocator, 1, sizeof *e.table);
    if (!e.table)
        return sl_no_memory(why, "the table of compressed data");
    sluice_status st = expand(&e);
    sl_free(allocator, e.table, 1, sizeof *e.table);
    if (!st)
        *got = e.got;
    return st;
}
