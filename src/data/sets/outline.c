/* Data sets without their rows.  The owner of the data set. */
#include <sluice/outline.h>

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/formats/array.h"
#include "data/safetensors/checksum.h"
#include "data/sets/dataset.h"
#include "data/text/text.h"

static uint32_t checksum(const sluice_array *array)
{
    return sl_checksum_bytes(0, array->data, array->bytes);
}

/* The tokens from `first` on, as the text stores them. */
static uint32_t checksum_windows(const sluice_dataset *dataset)
{
    const sluice_text *text = dataset->text;
    size_t n = (size_t)dataset->places + dataset->row;
    return sl_checksum_bytes(
        0, text->bytes + (size_t)dataset->first * text->width, n * text->width);
}

void sluice_dataset_outline(const sluice_dataset *dataset, sluice_outline *out)
{
    memset(out, 0, sizeof *out);
    out->features = dataset->features.shape;
    out->targets = dataset->targets.shape;
    out->rows = dataset->n_rows;
    out->places = dataset->places;
    out->row = (int64_t)dataset->row;
    out->target_bytes = (int64_t)dataset->target_bytes;
    out->scale = dataset->scale;
    out->mean = dataset->mean;
    out->deviation = dataset->deviation;
    out->stored = (int32_t)dataset->features.type;
    out->gathered = (int32_t)dataset->type;
    out->target_type = (int32_t)dataset->targets.type;
    out->classes = dataset->classes;
    out->features_crc32 = dataset->features_crc32;
    out->targets_crc32 = dataset->targets_crc32;
    if (dataset->text)
        out->features_crc32 = out->targets_crc32 = checksum_windows(dataset);
    if (dataset->features.data)
        out->features_crc32 = checksum(&dataset->features);
    if (dataset->targets.data)
        out->targets_crc32 = checksum(&dataset->targets);
}

/* Whether `n` is rows * each, without an overflow. */
static bool is_product(int64_t n, int64_t rows, int64_t each)
{
    int64_t product;
    return !__builtin_mul_overflow(rows, each, &product) && n == product;
}

/* Bytes of n elements, which are numbers of 4 bytes; -1 if that is too many. */
static int64_t in_bytes(int64_t n)
{
    int64_t bytes;
    return __builtin_mul_overflow(n, (int64_t)sizeof(int32_t), &bytes) ? -1
                                                                       : bytes;
}

/* Windows of a text: one, or as many as fit behind each other. */
static bool is_outline_of_text(const sluice_outline *o)
{
    int64_t rows = o->places < o->row ? 1 : o->places / o->row;
    return o->rows == rows && o->target_bytes == in_bytes(o->row);
}

static bool is_shape_of_rows(const sluice_shape *shape, int64_t rows)
{
    return shape->n_dims >= 1 && shape->n_dims <= SLUICE_MAX_DIMS &&
           shape->dims[0] == rows;
}

/* Whether rows and shapes agree, so that nothing is read beyond them. */
static bool is_outline(const sluice_outline *o)
{
    if (!sluice_element_bytes((sluice_element)o->stored) ||
        !sluice_element_bytes((sluice_element)o->gathered) ||
        !sluice_element_bytes((sluice_element)o->target_type))
        return false;
    if (o->rows < 1 || o->row < 1 || o->target_bytes < 1 || o->places < 0)
        return false;
    if (!isfinite(o->scale) || !isfinite(o->mean) || !isfinite(o->deviation) ||
        o->deviation <= 0)
        return false;
    if (o->places)
        return is_outline_of_text(o);
    return is_shape_of_rows(&o->features, o->rows) &&
           is_shape_of_rows(&o->targets, o->rows) &&
           is_product(sluice_shape_elements(&o->features), o->rows, o->row) &&
           is_product(in_bytes(sluice_shape_elements(&o->targets)), o->rows,
                      o->target_bytes);
}

