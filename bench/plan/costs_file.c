/* Files of costs.  The main thread. */
#include "bench/plan/costs_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/schedule.h>

#include "bench/plan/text_lines.h"

enum { KINDS = SLUICE_N_ACTION_KINDS, UNSET = -2 };

/* The columns of a row. */
enum {
    TEAM,
    MICROBATCHES,
    LAYER,
    COSTS,
    N_COSTS = 6,
    FIRST_F = COSTS + N_COSTS,
    FIRST_B,
    REDUCE,
    ONCE,
    N_PLAIN,
    CUT_S = N_PLAIN,
    CUT_T,
    N_NUMBERS
};

static const char head[] = "team,microbatches,layer,F,B,I,W,R,UPDATE,"
                           "first_F,first_B,REDUCE_GRAD,once";

/* Of files that have S and T of a cut head. */
static const char head_cut[] = ",S,T";

static const int columns[N_COSTS] = {SLUICE_F, SLUICE_B, SLUICE_I,
                                     SLUICE_W, SLUICE_R, SLUICE_UPDATE};

/* The line of what a thread takes to wake. */
static const char wake[] = "wake,";

static sluice_status refuse_file(const char *path, sluice_diag *why)
{
    return sluice_diag_set(why, SLUICE_IO, "%.200s: %s", path,
                           strerror(errno ? errno : EIO));
}

/* Where the costs of a layer begin. */
static size_t place(const struct costs_shape *shape, int team, int m, int layer)
{
    size_t row = (size_t)team * (size_t)shape->n + (size_t)m;
    return (row * (size_t)shape->n_layers + (size_t)layer) * KINDS;
}

/* Whether there are rows of replicas with one micro-batch each. */
static bool has_once(const struct costs_shape *shape, int m)
{
    return shape->once && shape->once[m];
}

static void print_row(FILE *out, const int64_t *costs_ns,
                      const int64_t *first_ns, bool once, bool cut)
{
    for (int c = 0; c < N_COSTS; c++)
        fprintf(out, ",%" PRId64, costs_ns[columns[c]]);
    fprintf(out, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%d", first_ns[SLUICE_F],
            first_ns[SLUICE_B], costs_ns[SLUICE_REDUCE_GRAD], once);
    if (cut)
        fprintf(out, ",%" PRId64 ",%" PRId64, costs_ns[SLUICE_S],
                costs_ns[SLUICE_T]);
    fprintf(out, "\n");
}

static void print_rows(FILE *out, const struct costs_shape *shape, int team,
                       int m, const struct costs_tables *tables)
{
    for (int once = 0; once <= has_once(shape, m); once++)
        for (int i = 0; i < shape->n_layers; i++) {
            size_t at = place(shape, team, m, i);
            fprintf(out, "%d,%d,%d", shape->teams[team], shape->microbatches[m],
                    i);
            print_row(out, once ? &tables->once_ns[at] : &tables->costs_ns[at],
                      once ? &tables->once_first_ns[at] : &tables->first_ns[at],
                      once, shape->cut);
        }
}

void costs_print(FILE *out, const struct costs_shape *shape,
                 const struct costs_tables *tables)
{
    fprintf(out, "%s%s\n", head, shape->cut ? head_cut : "");
    if (tables->wake_ns)
        fprintf(out, "%s%" PRId64 "\n", wake, *tables->wake_ns);
    for (int t = 0; t < shape->n_teams; t++)
        for (int m = 0; m < shape->n; m++)
            print_rows(out, shape, t, m, tables);
}

/* "1,8,0,120500,...", `n` of them; others are 0. */
static bool read_numbers(const char *line, int n, int64_t numbers[N_NUMBERS])
{
    for (int i = n; i < N_NUMBERS; i++)
        numbers[i] = 0;
    for (int i = 0; i < n; i++) {
        char *end;
        errno = 0;
        numbers[i] = strtoll(line, &end, 10);
        char follows = i + 1 < n ? ',' : '\0';
        if (end == line || errno || *end != follows)
            return false;
        line = end + 1;
    }
    return true;
}

/* Set the costs of a layer, which begin at `costs_ns` and at `first_ns`. */
static void set_costs(const int64_t numbers[N_NUMBERS], int64_t *costs_ns,
                      int64_t *first_ns)
{
    for (int c = 0; c < N_COSTS; c++)
        costs_ns[columns[c]] = numbers[COSTS + c];
    costs_ns[SLUICE_REDUCE_GRAD] = numbers[REDUCE];
    costs_ns[SLUICE_S] = numbers[CUT_S];
    costs_ns[SLUICE_T] = numbers[CUT_T];
    first_ns[SLUICE_F] = numbers[FIRST_F];
    first_ns[SLUICE_B] = first_ns[SLUICE_I] = numbers[FIRST_B];
}

/* Keep a row, if its team and number of micro-batches are wanted. */
static void keep(const int64_t numbers[N_NUMBERS],
                 const struct costs_shape *shape,
                 const struct costs_tables *tables)
{
    for (int t = 0; t < shape->n_teams; t++)
        for (int m = 0; m < shape->n; m++) {
            size_t at = place(shape, t, m, (int)numbers[LAYER]);
            if (shape->microbatches[m] != numbers[MICROBATCHES] ||
                shape->teams[t] != numbers[TEAM])
                continue;
            if (!numbers[ONCE])
                set_costs(numbers, &tables->costs_ns[at],
                          &tables->first_ns[at]);
            else if (has_once(shape, m))
                set_costs(numbers, &tables->once_ns[at],
                          &tables->once_first_ns[at]);
        }
}

