/* What a reshape may not change.  The thread that creates the pipeline. */
#include "pipeline/reshape/meaning.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = 100 }; /* bytes of one side of a difference */

/* A loss or an optimizer with its settings. */
struct choice {
    const char *field; /* of the config */
    const void *ops;
    const char *name;
    sluice_option_table options;
    const void *config;
    size_t config_bytes;
};

static struct choice loss_of(const struct sl_blueprint *bp)
{
    return (struct choice){"loss",          bp->loss,
                           bp->loss->name,  sluice_loss_options(bp->loss),
                           bp->loss_config, bp->loss->config_bytes};
}

static struct choice optimizer_of(const struct sl_blueprint *bp)
{
    return (struct choice){
        "optimizer",          bp->optimizer,
        bp->optimizer->name,  sluice_optimizer_options(bp->optimizer),
        bp->optimizer_config, bp->optimizer->config_bytes};
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

static sluice_status compare(const struct choice *was, const struct choice *is,
                             sluice_diag *why)
{
    char field[SIDE], before[SIDE], now[SIDE];
    if (was->ops != is->ops)
        return refuse(was->field, was->name, is->name, why);
    if (!memcmp(was->config, is->config, was->config_bytes))
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
