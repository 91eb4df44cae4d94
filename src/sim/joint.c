/* The waits of vocabulary parallelism on a clock.  One thread. */
#include "sim/joint.h"

#include "base/memory.h"

enum { NEVER = -1 };

static size_t n_devices(const struct sl_joint *joint)
{
    return (size_t)sluice_schedule_n_devices(joint->schedule);
}

static size_t n_microbatches(const struct sl_joint *joint)
{
    return (size_t)sluice_schedule_n_microbatches(joint->schedule);
}

static int last_stage(const struct sl_joint *joint)
{
    return sluice_schedule_n_stages(joint->schedule) - 1;
}

static bool has_scores(const sluice_schedule *schedule, int device)
{
    int n;
    const sluice_action *actions =
        sluice_schedule_actions(schedule, device, &n);
    for (int i = 0; i < n; i++)
        if (actions[i].kind == SLUICE_S)
            return true;
    return false;
}

sluice_status sl_joint_init(struct sl_joint *joint,
                            const sluice_schedule *schedule, int64_t latency_ns,
                            const sluice_allocator *allocator)
{
    *joint = (struct sl_joint){
        .schedule = schedule,
        .allocator = allocator,
        .latency_ns = latency_ns,
    };
    size_t k = n_devices(joint), m = n_microbatches(joint);
    if (!has_scores(schedule, sluice_schedule_stage_device(schedule, 0)))
        return SLUICE_OK;
    joint->scores = sl_alloc(allocator, k, sizeof *joint->scores);
    joint->output_ns = sl_alloc(allocator, m, sizeof *joint->output_ns);
    joint->scored_ns = sl_alloc(allocator, k * m, sizeof *joint->scored_ns);
    if (!joint->scores || !joint->output_ns || !joint->scored_ns)
        return SLUICE_NO_MEMORY;
    for (size_t d = 0; d < k; d++)
        joint->scores[d] = has_scores(schedule, (int)d);
    for (size_t i = 0; i < m; i++)
        joint->output_ns[i] = NEVER;
    for (size_t i = 0; i < k * m; i++)
        joint->scored_ns[i] = NEVER;
    return SLUICE_OK;
}

void sl_joint_fini(struct sl_joint *joint)
{
    size_t k = n_devices(joint), m = n_microbatches(joint);
    sl_free(joint->allocator, joint->scored_ns, k * m,
            sizeof *joint->scored_ns);
    sl_free(joint->allocator, joint->output_ns, m, sizeof *joint->output_ns);
    sl_free(joint->allocator, joint->scores, k, sizeof *joint->scores);
}

/* What another device made at `ns` arrives the latency later. */
static bool arrive(const struct sl_joint *joint, bool other, int64_t ns,
                   int64_t *start)
{
    if (ns == NEVER)
        return false;
    int64_t there = other ? ns + joint->latency_ns : ns;
    *start = there > *start ? there : *start;
    return true;
}

bool sl_joint_await(const struct sl_joint *joint, int device,
                    sluice_action action, int64_t *start)
{
    if (!joint->scores || action.microbatch < 0)
        return true;
    int last = last_stage(joint);
    if (action.kind == SLUICE_S)
        return arrive(joint,
                      device !=
                          sluice_schedule_stage_device(joint->schedule, last),
                      joint->output_ns[action.microbatch], start);
    bool starts_back = action.stage == last &&
                       (action.kind == SLUICE_B || action.kind == SLUICE_I);
    bool known = true;
    for (size_t d = 0; d < n_devices(joint); d++)
        if (joint->scores[d] && (starts_back || action.kind == SLUICE_T))
            known &= arrive(joint, (int)d != device,
                            joint->scored_ns[d * n_microbatches(joint) +
                                             (size_t)action.microbatch],
                            start);
    return known;
}

bool sl_joint_end(struct sl_joint *joint, int device, sluice_action action,
                  int64_t end_ns)
{
    bool feeds = action.kind == SLUICE_F && action.stage == last_stage(joint);
    if (!joint->scores || (!feeds && action.kind != SLUICE_S))
        return false;
    if (feeds)
        joint->output_ns[action.microbatch] = end_ns;
    else
        joint->scored_ns[(size_t)device * n_microbatches(joint) +
                         (size_t)action.microbatch] = end_ns;
    return true;
}
