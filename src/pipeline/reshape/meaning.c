/* What a reshape may not change.  The thread that creates the pipeline. */
#include "pipeline/reshape/meaning.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text/option_value.h"

enum { SIDE = 100 }; /* bytes of one side of a difference */

/* A loss or an optimizer with its settings. */
struct choice {
    const char *field; /* of the config */
    const void *ops;
    const char *name;
    sluice_option_table options;
    const void *config;
    size_t config_bytes;
    bool listed; /* in the library's table: each field is an option */
};

static struct choice loss_of(const struct sl_blueprint *bp)
{
    return (struct choice){
        .field = "loss",
        .ops = bp->loss,
        .name = bp->loss->name,
        .options = sluice_loss_options(bp->loss),
        .config = bp->loss_config,
        .config_bytes = bp->loss->config_bytes,
        .listed = sluice_loss_find(bp->loss->name) == bp->loss,
    };
}

static struct choice optimizer_of(const struct sl_blueprint *bp)
{
    return (struct choice){
        .field = "optimizer",
        .ops = bp->optimizer,
        .name = bp->optimizer->name,
        .options = sluice_optimizer_options(bp->optimizer),
        .config = bp->optimizer_config,
        .config_bytes = bp->optimizer->config_bytes,
        .listed = sluice_optimizer_find(bp->optimizer->name) == bp->optimizer,
    };
}

static sluice_status refuse(const char *field, const char *was, const char *is,
                            sluice_diag *why)
{
    return sluice_diag_set(why, SLUICE_INVALID,
                           "`%s` was %s when the pipeline was created, and is "
                           "%s now: a reshape changes how a training runs, not "
                           "what it computes; create another pipeline",
                           field, was, is);
}

/* Bytes between the fields, and behind the end of a text, mean nothing.  Where
 * they are is known of the library's own configs only. */
static bool is_same_config(const struct choice *was, const struct choice *is)
{
    if (!was->listed)
        return !memcmp(was->config, is->config, was->config_bytes);
    for (int i = 0; i < was->options.n_options; i++)
        if (!sl_option_equal(&was->options.options[i], was->config, is->config))
            return false;
    return true;
}

static sluice_status compare(const struct choice *was, const struct choice *is,
                             sluice_diag *why)
{
    char field[SIDE], before[SIDE], now[SIDE];
    if (was->ops != is->ops)
        return refuse(was->field, was->name, is->name, why);
    if (is_same_config(was, is))
        return SLUICE_OK;
    snprintf(field, sizeof field, "%s_config", was->field);
    sluice_options_print(&was->options, was->config, before, sizeof before);
    sluice_options_print(&is->options, is->config, now, sizeof now);
    if (!strcmp(before, now)) /* of a kind that has no options, or not all */
        return refuse(field, "one", "another", why);
    return refuse(field, before[0] ? before : "the default",
                  now[0] ? now : "the default", why);
}

static sluice_status compare_numbers(const char *field, uint64_t was,
                                     uint64_t is, sluice_diag *why)
{
    char before[SIDE], now[SIDE];
    if (was == is)
        return SLUICE_OK;
    snprintf(before, sizeof before, "%" PRIu64, was);
    snprintf(now, sizeof now, "%" PRIu64, is);
    return refuse(field, before, now, why);
}

sluice_status sl_meaning_check(const struct sl_blueprint *was,
                               const struct sl_blueprint *is, sluice_diag *why)
{
    const struct choice losses[] = {loss_of(was), loss_of(is)};
    const struct choice optimizers[] = {optimizer_of(was), optimizer_of(is)};
    sluice_status st = compare_numbers("batch", (uint64_t)was->batch,
                                       (uint64_t)is->batch, why);
    if (!st)
        st = compare_numbers("seed", was->seed, is->seed, why);
    if (!st)
        st = compare(&losses[0], &losses[1], why);
    return st ? st : compare(&optimizers[0], &optimizers[1], why);
}
