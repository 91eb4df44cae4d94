/* What a benchmark trains.  The main thread. */
#include "bench/measure/workload.h"

#include <stdlib.h>

#include <sluice/layer.h>
#include <sluice/shape.h>

enum { CELL_WIDTH = 4 }; /* elements between timed cells */

/* The next number of a splitmix64 sequence (Steele et al., 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* values[n], uniform in [-1, 1); NULL if out of memory. */
static float *random_values(int64_t n, uint64_t *state)
{
    float *values = calloc((size_t)n, sizeof *values);
    for (int64_t i = 0; values && i < n; i++)
        values[i] = (float)(next_random(state) >> 40) * 0x1p-23f - 1;
    return values;
}

/* Labels of a head's outputs, all in turn. */
static int32_t *make_labels(int64_t rows, int64_t classes)
{
    int32_t *labels = calloc((size_t)rows, sizeof *labels);
    for (int64_t i = 0; labels && i < rows; i++)
        labels[i] = (int32_t)(i % classes);
    return labels;
}

/* Everything but the models. */
static sluice_status fill(struct workload *work, const sluice_model *model,
                          int64_t rows, uint64_t seed, sluice_diag *why)
{
    sluice_shape in = sluice_model_input(model);
    sluice_shape out = sluice_model_output(model);
    uint64_t state = seed;
    work->rows = rows;
    int64_t n = rows * sluice_shape_elements(&in);
    work->x = sluice_model_input_type(model) == SLUICE_F32
                  ? random_values(n, &state)
                  : calloc((size_t)n, sizeof(int32_t));
    n = sluice_shape_elements(&out);
    int64_t classes = out.n_dims ? out.dims[out.n_dims - 1] : 1;
    if (work->labelled) /* each position of a sequence has a label */
        work->targets = make_labels(rows * (n / classes), classes);
    else
        work->targets = random_values(rows * n, &state);
    if (work->x && work->targets)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "out of memory for a mini-batch of the benchmark");
}

sluice_status workload_fill(struct workload *work, const sluice_model *model,
                            bool labelled, int64_t rows, uint64_t seed,
                            sluice_diag *why)
{
    *work = (struct workload){.labelled = labelled};
    sluice_status st = fill(work, model, rows, seed, why);
    if (st)
        workload_fini(work);
    return st;
}

sluice_status workload_parse(struct workload *work, const char *model,
                             int64_t rows, uint64_t seed, sluice_diag *why)
{
    *work = (struct workload){0};
    sluice_status st = sluice_model_parse(model, NULL, &work->model, why);
    work->untimed = work->model;
    if (!st)
        st = fill(work, work->model, rows, seed, why);
    if (st)
        workload_fini(work);
    return st;
}

/* `times` of each cell; NULL: none. */
static sluice_status create_cells(int cells, const sluice_timed_config *times,
                                  const sluice_timed_head_config *head,
                                  sluice_model **model, sluice_diag *why)
{
    static const sluice_timed_config untimed = {0};
    const sluice_model_config config = {
        .input = sluice_shape_vector(CELL_WIDTH),
    };
    sluice_status st = sluice_model_create(&config, model, why);
    for (int i = 0; i < cells && !st; i++)
        st = sluice_model_add(*model, sluice_timed(),
                              times ? &times[i] : &untimed, why);
    if (head && !st)
        st = sluice_model_add(*model, sluice_timed_head(), head, why);
    return st;
}

sluice_status workload_cells(struct workload *work, int cells,
                             const sluice_timed_config *times,
                             const sluice_timed_head_config *head, int64_t rows,
                             uint64_t seed, sluice_diag *why)
{
    const sluice_timed_head_config untimed = {.vocabulary =
                                                  head ? head->vocabulary : 0};
    *work = (struct workload){.labelled = head != NULL};
    sluice_status st = create_cells(cells, times, head, &work->model, why);
    if (!st)
        st = create_cells(cells, NULL, head ? &untimed : NULL, &work->untimed,
                          why);
    if (!st)
        st = fill(work, work->model, rows, seed, why);
    if (st)
        workload_fini(work);
    return st;
}

sluice_timed_config workload_cell(int64_t ns)
{
    return (sluice_timed_config){
        .forward_ns = ns,
        .input_ns = ns,
        .weight_ns = ns,
        .recompute_ns = ns,
    };
}

void workload_fini(struct workload *work)
{
    free(work->targets);
    free(work->x);
    if (work->untimed != work->model)
        sluice_model_destroy(work->untimed);
    sluice_model_destroy(work->model);
    *work = (struct workload){0};
}
