/* Data sets in memory.  Const once created, so any number of threads. */
#include "data/sets/dataset.h"

#include "base/memory.h"
#include "data/formats/array.h"
#include "data/sets/moments.h"

#include <math.h>
#include <string.h>

/* Turn the features of row `i` into floats: one function per element type. */
typedef void convert(const sluice_dataset *dataset, size_t i, float *x);

static void convert_u8(const sluice_dataset *dataset, size_t i, float *x)
{
    const uint8_t *from = dataset->features.data;
    for (size_t k = 0; k < dataset->row; k++)
        x[k] = dataset->of_byte[from[i * dataset->row + k]];
}

static void convert_f32(const sluice_dataset *dataset, size_t i, float *x)
{
    const float *from = dataset->features.data;
    for (size_t k = 0; k < dataset->row; k++)
        x[k] =
            sl_dataset_normalized(dataset, (double)from[i * dataset->row + k]);
}

static void convert_i32(const sluice_dataset *dataset, size_t i, float *x)
{
    const int32_t *from = dataset->features.data;
    for (size_t k = 0; k < dataset->row; k++)
        x[k] = sl_dataset_normalized(dataset, from[i * dataset->row + k]);
}

static convert *const converters[] = {
    [SLUICE_U8] = convert_u8,
    [SLUICE_F32] = convert_f32,
    [SLUICE_I32] = convert_i32,
};

static void gather_features(const sluice_dataset *dataset, size_t i, char *x)
{
    size_t bytes = dataset->row * sizeof(int32_t);
    if (dataset->type == SLUICE_I32)
        memcpy(x, (const char *)dataset->features.data + i * bytes, bytes);
    else
        converters[dataset->features.type](dataset, i, (float *)(void *)x);
}

static sluice_status check_arrays(const sluice_array *features,
                                  const sluice_array *targets, sluice_diag *why)
{
    if (!sl_array_valid(features) || !sl_array_valid(targets))
        return sluice_diag_set(
            why, SLUICE_INVALID, "%s are not an array with rows",
            sl_array_valid(features) ? "targets" : "features");
    if (features->shape.dims[0] != targets->shape.dims[0])
        return sluice_diag_set(why, SLUICE_INVALID,
                               "there are %lld rows of features but %lld "
                               "targets",
                               (long long)features->shape.dims[0],
                               (long long)targets->shape.dims[0]);
    if (targets->type == SLUICE_U8 && targets->shape.n_dims != 1)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "labels have one dim, these have %d; give one integer for "
            "each row, labels of positions as int32, or values as float32",
            targets->shape.n_dims);
    return SLUICE_OK;
}

/* Find the largest label; each is to be at most INT32_MAX - 1, and at least 0
 * unless they may be negative. */
static sluice_status count_classes(const sluice_array *labels, bool negative,
                                   int *classes, sluice_diag *why)
{
    const int32_t *label = labels->data;
    int64_t n = sluice_shape_elements(&labels->shape);
    *classes = 0;
    for (int64_t i = 0; i < n; i++) {
        if ((label[i] < 0 && !negative) || label[i] == INT32_MAX)
            return sluice_diag_set(
                why, SLUICE_INVALID, "label %d of row %lld is out of range",
                (int)label[i], (long long)(i / (n / labels->shape.dims[0])));
        if (label[i] >= *classes)
            *classes = label[i] + 1;
    }
    return SLUICE_OK;
}

sluice_status sl_dataset_widen_labels(const sluice_array *bytes,
                                      const sluice_allocator *allocator,
                                      sluice_array *out, sluice_diag *why)
{
    sluice_status st =
        sluice_array_init(out, SLUICE_I32, &bytes->shape, allocator, why);
    if (st)
        return st;
    const uint8_t *from = bytes->data;
    int32_t *to = out->data;
    for (size_t i = 0; i < bytes->bytes; i++)
        to[i] = from[i];
    return SLUICE_OK;
}

/* Integers stay what they are unless something is to be done to them. */
static sluice_element gathered_type(const sluice_dataset_config *config,
                                    const sluice_array *features)
{
    bool computes = config->scale != 0 || config->mean != 0 ||
                    config->deviation != 0 || config->measure;
    return features->type == SLUICE_I32 && !computes ? SLUICE_I32 : SLUICE_F32;
}

void sl_dataset_note_bytes(sluice_dataset *dataset, sluice_element stored)
{
    for (int v = 0; v < 256 && stored == SLUICE_U8; v++)
        dataset->of_byte[v] = sl_dataset_normalized(dataset, v);
}

/* Settle scale, mean and deviation. */
static sluice_status normalize(sluice_dataset *dataset,
                               const sluice_dataset_config *config,
                               const sluice_array *features, sluice_diag *why)
{
    bool bytes = features->type == SLUICE_U8;
    double usual = bytes ? 1.0 / 255 : 1;
    dataset->scale = config->scale != 0 ? config->scale : usual;
    dataset->mean = config->mean;
    dataset->deviation = config->deviation != 0 ? config->deviation : 1;
    if (!isfinite(dataset->scale) || !isfinite(dataset->mean) ||
        !isfinite(dataset->deviation) || dataset->deviation < 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "scale %g, mean %g, deviation %g: they must be "
                               "finite, and the deviation not negative",
                               dataset->scale, dataset->mean,
                               dataset->deviation);
    if (config->measure) {
        sluice_status st = sl_measure(features, dataset->scale, &dataset->mean,
                                      &dataset->deviation, why);
        if (st)
            return st;
    }
    sl_dataset_note_bytes(dataset, features->type);
    return SLUICE_OK;
}

