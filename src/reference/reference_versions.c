/*
 * The sequential reference with weight versions: the program that an
 * asynchronous schedule must equal.  It keeps every version of a step.
 */
#include "reference/reference.h"

#include <string.h>

#include "base/memory.h"
#include "nn/model/settle.h"

static sluice_status check_groups(const struct sluice_reference *ref,
                                  const int *groups, int n_groups,
                                  sluice_diag *why)
{
    int64_t sum = 0;
    for (int u = 0; u < n_groups; u++) {
        if (groups[u] < 1)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "group %d is a group of %d micro-batches: "
                                   "give at least 1",
                                   u, groups[u]);
        sum += groups[u];
    }
    if (sum != ref->microbatches)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "groups of %lld micro-batches, but there are %d",
                               (long long)sum, ref->microbatches);
    return SLUICE_OK;
}

static sluice_status check_versions(const struct sluice_reference *ref,
                                    const int *groups, const int *versions,
                                    sluice_diag *why)
{
    for (int i = 0; i < ref->n_layers; i++)
        for (int m = 0, u = 0, end = groups[0]; m < ref->microbatches; m++) {
            int version = versions[i * ref->microbatches + m];
            if (m == end)
                end += groups[++u];
            if (version < 1 || version > u + 1)
                return sluice_diag_set(why, SLUICE_INVALID,
                                       "version %d for layer %d and "
                                       "micro-batch %d: versions 1 to %d exist "
                                       "by then",
                                       version, i, m, u + 1);
        }
    return SLUICE_OK;
}

static sluice_status check(const struct sluice_reference *ref,
                           const int *groups, int n_groups, const int *versions,
                           sluice_diag *why)
{
    if (ref->versions)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the reference has versions already: call "
                               "sluice_reference_versions() once");
    if (!ref->in_order)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "versions need SLUICE_IN_ORDER, the backward "
                               "order of asynchronous schedules");
    if (ref->copies > 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "versions need one copy of the model, and the "
                               "reference has %d",
                               ref->copies);
    if (n_groups > 1 &&
        sl_optimizer_wants_total(ref->optimizer, ref->optimizer_config))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "optimizer %s needs a total over all "
                               "parameters, which a step with several updates "
                               "does not make",
                               ref->optimizer->name);
    for (int i = 0; i < ref->n_layers; i++)
        for (int p = 0; p < ref->layers[i].plan->n_params; p++)
            if (ref->layers[i].params[p].first)
                return sluice_diag_set(why, SLUICE_INVALID,
                                       "parameter %d.%s is tied, which a step "
                                       "with versions does not know",
                                       i, ref->layers[i].plan->params[p].name);
    for (int i = 0; i < ref->n_layers; i++)
        if (ref->layers[i].joins)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "layer %d joins weight gradients, which a "
                                   "step with versions does not do",
                                   i);
    sluice_status st = check_groups(ref, groups, n_groups, why);
    return st ? st : check_versions(ref, groups, versions, why);
}

static bool keep_versions(struct sluice_reference *ref, int n_updates)
{
    for (int i = 0; i < ref->n_layers; i++)
        for (int p = 0; p < ref->layers[i].plan->n_params; p++) {
            struct sl_reference_param *param = &ref->layers[i].params[p];
            int64_t bytes = param->n * (int64_t)sizeof(float);
            param->kept = sl_reference_take(ref, n_updates + 1, bytes);
            param->before = sl_reference_take(ref, ref->n_states, bytes);
            if (!param->kept || !param->before)
                return false;
        }
    return true;
}

sluice_status sluice_reference_versions(sluice_reference *ref,
                                        const int *groups, int n_groups,
                                        const int *versions, sluice_diag *why)
{
    sluice_status st = check(ref, groups, n_groups, versions, why);
    if (st)
        return st;
    int64_t n_micros = (int64_t)ref->replicas * ref->microbatches;
    int64_t n_uses = (int64_t)ref->n_layers * ref->microbatches;
    int *uses = sl_reference_take(ref, n_uses, sizeof *uses);
    ref->groups = sl_reference_take(ref, n_groups, sizeof *ref->groups);
    ref->sums = sl_reference_take(ref, n_micros, sizeof *ref->sums);
    ref->right = sl_reference_take(ref, n_micros, sizeof *ref->right);
    if (!uses || !ref->groups || !ref->sums || !ref->right ||
        !keep_versions(ref, n_groups))
        return sl_no_memory(why, "the reference's versions");
    memcpy(uses, versions, (size_t)n_uses * sizeof *uses);
    memcpy(ref->groups, groups, (size_t)n_groups * sizeof *groups);
    ref->n_updates = n_groups;
    ref->versions = uses;
    return SLUICE_OK;
}

