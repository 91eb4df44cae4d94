/* Softmax cross-entropy of classes that are cut across devices. */
#include "nn/losses/class_part.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "tensor/softmax.h"

static double smoothing_of(const sluice_loss_part_call *call)
{
    const sluice_cross_entropy_config *config = call->plan->config;
    return config->label_smoothing;
}

static int32_t label_of(const sluice_loss_part_call *call, int64_t i)
{
    const int32_t *labels = call->targets;
    return labels[i];
}

static bool is_ignored(const sluice_loss_part_call *call, int64_t i)
{
    return label_of(call, i) == (int32_t)call->plan->ignored;
}

/* Classes among the outputs of the part; behind them it has padding. */
static int64_t n_classes(const sluice_loss_part_call *call)
{
    int64_t n = call->plan->classes - call->first;
    n = n > call->n ? call->n : n;
    return n > 0 ? n : 0;
}

static sluice_status check_label(const sluice_loss_part_call *call, int64_t i)
{
    int32_t label = label_of(call, i);
    if (is_ignored(call, i) || (label >= 0 && label < call->plan->classes))
        return SLUICE_OK;
    int64_t each = call->plan->row_terms;
    return sluice_diag_set(
        call->why, SLUICE_INVALID,
        "cross_entropy: row %" PRId64 " of the micro-batch, position %" PRId64
        " has label %" PRId32 ", but there are %" PRId64
        " classes, from 0; label %" PRId64 " is ignored",
        i / each, i % each, label, call->plan->classes, call->plan->ignored);
}

static double below(int64_t n, const float *y, float largest)
{
    double sum = 0;
    for (int64_t j = 0; j < n; j++)
        sum += (double)largest - (double)y[j];
    return sum;
}

static void measure_one(const sluice_loss_part_call *call, int64_t i, float *y,
                        sluice_part_term *term)
{
    int64_t n = n_classes(call);
    int64_t label = label_of(call, i) - call->first;
    memset(y + n, 0, (size_t)(call->n - n) * sizeof *y);
    *term = (sluice_part_term){.largest = -INFINITY};
    if (n == 0)
        return;
    struct sl_softmax row = sl_softmax_row(n, y);
    *term = (sluice_part_term){
        .sum = row.sum,
        .largest = row.largest,
        .label = label >= 0 && label < n ? y[label] : 0,
        .at = call->first + row.at,
    };
    if (smoothing_of(call) > 0)
        term->below = below(n, y, row.largest);
    sl_softmax_scaled(n, y, row, 1, y);
}

static sluice_status measure(const sluice_loss_part_call *call, float *y,
                             sluice_part_term *terms)
{
    int64_t n = call->rows * call->plan->row_terms;
    sluice_status st = SLUICE_OK;
    for (int64_t i = 0; i < n && !st; i++) {
        st = check_label(call, i);
        if (!st)
            measure_one(call, i, y + i * call->n, &terms[i]);
    }
    return st;
}

static sluice_part_target target(const sluice_loss_part_call *call, int64_t i)
{
    double smoothing = smoothing_of(call);
    double share = smoothing / (double)call->plan->classes;
    if (is_ignored(call, i))
        return (sluice_part_target){.label = -1};
    return (sluice_part_target){label_of(call, i), 1 - smoothing + share,
                                share};
}

static float largest_of(const sluice_part_term *const *terms, int n_parts,
                        int64_t i)
{
    float largest = terms[0][i].largest;
    for (int k = 1; k < n_parts; k++)
        if (terms[k][i].largest > largest)
            largest = terms[k][i].largest;
    return largest;
}

/* What a part adds to the sum of all. */
static double share_of(const sluice_part_term *term, float largest)
{
    return term->sum * exp((double)term->largest - (double)largest);
}

static double sum_of(const sluice_part_term *const *terms, int n_parts,
                     int64_t i, float largest)
{
    double sum = 0;
    for (int k = 0; k < n_parts; k++)
        sum += share_of(&terms[k][i], largest);
    return sum;
}

static float factor(const sluice_part_term *const *terms, int n_parts, int part,
                    int64_t i)
{
    float largest = largest_of(terms, n_parts, i);
    return (float)(share_of(&terms[part][i], largest) /
                   sum_of(terms, n_parts, i, largest));
}

/* The part that has an output. */
static int part_of(const int64_t *first, int n_parts, int64_t output)
{
    int part = n_parts - 1;
    while (part > 0 && first[part] > output)
        part--;
    return part;
}

/* The difference first: it is exact where the sum would round away log(sum). */
static double term_of(const sluice_loss_part_call *call,
                      const sluice_part_term *const *terms,
                      const int64_t *first, int n_parts, int64_t i)
{
    float largest = largest_of(terms, n_parts, i);
    double smoothing = smoothing_of(call), classes = 0, all = 0;
    int own = part_of(first, n_parts, label_of(call, i));
    double under = (double)largest - (double)terms[own][i].label;
    for (int k = 0; k < n_parts && smoothing > 0; k++) {
        int64_t end = k + 1 < n_parts ? first[k + 1] : call->plan->classes;
        end = end < call->plan->classes ? end : call->plan->classes;
        double n = end > first[k] ? (double)(end - first[k]) : 0;
        classes += n;
        if (n > 0)
            all += terms[k][i].below +
                   n * ((double)largest - (double)terms[k][i].largest);
    }
    if (smoothing > 0)
        under = (1 - smoothing) * under + smoothing * all / classes;
    return log(sum_of(terms, n_parts, i, largest)) + under;
}

static bool is_hit(const sluice_loss_part_call *call,
                   const sluice_part_term *const *terms, int n_parts, int64_t i)
{
    float largest = largest_of(terms, n_parts, i);
    for (int k = 0; k < n_parts; k++)
        if (terms[k][i].largest == largest)
            return terms[k][i].at == label_of(call, i) &&
                   !isnan(sum_of(terms, n_parts, i, largest));
    return false;
}

static void total(const sluice_loss_part_call *call,
                  const sluice_part_term *const *terms, const int64_t *first,
                  int n_parts, double *sum, int64_t *correct)
{
    int64_t n = call->rows * call->plan->row_terms;
    *sum = 0;
    *correct = 0;
    for (int64_t i = 0; i < n; i++) {
        if (is_ignored(call, i))
            continue;
        *sum += term_of(call, terms, first, n_parts, i);
        *correct += is_hit(call, terms, n_parts, i);
    }
}

const sluice_loss_part_ops sl_cross_entropy_part = {
    .measure = measure,
    .target = target,
    .factor = factor,
    .total = total,
};
