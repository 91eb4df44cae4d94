/* Names and layouts of PyTorch.  The thread that owns the pipeline. */
#include "checkpoint/exchange.h"

#include <stdio.h>
#include <string.h>

#include "nn/presets/torch_name.h"
#include "nn/presets/recognize.h"

static const char counter[] = "num_batches_tracked";

void sl_exchange_init(struct sl_exchange *exchange, const sluice_model *model)
{
    *exchange = (struct sl_exchange){
        .model = model,
        .published = sl_published_of(model),
        .has_prefix = true,
    };
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && !strcmp(name + n - m, end);
}

bool sl_exchange_is_counter(const sluice_param_spec *spec)
{
    return spec->statistic && ends_with(spec->name, counter);
}

bool sl_exchange_passes_over(const struct sl_exchange *exchange,
                             const char *name)
{
    bool passes = ends_with(name, counter);
    if (!exchange->published)
        return passes;
    const char *const *end = exchange->published->passed_over;
    for (; *end && !passes; end++)
        passes = ends_with(name, *end);
    return passes;
}

/* Columns of part `part` of `n`: halves, or queries, keys and values, of which
 * the first are as many as the rows. */
static int64_t columns_of(const sluice_shape *shape, int part, int n)
{
    int64_t columns = shape->dims[1];
    if (n < 3)
        return columns / n;
    return part == 0 ? shape->dims[0] : (columns - shape->dims[0]) / 2;
}

/* All of a parameter, in its order. */
static void settle_whole(const sluice_param_spec *spec,
                         struct sl_exchange_part *part)
{
    part->shape = spec->shape;
    part->is_whole = true;
    part->outer = 1;
    part->inner = part->outer_step = sluice_shape_elements(&spec->shape);
    part->inner_step = 1;
    if (sl_exchange_is_counter(spec))
        part->shape = (sluice_shape){.n_dims = 0};
}

/* `columns` of a matrix from `first` on. */
static void settle_columns(const sluice_shape *shape, int64_t first,
                           int64_t columns, struct sl_exchange_part *part)
{
    int64_t rows = shape->dims[0], all = shape->dims[1];
    bool turned = part->is_transposed;
    part->shape =
        (sluice_shape){2, {turned ? columns : rows, turned ? rows : columns}};
    part->is_whole = !turned && columns == all;
    part->first = first;
    part->outer = part->shape.dims[0];
    part->inner = part->shape.dims[1];
    part->outer_step = turned ? 1 : all;
    part->inner_step = turned ? all : 1;
}

static int sequential_part(const struct sl_exchange *exchange, int layer,
                           int param, struct sl_exchange_part *part)
{
    const sluice_layer_plan *plan =
        sluice_model_layer_plan(exchange->model, layer);
    const sluice_param_spec *spec = &plan->params[param];
    *part = (struct sl_exchange_part){
        .is_transposed = sl_torch_is_transposed(exchange->model, layer, param),
    };
    sl_torch_name(exchange->model, layer, param, part->name);
    if (part->is_transposed)
        settle_columns(&spec->shape, 0, spec->shape.dims[1], part);
    else
        settle_whole(spec, part);
    return 1;
}

int sl_exchange_parts(const struct sl_exchange *exchange, int layer, int param,
                      struct sl_exchange_part parts[SL_PUBLISHED_PARTS])
{
    if (!exchange->published)
        return sequential_part(exchange, layer, param, parts);
    const struct sl_published *published = exchange->published;
    const sluice_param_spec *spec =
        &sluice_model_layer_plan(exchange->model, layer)->params[param];
    const struct sl_published_row *row =
        sl_published_find(published, exchange->model, layer, param);
    int n = 0;
    int64_t first = 0;
    while (n < SL_PUBLISHED_PARTS && row->theirs[n])
        n++;
    for (int i = 0; i < n; i++) {
        parts[i] = (struct sl_exchange_part){
            .is_transposed = row->is_transposed,
        };
        sl_published_name(published, exchange->model, layer, row, i,
                          exchange->has_prefix, parts[i].name);
        if (spec->shape.n_dims != 2) {
            settle_whole(spec, &parts[i]);
            continue;
        }
        int64_t columns = columns_of(&spec->shape, i, n);
        settle_columns(&spec->shape, first, columns, &parts[i]);
        first += columns;
    }
    return n;
}

void sl_exchange_take(const struct sl_exchange_part *part, const float *tensor,
                      float *parameter)
{
    float *to = parameter + part->first;
    for (int64_t a = 0; a < part->outer; a++)
        for (int64_t b = 0; b < part->inner; b++)
            to[a * part->outer_step + b * part->inner_step] = *tensor++;
}

/* `n` elements of so many rows, side by side in the parameter if it lies
 * transposed: a cache line that is read has some for each of them. */
static void give_rows(const struct sl_exchange_part *part, const float *from,
                      int64_t n_rows, int64_t n, float *to)
{
    for (int64_t b = 0; b < n; b++)
        for (int64_t a = 0; a < n_rows; a++)
            to[a * n + b] = from[a * part->outer_step + b * part->inner_step];
}

void sl_exchange_give(const struct sl_exchange_part *part,
                      const float *parameter, int64_t first, int64_t n,
                      float *elements)
{
    enum { ROWS = 16 }; /* of a cache line */
    int64_t rows, columns;
    for (int64_t i = first; i < first + n; i += rows * columns) {
        int64_t a = i / part->inner, b = i % part->inner;
        int64_t left = first + n - i;
        rows = b ? 0 : left / part->inner;
        rows = rows < 1 ? 1 : rows < ROWS ? rows : ROWS;
        columns = part->inner - b < left ? part->inner - b : left;
        give_rows(part,
                  parameter + part->first + a * part->outer_step +
                      b * part->inner_step,
                  rows, columns, elements + (i - first));
    }
}

bool sl_exchange_equals(const struct sl_exchange_part *part,
                        const float *tensor, const float *parameter)
{
    const float *is = parameter + part->first;
    for (int64_t a = 0; a < part->outer; a++)
        for (int64_t b = 0; b < part->inner; b++, tensor++)
            if (memcmp(&is[a * part->outer_step + b * part->inner_step], tensor,
                       sizeof *tensor) != 0)
                return false;
    return true;
}
