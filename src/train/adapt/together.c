/* Adapting in one process or several.  The caller's thread. */
#include "train/adapt/together.h"

#include <sluice/world.h>

#include "pipeline/abroad/abroad.h"
#include "pipeline/pipeline.h"
#include "train/adapt/told_shape.h"

/* Take the shape that process 0 has chosen.  What becomes of it that one tells.
 */
static sluice_status take_shape(sluice_adapter *a, sluice_pipeline *pipe,
                                const struct sl_told_word *word,
                                sluice_diag *why)
{
    struct sl_held_shape shape;
    bool is_told;
    sluice_status st =
        sl_told_shape_hear(word, pipe, a->allocator, &shape, &is_told, why);
    if (!is_told)
        return st;
    st = sl_held_apply(&shape, &a->config, a->slows ? a->slowed : NULL,
                       &a->cpus, pipe, st, why);
    sluice_plan_destroy(shape.plan);
    shape.plan = NULL; /* only process 0 returns to it */
    if (!st)
        a->now = shape;
    return st;
}

/* Process 0 judges.  What it refuses, or all refuse, is no error. */
static sluice_status follow(sluice_adapter *a, sluice_pipeline *pipe,
                            sluice_adaptation *news, sluice_diag *why)
{
    struct sl_told_word word = {.ends = false};
    sluice_diag refused; /* told to process 0, whose news it is */
    sluice_status st = SLUICE_OK;
    while (!st && !word.ends) {
        st = sl_abroad_share(pipe, 0, &word, sizeof word, why);
        if (!st && !word.ends)
            take_shape(a, pipe, &word, &refused);
    }
    return st ? st : sl_abroad_share(pipe, 0, news, sizeof *news, why);
}

static sluice_status judge(sluice_adapter *a, sluice_pipeline *pipe,
                           const sluice_trace *trace, sluice_adaptation *news,
                           sluice_diag *why)
{
    struct sl_told_word word = {.ends = true};
    sl_adapter_see(a, pipe, trace, news);
    sluice_status st = sl_abroad_share(pipe, 0, &word, sizeof word, why);
    return st ? st : sl_abroad_share(pipe, 0, news, sizeof *news, why);
}

sluice_status sl_together_see(sluice_adapter *a, sluice_pipeline *pipe,
                              const sluice_trace *trace,
                              sluice_adaptation *news, sluice_diag *why)
{
    sluice_status st = sl_cpus_share(&a->cpus, pipe, why);
    if (st)
        return st;
    return a->cpus.rank == 0 ? judge(a, pipe, trace, news, why)
                             : follow(a, pipe, news, why);
}

sluice_status sluice_adapter_step(sluice_adapter *a, sluice_pipeline *pipe,
                                  sluice_adaptation *news, sluice_diag *why)
{
    sluice_trace trace;
    *news = (sluice_adaptation){.what = SLUICE_ADAPT_NOTHING};
    sluice_status st = sluice_pipeline_trace_all(pipe, &trace, why);
    return st ? st : sl_together_see(a, pipe, &trace, news, why);
}
