/* Files of costs.  The main thread. */
#include "bench/plan/costs_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/schedule.h>

#include "bench/plan/text_lines.h"

enum {
    KINDS = SLUICE_N_ACTION_KINDS,
    N_COSTS = 6,
    N_NUMBERS = 2 + N_COSTS + 2,
    UNSET = -2
};

static const char head[] = "microbatches,layer,F,B,I,W,R,UPDATE,"
                           "first_F,first_B";

static const int columns[N_COSTS] = {SLUICE_F, SLUICE_B, SLUICE_I,
                                     SLUICE_W, SLUICE_R, SLUICE_UPDATE};

static sluice_status refuse_file(const char *path, sluice_diag *why)
{
    return sluice_diag_set(why, SLUICE_IO, "%.200s: %s", path,
                           strerror(errno ? errno : EIO));
}

void costs_print(FILE *out, const int *microbatches, int n, int n_layers,
                 const int64_t *costs_ns, const int64_t *first_ns)
{
    fprintf(out, "%s\n", head);
    for (int m = 0; m < n; m++)
        for (int i = 0; i < n_layers;
             i++, costs_ns += KINDS, first_ns += KINDS) {
            fprintf(out, "%d,%d", microbatches[m], i);
            for (int c = 0; c < N_COSTS; c++)
                fprintf(out, ",%" PRId64, costs_ns[columns[c]]);
            fprintf(out, ",%" PRId64 ",%" PRId64 "\n", first_ns[SLUICE_F],
                    first_ns[SLUICE_B]);
        }
}

sluice_status costs_write(const char *path, const int *microbatches, int n,
                          int n_layers, const int64_t *costs_ns,
                          const int64_t *first_ns, sluice_diag *why)
{
    FILE *out = fopen(path, "we");
    if (!out)
        return refuse_file(path, why);
    costs_print(out, microbatches, n, n_layers, costs_ns, first_ns);
    bool failed = ferror(out);
    if (fclose(out) || failed)
        return refuse_file(path, why);
    return SLUICE_OK;
}

/* "8,0,120500,..." */
static bool read_numbers(const char *line, int64_t numbers[N_NUMBERS])
{
    for (int i = 0; i < N_NUMBERS; i++) {
        char *end;
        errno = 0;
        numbers[i] = strtoll(line, &end, 10);
        char follows = i + 1 < N_NUMBERS ? ',' : '\0';
        if (end == line || errno || *end != follows)
            return false;
        line = end + 1;
    }
    return true;
}

/* Keep a row, if its number of micro-batches is wanted. */
static void keep(const int64_t numbers[N_NUMBERS], const int *microbatches,
                 int n, int n_layers, int64_t *costs_ns, int64_t *first_ns)
{
    for (int m = 0; m < n; m++) {
        int64_t at = ((int64_t)m * n_layers + numbers[1]) * KINDS;
        if (microbatches[m] != numbers[0])
            continue;
        for (int c = 0; c < N_COSTS; c++)
            costs_ns[at + columns[c]] = numbers[2 + c];
        first_ns[at + SLUICE_F] = numbers[2 + N_COSTS];
        first_ns[at + SLUICE_B] = first_ns[at + SLUICE_I] =
            numbers[3 + N_COSTS];
    }
}

static sluice_status read_row(const char *line, const int *microbatches, int n,
                              int n_layers, int64_t *costs_ns,
                              int64_t *first_ns, sluice_diag *why)
{
    int64_t numbers[N_NUMBERS];
    if (!read_numbers(line, numbers))
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "is not ten whole numbers between commas");
    if (numbers[1] < 0 || numbers[1] >= n_layers)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "is of layer %" PRId64
                               ", and the model has %d layers",
                               numbers[1], n_layers);
    keep(numbers, microbatches, n, n_layers, costs_ns, first_ns);
    return SLUICE_OK;
}

static sluice_status read_rows(struct text_lines *lines,
                               const int *microbatches, int n, int n_layers,
                               int64_t *costs_ns, int64_t *first_ns,
                               sluice_diag *why)
{
    bool more;
    sluice_status st = text_lines_next(lines, &more, why);
    if (!st && strcmp(lines->line, head) != 0)
        return sluice_diag_set(why, SLUICE_FORMAT, "is not \"%s\"", head);
    for (;;) {
        if (!st)
            st = text_lines_next(lines, &more, why);
        if (st || !more)
            return st;
        st = read_row(lines->line, microbatches, n, n_layers, costs_ns,
                      first_ns, why);
    }
}

static sluice_status check_all(const int *microbatches, int n, int n_layers,
                               const int64_t *costs_ns, sluice_diag *why)
{
    for (int m = 0; m < n; m++)
        for (int i = 0; i < n_layers; i++)
            if (costs_ns[((int64_t)m * n_layers + i) * KINDS + SLUICE_F] ==
                UNSET)
                return sluice_diag_set(why, SLUICE_FORMAT,
                                       "has no costs of layer %d with %d "
                                       "micro-batches: measure them, or leave "
                                       "%d out of --microbatches",
                                       i, microbatches[m], microbatches[m]);
    return SLUICE_OK;
}

sluice_status costs_parse(FILE *in, const int *microbatches, int n,
                          int n_layers, int64_t *costs_ns, int64_t *first_ns,
                          sluice_diag *why)
{
    struct text_lines lines = {.in = in};
    sluice_diag said;
    for (int64_t i = 0; i < (int64_t)n * n_layers * KINDS; i++) {
        costs_ns[i] = i % KINDS == SLUICE_F ? UNSET : 0;
        first_ns[i] = 0;
    }
    sluice_status st =
        read_rows(&lines, microbatches, n, n_layers, costs_ns, first_ns, &said);
    if (st)
        return sluice_diag_set(why, st, "line %d %.200s", lines.number,
                               said.text);
    return check_all(microbatches, n, n_layers, costs_ns, why);
}

sluice_status costs_read(const char *path, const int *microbatches, int n,
                         int n_layers, int64_t *costs_ns, int64_t *first_ns,
                         sluice_diag *why)
{
    sluice_diag said;
    FILE *in = fopen(path, "re");
    if (!in)
        return refuse_file(path, why);
    sluice_status st =
        costs_parse(in, microbatches, n, n_layers, costs_ns, first_ns, &said);
    fclose(in);
    return st ? sluice_diag_set(why, st, "%.200s: %.250s", path, said.text)
              : SLUICE_OK;
}