sluice_status sluice_dataset_create_outline(const sluice_outline *outline,
                                            const sluice_allocator *allocator,
                                            sluice_dataset **out,
                                            sluice_diag *why)
{
    if (!is_outline(outline))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "this is no outline of a data set: its numbers "
                               "of rows and elements contradict each other");
    sluice_dataset *dataset = sl_alloc(allocator, 1, sizeof *dataset);
    if (!dataset)
        return sl_no_memory(why, "a data set");
    *dataset = (sluice_dataset){
        .allocator = allocator,
        .places = outline->places,
        .features = {.shape = outline->features,
                     .type = (sluice_element)outline->stored},
        .targets = {.shape = outline->targets,
                    .type = (sluice_element)outline->target_type},
        .n_rows = outline->rows,
        .type = (sluice_element)outline->gathered,
        .row = (size_t)outline->row,
        .target_bytes = (size_t)outline->target_bytes,
        .classes = outline->classes,
        .features_crc32 = outline->features_crc32,
        .targets_crc32 = outline->targets_crc32,
        .scale = outline->scale,
        .mean = outline->mean,
        .deviation = outline->deviation,
    };
    sl_dataset_note_bytes(dataset, dataset->features.type);
    *out = dataset;
    return SLUICE_OK;
}

/* Whether an array may stand where `place` is empty. */
static sluice_status check(const sluice_array *array, const sluice_array *place,
                           uint32_t crc32, const char *what, sluice_diag *why)
{
    if (place->data)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the data set has its %s already", what);
    if (!sl_array_valid(array) || array->type != place->type ||
        !sluice_shape_equal(&array->shape, &place->shape))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the %s differ from those of the outline in "
                               "type or shape; give all processes the same "
                               "files",
                               what);
    if (checksum(array) == crc32)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "the %s have other values than those of the "
                           "outline; give all processes the same files",
                           what);
}

static sluice_status check_text(const sluice_dataset *dataset, sluice_diag *why)
{
    if (!dataset->places)
        return SLUICE_OK;
    return sluice_diag_set(
        why, SLUICE_INVALID,
        "the outline is that of a text, which has no arrays; "
        "open the text instead");
}

sluice_status sluice_dataset_fill(sluice_dataset *dataset,
                                  sluice_array *features, sluice_array *targets,
                                  sluice_diag *why)
{
    sluice_array labels = {0};
    bool widens =
        targets && targets->type == SLUICE_U8 && sl_array_valid(targets);
    sluice_status st = check_text(dataset, why);
    if (!st && features)
        st = check(features, &dataset->features, dataset->features_crc32,
                   "features", why);
    if (!st && widens)
        st = sl_dataset_widen_labels(targets, dataset->allocator, &labels, why);
    if (!st && targets)
        st = check(widens ? &labels : targets, &dataset->targets,
                   dataset->targets_crc32, "targets", why);
    if (st) {
        sluice_array_fini(&labels);
        return st;
    }
    if (features) {
        dataset->features = *features;
        *features = (sluice_array){0};
    }
    if (widens)
        sluice_array_fini(targets);
    if (targets) {
        dataset->targets = widens ? labels : *targets;
        *targets = (sluice_array){0};
    }
    return SLUICE_OK;
}

static void leave_out(sluice_array *array)
{
    const sluice_array kept = *array;
    sluice_array_fini(array);
    array->shape = kept.shape;
    array->type = kept.type;
}

void sluice_dataset_leave_out(sluice_dataset *dataset, bool features,
                              bool targets)
{
    if (dataset->places && features && targets)
        dataset->text = NULL;
    if (features)
        leave_out(&dataset->features);
    if (targets)
        leave_out(&dataset->targets);
}

void sluice_dataset_has(const sluice_dataset *dataset, bool *features,
                        bool *targets)
{
    *features = dataset->text || dataset->features.data;
    *targets = dataset->text || dataset->targets.data;
}
