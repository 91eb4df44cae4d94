/* Bubbles by devices and micro-batches, once all are known.  The main
 * thread. */
#include "bench/output/formats/table_matrix.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/output/formats/table_md.h"

/* One measurement. */
struct matrix_cell {
    int64_t devices;
    int64_t microbatches;
    double measured;
    double formula;
};

/* table->state */
struct matrix {
    int n;
    bool is_short; /* memory ran out: cells are missing */
    struct matrix_cell *cells;
};

static const struct table_field *find(const struct table_field *fields, int n,
                                      const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(fields[i].name, name))
            return &fields[i];
    return NULL;
}

/* Room for one more; NULL if there is none. */
static struct matrix_cell *grow(struct table *table)
{
    struct matrix *matrix = table->state;
    if (!matrix)
        matrix = table->state = calloc(1, sizeof *matrix);
    if (!matrix)
        return NULL;
    struct matrix_cell *cells =
        realloc(matrix->cells, (size_t)(matrix->n + 1) * sizeof *matrix->cells);
    matrix->is_short = !cells;
    if (!cells)
        return NULL;
    matrix->cells = cells;
    return &cells[matrix->n++];
}

void table_matrix_row(struct table *table, const struct table_field *fields,
                      int n)
{
    if (!table->n_rows)
        table_md_context(table, fields, n);
    struct matrix_cell *cell = grow(table);
    if (cell)
        *cell = (struct matrix_cell){
            .devices = find(fields, n, "devices")->integer,
            .microbatches = find(fields, n, "microbatches")->integer,
            .measured = find(fields, n, "bubble_measured")->real,
            .formula = find(fields, n, "bubble_formula")->real,
        };
}

/* The least of the devices, or micro-batches, above `last`; -1: none. */
static int64_t next_of(const struct matrix *matrix, bool devices, int64_t last)
{
    int64_t next = -1;
    for (int i = 0; i < matrix->n; i++) {
        const struct matrix_cell *cell = &matrix->cells[i];
        int64_t value = devices ? cell->devices : cell->microbatches;
        if (value > last && (next < 0 || value < next))
            next = value;
    }
    return next;
}

static void print_cell(const struct matrix *matrix, int64_t devices,
                       int64_t microbatches, FILE *out)
{
    for (int i = 0; i < matrix->n; i++) {
        const struct matrix_cell *cell = &matrix->cells[i];
        if (cell->devices != devices || cell->microbatches != microbatches)
            continue;
        fprintf(out, " %.2f", 100 * cell->measured);
        if (!isnan(cell->formula))
            fprintf(out, " / %.2f", 100 * cell->formula);
        fputs(" |", out);
        return;
    }
    fputs(" - |", out);
}

static void print(const struct matrix *matrix, FILE *out)
{
    int n = 1;
    fputs("\n| K |", out);
    for (int64_t m = 0; (m = next_of(matrix, false, m)) > 0; n++)
        fprintf(out, " %s%" PRId64 " |", n == 1 ? "M=" : "", m);
    fputs("\n|", out);
    while (n--)
        fputs(" --- |", out);
    for (int64_t k = 0; (k = next_of(matrix, true, k)) > 0;) {
        fprintf(out, "\n| %" PRId64 " |", k);
        for (int64_t m = 0; (m = next_of(matrix, false, m)) > 0;)
            print_cell(matrix, k, m, out);
    }
    fputc('\n', out);
}

void table_matrix_end(struct table *table)
{
    struct matrix *matrix = table->state;
    if (!matrix)
        return;
    print(matrix, table->out);
    if (matrix->is_short)
        fputs("out of memory: cells are missing\n", table->out);
    free(matrix->cells);
    free(matrix);
    table->state = NULL;
}
