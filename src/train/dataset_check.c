/* Checking the rows of a data set.  Any thread. */
#include "train/dataset_check.h"

#include <inttypes.h>
#include <math.h>

#include "base/finite.h"
#include "data/sets/dataset.h"

sluice_status sl_dataset_check_features(const sluice_dataset *dataset,
                                        const char *part, sluice_element takes,
                                        sluice_diag *why)
{
    if (dataset->type == takes)
        return SLUICE_OK;
    if (takes == SLUICE_F32)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "features of the %s data are %s, but the model "
                               "takes float32; set `scale` of the data set, 1 "
                               "to keep their values, or begin the model with "
                               "a layer that takes %s",
                               part, sluice_element_name(dataset->type),
                               sluice_element_name(dataset->type));
    return sluice_diag_set(why, SLUICE_INVALID,
                           "features of the %s data are %s, but the model "
                           "takes %s; store them as %s, and leave scale, mean, "
                           "deviation and `measure` of the data set 0",
                           part, sluice_element_name(dataset->type),
                           sluice_element_name(takes),
                           sluice_element_name(takes));
}

/* Bytes of a target say how many elements it has, if both are of one type. */
static sluice_status refuse_size(const sluice_dataset *dataset,
                                 const char *part, const char *loss,
                                 const sluice_loss_plan *plan, sluice_diag *why)
{
    size_t wants = (size_t)plan->target_row_bytes;
    size_t n = dataset->target_bytes / sizeof(float);
    if (plan->target_type == SLUICE_F32)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "a target of the %s data has %zu value%s, but loss \"%s\" on this "
            "model takes %zu%s",
            part, n, n == 1 ? "" : "s", loss, wants / sizeof(float),
            n == 1 ? "; if they are class labels, store them as integers" : "");
    if (plan->target_type == SLUICE_I32)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "a row of the %s data has %zu label%s, but loss \"%s\" on this "
            "model takes %zu, one for each position of the output",
            part, n, n == 1 ? "" : "s", loss, wants / sizeof(int32_t));
    return sluice_diag_set(why, SLUICE_INVALID,
                           "a target of the %s data has %zu bytes, but loss "
                           "\"%s\" on this model takes %zu",
                           part, dataset->target_bytes, loss, wants);
}

static sluice_status refuse_label(const char *part, int64_t row, int32_t label,
                                  const sluice_loss_plan *plan,
                                  sluice_diag *why)
{
    if (label < 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "row %" PRId64
                               " of the %s data, counted from 0, has label "
                               "%" PRId32 "; below 0 the loss takes %" PRId64
                               " alone, which it ignores",
                               row, part, label, plan->ignored);
    return sluice_diag_set(why, SLUICE_INVALID,
                           "row %" PRId64
                           " of the %s data, counted from 0, has "
                           "label %" PRId32 ", but the model has %" PRId64
                           " outputs, for labels from 0 to %" PRId64,
                           row, part, label, plan->classes, plan->classes - 1);
}

/* The tokens of a text are the labels of its windows, and their range is known.
 */
static sluice_status check_tokens(const sluice_dataset *dataset,
                                  const char *part,
                                  const sluice_loss_plan *plan,
                                  sluice_diag *why)
{
    if (dataset->classes <= plan->classes)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "the %s data have tokens up to %d, but the model "
                           "tells %" PRId64 " apart; give it a vocabulary of "
                           "%d",
                           part, dataset->classes - 1, plan->classes,
                           dataset->classes);
}

static sluice_status check_labels(const sluice_dataset *dataset,
                                  const char *part,
                                  const sluice_loss_plan *plan,
                                  sluice_diag *why)
{
    const int32_t *labels = dataset->targets.data;
    if (!labels)
        return SLUICE_OK; /* left out */
    int64_t each = (int64_t)(dataset->target_bytes / sizeof *labels);
    for (int64_t i = 0; i < dataset->n_rows * each; i++)
        if ((labels[i] < 0 || labels[i] >= plan->classes) &&
            labels[i] != plan->ignored)
            return refuse_label(part, i / each, labels[i], plan, why);
    return SLUICE_OK;
}

sluice_status sl_dataset_check_targets(const sluice_dataset *dataset,
                                       const char *part, const char *loss,
                                       const sluice_loss_plan *plan,
                                       sluice_diag *why)
{
    sluice_element has = dataset->targets.type;
    if (plan->target_type != SLUICE_UNTYPED && plan->target_type != has)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "targets of the %s data are %s, but loss \"%s\" takes %s; store "
            "them as %s, or choose a loss for %s",
            part, sluice_element_name(has), loss,
            sluice_element_name(plan->target_type),
            sluice_element_name(plan->target_type), sluice_element_name(has));
    if (dataset->target_bytes != (size_t)plan->target_row_bytes)
        return refuse_size(dataset, part, loss, plan, why);
    if (plan->classes > 0 && dataset->places)
        return check_tokens(dataset, part, plan, why);
    if (plan->classes > 0 && has == SLUICE_I32)
        return check_labels(dataset, part, plan, why);
    return SLUICE_OK;
}

/* Element `i` of all features, as a network sees it. */
static float feature(const sluice_dataset *dataset, int64_t i)
{
    const void *data = dataset->features.data;
    if (dataset->features.type == SLUICE_U8)
        return dataset->of_byte[((const uint8_t *)data)[i]];
    if (dataset->features.type == SLUICE_I32)
        return sl_dataset_normalized(dataset, ((const int32_t *)data)[i]);
    return sl_dataset_normalized(dataset, (double)((const float *)data)[i]);
}

static sluice_status refuse_value(const char *part, const char *what, int64_t i,
                                  int64_t each, float value, sluice_diag *why)
{
    return sluice_diag_set(
        why, SLUICE_NOT_FINITE,
        "row %" PRId64 " of the %s data, counted from 0: "
        "%s %" PRId64 " is %s; correct the row or leave it out",
        i / each, part, what, i % each, sl_not_finite_name((double)value));
}

/* Bytes become 256 values: if those are finite, no row need be read. */
static bool bytes_are_finite(const sluice_dataset *dataset)
{
    return dataset->features.type == SLUICE_U8 &&
           sl_first_not_finite(dataset->of_byte, 256) == 256;
}

sluice_status sl_dataset_check_finite(const sluice_dataset *dataset,
                                      const char *part, sluice_diag *why)
{
    bool none = dataset->type == SLUICE_I32 || !dataset->features.data ||
                bytes_are_finite(dataset);
    int64_t n = none ? 0 : sluice_shape_elements(&dataset->features.shape);
    for (int64_t i = 0; i < n; i++) {
        float value = feature(dataset, i);
        if (!isfinite(value))
            return refuse_value(part, "feature", i, (int64_t)dataset->row,
                                value, why);
    }
    if (dataset->targets.type != SLUICE_F32 || !dataset->targets.data)
        return SLUICE_OK;
    const float *targets = dataset->targets.data;
    n = sluice_shape_elements(&dataset->targets.shape);
    int64_t i = sl_first_not_finite(targets, n);
    return i == n ? SLUICE_OK
                  : refuse_value(part, "target", i, n / dataset->n_rows,
                                 targets[i], why);
}