/* Make what the parameters are now version `version`. */
static void keep_version(struct sluice_reference *ref, int version)
{
    for (int i = 0; i < ref->n_layers; i++)
        for (int p = 0; p < ref->layers[i].plan->n_params; p++) {
            struct sl_reference_param *param = &ref->layers[i].params[p];
            memcpy(param->kept + (version - 1) * param->n, param->w,
                   (size_t)param->n * sizeof *param->w);
        }
    sl_reference_forget(ref);
}

static void copy_states(struct sluice_reference *ref, bool back)
{
    for (int i = 0; i < ref->n_layers; i++)
        for (int p = 0; p < ref->layers[i].plan->n_params; p++) {
            struct sl_reference_param *param = &ref->layers[i].params[p];
            size_t bytes = (size_t)param->n * sizeof *param->w;
            for (int k = 0; k < ref->n_states; k++) {
                float *before = param->before + k * param->n;
                if (back)
                    memcpy(param->state[k], before, bytes);
                else
                    memcpy(before, param->state[k], bytes);
            }
        }
}

static void take_back(struct sl_reference_param *param)
{
    memcpy(param->w, param->kept, (size_t)param->n * sizeof *param->w);
}

/* Micro-batches first to end - 1 of one replica, one after the other. */
static sluice_status run_share(struct sluice_reference *ref,
                               const struct sl_mini *mini, int replica,
                               int first, int end)
{
    bool accumulate = false;
    for (int m = first; m < end; m++) {
        struct sl_micro micro = sl_reference_micro(ref, mini->rows, replica, m);
        if (!micro.rows)
            continue;
        sluice_status st =
            sl_reference_forward(ref, mini, micro, &ref->sums[micro.index],
                                 &ref->right[micro.index]);
        if (!st)
            st = sl_reference_backward(ref, mini, micro, accumulate);
        if (st)
            return st;
        accumulate = true;
    }
    return SLUICE_OK;
}

static sluice_status run_group(struct sluice_reference *ref,
                               const struct sl_mini *mini, int first, int end)
{
    if (ref->replicas == 1)
        return run_share(ref, mini, 0, first, end);
    for (int r = 0; r < ref->replicas; r++) {
        sl_reference_for_params(ref, sl_reference_clear);
        sluice_status st = run_share(ref, mini, r, first, end);
        if (st)
            return st;
        sl_reference_for_params(ref, r ? sl_reference_add : sl_reference_keep);
    }
    sl_reference_for_params(ref, sl_reference_use_sum);
    return SLUICE_OK;
}

/* The rows of micro-batches first to end - 1, and their terms that count. */
static sluice_status count_between(const struct sluice_reference *ref,
                                   struct sl_mini *mini, int first, int end,
                                   int64_t *rows)
{
    *rows = mini->terms = 0;
    for (int r = 0; r < ref->replicas; r++)
        for (int m = first; m < end; m++) {
            struct sl_micro micro = sl_reference_micro(ref, mini->rows, r, m);
            int64_t terms;
            sluice_status st = sl_reference_terms(ref, mini->targets, micro,
                                                  &terms, mini->why);
            if (st)
                return st;
            *rows += micro.rows;
            mini->terms += terms;
        }
    return SLUICE_OK;
}

/* The update that micro-batches first to end - 1 go into. */
static sluice_status run_update(struct sluice_reference *ref,
                                struct sl_mini *mini, uint64_t update,
                                int first, int end)
{
    int64_t rows;
    sluice_status st = count_between(ref, mini, first, end, &rows);
    if (!st && rows)
        st = run_group(ref, mini, first, end);
    if (st || !mini->terms)
        return st;
    st = sl_reference_prepare(ref, update, mini->why);
    if (!st)
        sl_reference_apply(ref, update);
    return st;
}

static sluice_status run_updates(struct sluice_reference *ref,
                                 struct sl_mini *mini)
{
    int first = 0;
    for (int u = 0; u < ref->n_updates; u++) {
        int end = first + ref->groups[u];
        uint64_t update = ref->step * (uint64_t)ref->n_updates + (uint64_t)u;
        sluice_status st = run_update(ref, mini, update, first, end);
        if (st)
            return st;
        keep_version(ref, u + 2);
        first = end;
    }
    return SLUICE_OK;
}

sluice_status sl_reference_run_versions(struct sluice_reference *ref,
                                        struct sl_mini *mini)
{
    int n = ref->replicas * ref->microbatches;
    keep_version(ref, 1);
    copy_states(ref, false);
    for (int i = 0; i < n; i++) {
        ref->sums[i] = 0;
        ref->right[i] = 0;
    }
    sluice_status st = run_updates(ref, mini);
    if (st) {
        sl_reference_for_params(ref, take_back);
        sl_reference_forget(ref);
        copy_states(ref, true);
    }
    for (int i = 0; i < n; i++) {
        mini->sum += ref->sums[i];
        mini->correct += ref->right[i];
    }
    return st;
}
