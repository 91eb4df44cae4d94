/* What a process reads of the rows.  The caller's thread. */
#include "train/train_reads.h"

#include <sluice/outline.h>

#include "pipeline/abroad/reads.h"

/* Whether a data set has the rows that are read of it. */
static sluice_status check_has(const sluice_dataset *data, const char *name,
                               const struct sl_train_reads *reads,
                               sluice_diag *why)
{
    bool x, targets;
    if (!data)
        return SLUICE_OK;
    sluice_dataset_has(data, &x, &targets);
    if ((x || !reads->x) && (targets || !reads->targets))
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "`%s` is without its %s, which this process reads; "
                           "sluice_pipeline_reads() tells what to fill in",
                           name, x || !reads->x ? "targets" : "features");
}

sluice_status sl_train_reads_find(const sluice_pipeline *pipe,
                                  const sluice_train_config *config,
                                  struct sl_train_reads *reads,
                                  sluice_diag *why)
{
    reads->x = sl_abroad_reads_x(pipe);
    reads->targets = sl_abroad_reads_targets(pipe);
    sluice_status st = check_has(config->train, "train", reads, why);
    return st ? st : check_has(config->test, "test", reads, why);
}