/* Fill in size and classes of the targets.  The array is taken later, when
 * nothing can fail any more. */
static sluice_status describe_targets(sluice_dataset *dataset,
                                      const sluice_dataset_config *config,
                                      const sluice_array *targets,
                                      sluice_diag *why)
{
    dataset->target_bytes = targets->bytes / (size_t)targets->shape.dims[0];
    if (targets->type == SLUICE_F32)
        return SLUICE_OK;
    return count_classes(targets, config->negative, &dataset->classes, why);
}

sluice_status sluice_dataset_create(const sluice_dataset_config *config,
                                    sluice_array *features,
                                    sluice_array *targets, sluice_dataset **out,
                                    sluice_diag *why)
{
    static const sluice_dataset_config defaults;
    if (!config)
        config = &defaults;
    sluice_status st = check_arrays(features, targets, why);
    if (st)
        return st;
    sluice_dataset *dataset = sl_alloc(config->allocator, 1, sizeof *dataset);
    if (!dataset)
        return sl_no_memory(why, "a data set");
    sluice_array labels = {0};
    bool widen = targets->type == SLUICE_U8;
    st = normalize(dataset, config, features, why);
    if (!st && widen)
        st = sl_dataset_widen_labels(targets, config->allocator, &labels, why);
    if (!st)
        st = describe_targets(dataset, config, widen ? &labels : targets, why);
    if (st)
        goto free_dataset;
    if (widen)
        sluice_array_fini(targets);
    dataset->allocator = config->allocator;
    dataset->features = *features;
    dataset->targets = widen ? labels : *targets;
    dataset->type = gathered_type(config, features);
    dataset->n_rows = features->shape.dims[0];
    dataset->row = (size_t)(sluice_shape_elements(&features->shape) /
                            features->shape.dims[0]);
    *features = *targets = (sluice_array){0};
    *out = dataset;
    return SLUICE_OK;
free_dataset:
    sluice_array_fini(&labels);
    sl_free(config->allocator, dataset, 1, sizeof *dataset);
    return st;
}

void sluice_dataset_destroy(sluice_dataset *dataset)
{
    if (!dataset)
        return;
    sluice_array_fini(&dataset->features);
    sluice_array_fini(&dataset->targets);
    sl_free(dataset->allocator, dataset, 1, sizeof *dataset);
}

int64_t sluice_dataset_rows(const sluice_dataset *dataset)
{
    return dataset->n_rows;
}

sluice_shape sluice_dataset_input(const sluice_dataset *dataset)
{
    const sluice_shape *all = &dataset->features.shape;
    sluice_shape row = sluice_shape_vector(1);
    if (dataset->places)
        return sluice_shape_vector((int64_t)dataset->row);
    if (all->n_dims == 1)
        return row;
    row.n_dims = all->n_dims - 1;
    memcpy(row.dims, all->dims + 1, (size_t)row.n_dims * sizeof *row.dims);
    return row;
}

sluice_element sluice_dataset_input_type(const sluice_dataset *dataset)
{
    return dataset->type;
}

int sluice_dataset_classes(const sluice_dataset *dataset)
{
    return dataset->classes;
}

sluice_element sluice_dataset_target_type(const sluice_dataset *dataset)
{
    return dataset->targets.type;
}

size_t sluice_dataset_target_bytes(const sluice_dataset *dataset)
{
    return dataset->target_bytes;
}

void sluice_dataset_normalization(const sluice_dataset *dataset, double *mean,
                                  double *deviation)
{
    *mean = dataset->mean;
    *deviation = dataset->deviation;
}

/* Whether the data set has what is wanted. */
static sluice_status check_wanted(const sluice_dataset *dataset, const void *x,
                                  const void *targets, sluice_diag *why)
{
    bool lacks_x = x && !dataset->text && !dataset->features.data;
    bool lacks_targets = targets && !dataset->text && !dataset->targets.data;
    if (!lacks_x && !lacks_targets)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "the data set is without its %s: they were left "
                           "out, or have not been filled in",
                           lacks_x ? "features" : "targets");
}

sluice_status sluice_dataset_gather(const sluice_dataset *dataset,
                                    const int64_t *index, int64_t n, void *x,
                                    void *targets, sluice_diag *why)
{
    int64_t end = dataset->places ? dataset->places : dataset->n_rows;
    for (int64_t i = 0; i < n; i++)
        if (index[i] < 0 || index[i] >= end)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "row %lld was asked for, but rows are 0 to "
                                   "%lld",
                                   (long long)index[i], (long long)end - 1);
    sluice_status st = check_wanted(dataset, x, targets, why);
    if (st)
        return st;
    if (dataset->text) {
        sl_windows_gather(dataset, index, n, x, targets);
        return SLUICE_OK;
    }
    const char *from = dataset->targets.data;
    size_t x_bytes = dataset->row * sluice_element_bytes(dataset->type);
    for (int64_t i = 0; i < n; i++) {
        size_t row = (size_t)index[i];
        if (x)
            gather_features(dataset, row, (char *)x + (size_t)i * x_bytes);
        if (targets)
            memcpy((char *)targets + (size_t)i * dataset->target_bytes,
                   from + row * dataset->target_bytes, dataset->target_bytes);
    }
    return SLUICE_OK;
}
