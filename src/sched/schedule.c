/* Building a schedule and reading it back. */
#include "sched/schedule.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"

static sluice_status check_range(const char *what, int n, int max,
                                 sluice_diag *why)
{
    if (n >= 1 && n <= max)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "a schedule of %d %s: give 1 to %d", n, what, max);
}

sluice_status sl_check_sizes(int devices, int stages, int microbatches,
                             sluice_diag *why)
{
    sluice_status st =
        check_range("devices", devices, SLUICE_SCHEDULE_MAX_DEVICES, why);
    if (!st)
        st = check_range("stages", stages, SLUICE_MAX_STAGES, why);
    if (!st)
        st = check_range("micro-batches", microbatches, SLUICE_MAX_MICROBATCHES,
                         why);
    return st;
}

static sluice_status check_stage_map(int devices, int stages,
                                     const int *stage_device, sluice_diag *why)
{
    for (int s = 0; s < stages; s++) {
        int device = stage_device[s];
        if (device < 0 || device >= devices)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "stage %d is placed on device %d: there "
                                   "are devices 0 to %d",
                                   s, device, devices - 1);
    }
    return SLUICE_OK;
}

/* Whether the copies share the stages equally, each part on as many devices. */
static sluice_status check_copies(int stages, int copies,
                                  const int *stage_device, sluice_diag *why)
{
    sluice_status st = check_range("copies", copies, SLUICE_MAX_COPIES, why);
    if (st)
        return st;
    if (stages % copies)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d stages in %d copies: give each copy the "
                               "same number of stages",
                               stages, copies);
    int depth = stages / copies;
    for (int s = depth; s < stages; s++)
        for (int twin = s % depth; twin < s; twin += depth)
            if (stage_device[s] == stage_device[twin])
                return sluice_diag_set(why, SLUICE_INVALID,
                                       "stages %d and %d are copies of one "
                                       "part and both on device %d: place them "
                                       "apart",
                                       twin, s, stage_device[s]);
    return SLUICE_OK;
}

sluice_schedule_config
sl_schedule_standards(const sluice_schedule_config *config,
                      const sluice_allocator *allocator)
{
    sluice_schedule_config settled = *config;
    if (!settled.devices)
        settled.devices = 1;
    if (!settled.microbatches)
        settled.microbatches = 1;
    if (!settled.allocator)
        settled.allocator = allocator;
    return settled;
}

sluice_status sluice_schedule_create(int devices, int stages, int microbatches,
                                     const int *stage_device,
                                     const sluice_allocator *allocator,
                                     sluice_schedule **out, sluice_diag *why)
{
    return sluice_schedule_create_copies(devices, stages, 1, microbatches,
                                         stage_device, allocator, out, why);
}

sluice_status sluice_schedule_create_copies(int devices, int stages, int copies,
                                            int microbatches,
                                            const int *stage_device,
                                            const sluice_allocator *allocator,
                                            sluice_schedule **out,
                                            sluice_diag *why)
{
    sluice_status st = sl_check_sizes(devices, stages, microbatches, why);
    if (!st)
        st = check_stage_map(devices, stages, stage_device, why);
    if (!st)
        st = check_copies(stages, copies, stage_device, why);
    if (st)
        return st;
    sluice_schedule *schedule = sl_alloc(allocator, 1, sizeof *schedule);
    if (!schedule)
        goto no_memory;
    *schedule = (sluice_schedule){
        .allocator = allocator,
        .n_devices = devices,
        .n_stages = stages,
        .n_copies = copies,
        .n_microbatches = microbatches,
    };
    schedule->stage_device = sl_alloc(allocator, (size_t)stages, sizeof(int));
    if (!schedule->stage_device)
        goto free_schedule;
    for (int s = 0; s < stages; s++)
        schedule->stage_device[s] = stage_device[s];
    schedule->programs =
        sl_alloc(allocator, (size_t)devices, sizeof *schedule->programs);
    if (!schedule->programs)
        goto free_stage_device;
    *out = schedule;
    return SLUICE_OK;

free_stage_device:
    sl_free(allocator, schedule->stage_device, (size_t)stages, sizeof(int));
free_schedule:
    sl_free(allocator, schedule, 1, sizeof *schedule);
no_memory:
    return sl_no_memory(why, "a schedule");
}