/* "wake,50000". */
static sluice_status
read_wake(const char *line, const struct costs_tables *tables, sluice_diag *why)
{
    char *end;
    errno = 0;
    long long ns = strtoll(line + strlen(wake), &end, 10);
    if (end == line + strlen(wake) || errno || *end || ns < 0)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "has no time to wake: write \"wake,50000\" for "
                               "50 us");
    if (tables->wake_ns)
        *tables->wake_ns = ns;
    return SLUICE_OK;
}

/* With `n` numbers. */
static sluice_status read_row(const char *line, int n,
                              const struct costs_shape *shape,
                              const struct costs_tables *tables,
                              sluice_diag *why)
{
    int64_t numbers[N_NUMBERS];
    if (!strncmp(line, wake, strlen(wake)))
        return read_wake(line, tables, why);
    if (!read_numbers(line, n, numbers))
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "is not %d whole numbers between commas", n);
    if (numbers[LAYER] < 0 || numbers[LAYER] >= shape->n_layers)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "is of layer %" PRId64
                               ", and the model has %d layers",
                               numbers[LAYER], shape->n_layers);
    if (numbers[ONCE] < 0 || numbers[ONCE] > 1)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "has %" PRId64 " as once: write 0 or 1",
                               numbers[ONCE]);
    keep(numbers, shape, tables);
    return SLUICE_OK;
}

static sluice_status read_rows(struct text_lines *lines,
                               const struct costs_shape *shape,
                               const struct costs_tables *tables,
                               sluice_diag *why)
{
    bool more;
    size_t plain = strlen(head);
    sluice_status st = text_lines_next(lines, &more, why);
    bool known = !strncmp(lines->line, head, plain);
    bool cut = known && !strcmp(lines->line + plain, head_cut);
    if (!st && (!known || (!cut && lines->line[plain])))
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "is not \"%s\", which may end in \"%s\"", head,
                               head_cut);
    for (;;) {
        if (!st)
            st = text_lines_next(lines, &more, why);
        if (st || !more)
            return st;
        st = read_row(lines->line, cut ? N_NUMBERS : N_PLAIN, shape, tables,
                      why);
    }
}

/* Nothing is known yet. */
static void unset(int64_t *costs_ns, int64_t *first_ns, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        costs_ns[i] = i % KINDS == SLUICE_F ? UNSET : 0;
        first_ns[i] = 0;
    }
}

static sluice_status check_all(const struct costs_shape *shape,
                               const struct costs_tables *tables,
                               sluice_diag *why)
{
    for (int t = 0; t < shape->n_teams; t++)
        for (int m = 0; m < shape->n; m++)
            for (int i = 0; i < shape->n_layers; i++)
                if (tables->costs_ns[place(shape, t, m, i) + SLUICE_F] == UNSET)
                    return sluice_diag_set(
                        why, SLUICE_FORMAT,
                        "has no costs of layer %d with %d micro-batches and "
                        "teams of %d: measure them, or leave %d out of "
                        "--microbatches or %d out of --team",
                        i, shape->microbatches[m], shape->teams[t],
                        shape->microbatches[m], shape->teams[t]);
    return SLUICE_OK;
}

/* What there are no rows of takes as long as with more micro-batches. */
static void fill_once(const struct costs_tables *tables, size_t n)
{
    for (size_t i = 0; i < n; i += KINDS) {
        if (tables->once_ns[i + SLUICE_F] != UNSET)
            continue;
        memcpy(&tables->once_ns[i], &tables->costs_ns[i],
               KINDS * sizeof *tables->once_ns);
        memcpy(&tables->once_first_ns[i], &tables->first_ns[i],
               KINDS * sizeof *tables->once_first_ns);
    }
}

sluice_status costs_parse(FILE *in, const struct costs_shape *shape,
                          const struct costs_tables *tables, sluice_diag *why)
{
    struct text_lines lines = {.in = in};
    sluice_diag said;
    size_t n = place(shape, shape->n_teams, 0, 0);
    unset(tables->costs_ns, tables->first_ns, n);
    if (shape->once)
        unset(tables->once_ns, tables->once_first_ns, n);
    sluice_status st = read_rows(&lines, shape, tables, &said);
    if (st)
        return sluice_diag_set(why, st, "line %d %.200s", lines.number,
                               said.text);
    st = check_all(shape, tables, why);
    if (!st && shape->once)
        fill_once(tables, n);
    return st;
}

sluice_status costs_read(const char *path, const struct costs_shape *shape,
                         const struct costs_tables *tables, sluice_diag *why)
{
    sluice_diag said;
    FILE *in = fopen(path, "re");
    if (!in)
        return refuse_file(path, why);
    sluice_status st = costs_parse(in, shape, tables, &said);
    fclose(in);
    return st ? sluice_diag_set(why, st, "%.200s: %.250s", path, said.text)
              : SLUICE_OK;
}
