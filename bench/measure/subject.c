/* A workload with its reference.  The main thread. */
#include "bench/measure/subject.h"

#include <sluice/reference.h>

#include "bench/measure/yardstick.h"

/* Hand-offs between timed cells must cost nothing beside them: no device parks
 * unless a cell is so long that parking does not show. */
static const int64_t cell_spin_ns = 1000 * 1000 * 1000;

static sluice_status make_workload(struct workload *work,
                                   const struct subject_config *config,
                                   sluice_diag *why)
{
    uint64_t seed = config->run->seed;
    if (config->cells) {
        sluice_timed_config alike[SLUICE_MAX_STAGES];
        for (int i = 0; i < config->cells && !config->times; i++)
            alike[i] = workload_cell(config->cell_ns);
        return workload_cells(work, config->cells,
                              config->times ? config->times : alike,
                              config->head, config->microbatches, seed, why);
    }
    return workload_parse(work, config->model, config->batch, seed, why);
}

/* A schedule of the user's may be one that no reference follows.  A head that
 * is cut is within rounding of one that is whole. */
static bool has_reference(const struct subject_config *config)
{
    return !config->head && (!config->custom ||
                             sluice_reference_exists(
                                 config->custom, config->order->join_weights));
}

sluice_status subject_init(struct subject *subject,
                           const struct subject_config *config,
                           sluice_diag *why)
{
    *subject = (struct subject){
        .how =
            {
                .work = &subject->work,
                .order = config->order,
                .custom = config->custom,
                .microbatches = config->microbatches,
                .warmup = config->run->warmup,
                .draw = config->run->draw,
                .world = config->run->world,
                .title = config->title,
                .turns = config->turns,
                .repetitions = config->run->repetitions,
                .spin_ns = config->cells ? cell_spin_ns : 0,
                .seed = config->run->seed,
            },
    };
    sluice_status st = make_workload(&subject->work, config, why);
    if (!st && has_reference(config))
        st = yardstick_create(&subject->how, &subject->yardstick, why);
    if (st)
        subject_fini(subject);
    return st;
}

void subject_fini(struct subject *subject)
{
    yardstick_destroy(subject->yardstick);
    workload_fini(&subject->work);
    *subject = (struct subject){0};
}

sluice_status subject_measure(struct subject *subject, int devices,
                              struct measurement *out, sluice_diag *why)
{
    subject->how.devices = devices;
    return measure(&subject->how, subject->yardstick, out, why);
}