/* A schedule of the same sizes, stage map and remark, without actions. */
static sluice_status create_like(const sluice_schedule *schedule,
                                 const sluice_allocator *allocator,
                                 sluice_schedule **out, sluice_diag *why)
{
    sluice_status st = sluice_schedule_create_copies(
        schedule->n_devices, schedule->n_stages, schedule->n_copies,
        schedule->n_microbatches, schedule->stage_device, allocator, out, why);
    if (!st)
        memcpy((*out)->remark, schedule->remark, sizeof schedule->remark);
    return st;
}

sluice_status sl_schedule_like(const sluice_schedule *schedule,
                               sluice_schedule **out, sluice_diag *why)
{
    return create_like(schedule, schedule->allocator, out, why);
}

sluice_status sl_schedule_copy(const sluice_schedule *schedule,
                               const sluice_allocator *allocator,
                               sluice_schedule **out, sluice_diag *why)
{
    sluice_schedule *copy;
    sluice_status st = create_like(schedule, allocator, &copy, why);
    if (st)
        return st;
    for (int d = 0; d < schedule->n_devices && !st; d++)
        for (int i = 0; i < schedule->programs[d].n && !st; i++)
            st = sluice_schedule_append(copy, d,
                                        schedule->programs[d].actions[i], why);
    if (st)
        sluice_schedule_destroy(copy);
    else
        *out = copy;
    return st;
}

void sluice_schedule_destroy(sluice_schedule *schedule)
{
    if (!schedule)
        return;
    const sluice_allocator *allocator = schedule->allocator;
    for (int d = 0; d < schedule->n_devices; d++)
        sl_free(allocator, schedule->programs[d].actions,
                schedule->programs[d].capacity, sizeof(sluice_action));
    sl_free(allocator, schedule->programs, (size_t)schedule->n_devices,
            sizeof *schedule->programs);
    sl_free(allocator, schedule->stage_device, (size_t)schedule->n_stages,
            sizeof(int));
    sl_free(allocator, schedule, 1, sizeof *schedule);
}

static sluice_status check_action(const sluice_schedule *schedule, int device,
                                  sluice_action action, sluice_diag *why)
{
    if (device < 0 || device >= schedule->n_devices)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "an action for device %d: there are devices 0 "
                               "to %d",
                               device, schedule->n_devices - 1);
    if (action.kind < 0 || action.kind >= SLUICE_N_ACTION_KINDS)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "an action of kind %d: there are kinds 0 to %d",
                               action.kind, SLUICE_N_ACTION_KINDS - 1);
    if (action.stage < 0 || action.stage >= schedule->n_stages)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "an action of stage %d: there are stages 0 to "
                               "%d",
                               action.stage, schedule->n_stages - 1);
    if (action.version < 0 || action.version > schedule->n_microbatches + 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "an action with version %d of the weights: %d "
                               "micro-batches make versions 1 to %d; 0 is the "
                               "standard",
                               action.version, schedule->n_microbatches,
                               schedule->n_microbatches + 1);
    if (action.version && sl_is_hand_off(action))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a SEND or RECV with version %d: they use no "
                               "weights; give 0",
                               action.version);
    if (action.version && sl_shards(action))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a REDUCE_GRAD, UNSHARD or RESHARD with version "
                               "%d: there is one; give 0",
                               action.version);
    if (action.kind == SLUICE_UPDATE && action.microbatch != -1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "an UPDATE of micro-batch %d: an UPDATE has "
                               "micro-batch -1",
                               action.microbatch);
    if (sl_shards(action) && action.microbatch != -1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a REDUCE_GRAD, UNSHARD or RESHARD of "
                               "micro-batch %d: they have micro-batch -1",
                               action.microbatch);
    if (!sl_is_of_stage(action) &&
        (action.microbatch < 0 ||
         action.microbatch >= schedule->n_microbatches))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "an action of micro-batch %d: there are "
                               "micro-batches 0 to %d",
                               action.microbatch, schedule->n_microbatches - 1);
    return SLUICE_OK;
}

