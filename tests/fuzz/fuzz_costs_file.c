/* Any text as a file of costs, of 2 layers with 4 and 8 micro-batches. */
#include "text_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/schedule.h>

#include "bench/plan/costs_file.h"

enum { N = 2, LAYERS = 2, CELLS = N * LAYERS * SLUICE_N_ACTION_KINDS };

static const int microbatches[N] = {4, 8}, team[] = {1};
static const bool once[N] = {true, false};
static const struct costs_shape shape = {team,   1,    microbatches, N,
                                         LAYERS, once, true};

struct costs {
    int64_t costs_ns[CELLS];
    int64_t first_ns[CELLS];
    int64_t once_ns[CELLS];
    int64_t once_first_ns[CELLS];
    int64_t wake_ns;
};

static struct costs_tables tables_of(struct costs *costs)
{
    return (struct costs_tables){costs->costs_ns, costs->first_ns,
                                 costs->once_ns, costs->once_first_ns,
                                 &costs->wake_ns};
}

static sluice_status read(const char *text, size_t n, struct costs *costs,
                          sluice_diag *why)
{
    FILE *in = n ? fmemopen((void *)(uintptr_t)text, n, "r")
                 : fopen("/dev/null", "re");
    text_require(in != NULL);
    const struct costs_tables tables = tables_of(costs);
    costs->wake_ns = 0;
    sluice_status st = costs_parse(in, &shape, &tables, why);
    fclose(in);
    return st;
}

static sluice_status parse(const char *text, size_t n,
                           const sluice_allocator *allocator, sluice_diag *why)
{
    struct costs costs, same;
    char *again = NULL;
    size_t length = 0;
    (void)allocator;
    sluice_status st = read(text, n, &costs, why);
    if (st)
        return st;
    FILE *out = open_memstream(&again, &length);
    text_require(out != NULL);
    const struct costs_tables tables = tables_of(&costs);
    costs_print(out, &shape, &tables);
    text_require(fclose(out) == 0);
    text_require(!read(again, length, &same, why));
    text_require(!memcmp(&costs, &same, sizeof costs));
    free(again);
    return SLUICE_OK;
}

const struct text_target text_target = {parse, 0, 0};