sluice_status sl_schedule_reserve(sluice_schedule *schedule, int device, int n,
                                  sluice_diag *why)
{
    struct sl_action_list *program = &schedule->programs[device];
    assert(program->capacity == 0 && n >= 0);
    if (n == 0)
        return SLUICE_OK;
    program->actions =
        sl_alloc(schedule->allocator, (size_t)n, sizeof(sluice_action));
    if (!program->actions)
        return sl_no_memory(why, "the actions of a schedule");
    program->capacity = (size_t)n;
    return SLUICE_OK;
}

sluice_status sluice_schedule_append(sluice_schedule *schedule, int device,
                                     sluice_action action, sluice_diag *why)
{
    sluice_status st = check_action(schedule, device, action, why);
    if (st)
        return st;
    struct sl_action_list *program = &schedule->programs[device];
    if (program->n >= SLUICE_MAX_ACTIONS)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "device %d has %d actions: there is no room "
                               "for more",
                               device, program->n);
    void *actions = program->actions;
    st = sl_grow(schedule->allocator, &actions, &program->capacity,
                 (size_t)program->n + 1, sizeof(sluice_action));
    if (st)
        return sl_no_memory(why, "the actions of a schedule");
    program->actions = actions;
    program->actions[program->n++] = action;
    return SLUICE_OK;
}

int sluice_schedule_n_devices(const sluice_schedule *schedule)
{
    return schedule->n_devices;
}

int sluice_schedule_n_stages(const sluice_schedule *schedule)
{
    return schedule->n_stages;
}

int sluice_schedule_n_copies(const sluice_schedule *schedule)
{
    return schedule->n_copies;
}

int sluice_schedule_n_updates(const sluice_schedule *schedule)
{
    int counts[SLUICE_MAX_STAGES] = {0};
    int most = 0;
    for (int d = 0; d < schedule->n_devices; d++)
        for (int i = 0; i < schedule->programs[d].n; i++) {
            sluice_action action = schedule->programs[d].actions[i];
            if (action.kind == SLUICE_UPDATE && ++counts[action.stage] > most)
                most = counts[action.stage];
        }
    return most;
}

/* Whether a schedule has an action of one of these kinds. */
static bool has_kind(const sluice_schedule *schedule, unsigned mask)
{
    for (int d = 0; d < schedule->n_devices; d++)
        for (int i = 0; i < schedule->programs[d].n; i++)
            if (mask >> schedule->programs[d].actions[i].kind & 1)
                return true;
    return false;
}

bool sluice_schedule_is_lowered(const sluice_schedule *schedule)
{
    return has_kind(schedule, 1u << SLUICE_SEND_F | 1u << SLUICE_RECV_F |
                                  1u << SLUICE_SEND_B | 1u << SLUICE_RECV_B);
}

bool sl_schedule_cuts_vocabulary(const sluice_schedule *schedule)
{
    return has_kind(schedule, 1u << SLUICE_S | 1u << SLUICE_T);
}

bool sl_schedule_shards(const sluice_schedule *schedule)
{
    return has_kind(schedule, 1u << SLUICE_REDUCE_GRAD | 1u << SLUICE_UNSHARD |
                                  1u << SLUICE_RESHARD);
}

bool sl_schedule_is_forward(const sluice_schedule *schedule)
{
    return !has_kind(schedule,
                     ~(1u << SLUICE_F | 1u << SLUICE_S | 1u << SLUICE_T |
                       1u << SLUICE_SEND_F | 1u << SLUICE_RECV_F));
}

int sluice_schedule_n_microbatches(const sluice_schedule *schedule)
{
    return schedule->n_microbatches;
}

int sluice_schedule_stage_device(const sluice_schedule *schedule, int stage)
{
    return schedule->stage_device[stage];
}

const sluice_action *sluice_schedule_actions(const sluice_schedule *schedule,
                                             int device, int *n)
{
    *n = schedule->programs[device].n;
    return schedule->programs[device].actions;
}
