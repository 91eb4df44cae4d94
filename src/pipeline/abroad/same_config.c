/* One pipeline in all processes.  The caller. */
#include "pipeline/abroad/same_config.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include <sluice/world.h>

#include "pipeline/abroad/abroad.h"

/* A number of the config; each is as wide as it is there. */
struct number {
    const char *name;
    size_t offset;
    size_t bytes;
};

#define NUMBER(field)                                                          \
    {                                                                          \
#field, offsetof(sluice_pipeline_config, field),                       \
            sizeof(((sluice_pipeline_config *)NULL)->field)                    \
    }

static const struct number numbers[] = {
    NUMBER(schedule.devices),
    NUMBER(schedule.microbatches),
    NUMBER(schedule.backward_order),
    NUMBER(schedule.chunks),
    NUMBER(schedule.group),
    NUMBER(schedule.warm_up),
    NUMBER(schedule.slices),
    NUMBER(schedule.vertical_sync),
    NUMBER(remat),
    NUMBER(replicas),
    NUMBER(team),
    NUMBER(zero),
    NUMBER(batch),
    NUMBER(uneven),
    NUMBER(cut),
    NUMBER(seed),
    NUMBER(join_weights),
    NUMBER(gather_weights),
    NUMBER(vocabulary_parallel),
    NUMBER(queue_capacity),
    NUMBER(trace),
    NUMBER(finite),
    NUMBER(check_recompute),
    NUMBER(n_processes),
};

/* What is no number has a checksum. */
enum list {
    MODEL,
    SCHEDULE,
    CUSTOM,
    PROCESSES,
    LOSS,
    OPTIMIZER,
    GEMM,
    PRECISION,
    N_LISTS,
    N_NUMBERS = sizeof numbers / sizeof *numbers,
};

static const char *const lists[N_LISTS] = {
    [MODEL] = "model",   [SCHEDULE] = "schedule.name",
    [CUSTOM] = "custom", [PROCESSES] = "processes",
    [LOSS] = "loss",     [OPTIMIZER] = "optimizer",
    [GEMM] = "gemm",     [PRECISION] = "precision",
};

struct words {
    int64_t numbers[N_NUMBERS];
    uint64_t lists[N_LISTS];
};

/* FNV-1a over bytes, for differences by mistake. */
static uint64_t add_bytes(uint64_t sum, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ at[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static uint64_t add_number(uint64_t sum, int64_t number)
{
    return add_bytes(sum, &number, sizeof number);
}

static uint64_t sum_text(const char *text)
{
    return text ? add_bytes(1, text, strlen(text)) : 0;
}

static uint64_t sum_model(const sluice_model *model)
{
    uint64_t sum = add_number(1, sluice_model_n_layers(model));
    sluice_parameter at = {.name = ""};
    while (sluice_model_next_parameter(model, &at)) {
        sum = add_bytes(sum, at.name, strlen(at.name));
        sum = add_number(sum, at.n);
    }
    return sum;
}

static uint64_t sum_schedule(const sluice_schedule *schedule)
{
    if (!schedule)
        return 0;
    uint64_t sum = add_number(1, sluice_schedule_n_stages(schedule));
    sum = add_number(sum, sluice_schedule_n_copies(schedule));
    sum = add_number(sum, sluice_schedule_n_microbatches(schedule));
    for (int s = 0; s < sluice_schedule_n_stages(schedule); s++)
        sum = add_number(sum, sluice_schedule_stage_device(schedule, s));
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++) {
        int n;
        const sluice_action *actions = sluice_schedule_actions(schedule, d, &n);
        sum = add_number(sum, n);
        for (int i = 0; i < n; i++) {
            sum = add_number(sum, actions[i].kind);
            sum = add_number(sum, actions[i].stage);
            sum = add_number(sum, actions[i].microbatch);
        }
    }
    return sum;
}

static uint64_t sum_processes(const sluice_pipeline_config *config)
{
    uint64_t sum = config->processes != NULL;
    for (int i = 0; config->processes && i < config->n_processes; i++)
        sum = add_number(sum, config->processes[i]);
    return sum;
}

static int64_t read_number(const sluice_pipeline_config *config, size_t i)
{
    const char *at = (const char *)config + numbers[i].offset;
    int64_t wide;
    int32_t narrow;
    if (numbers[i].bytes == sizeof(bool))
        return *(const bool *)at;
    if (numbers[i].bytes == sizeof narrow) {
        memcpy(&narrow, at, sizeof narrow);
        return narrow;
    }
    memcpy(&wide, at, sizeof wide);
    return wide;
}

static void describe(const sluice_pipeline_config *config,
                     const sluice_model *model, struct words *words)
{
    for (size_t i = 0; i < N_NUMBERS; i++)
        words->numbers[i] = read_number(config, i);
    words->lists[MODEL] = sum_model(model);
    words->lists[SCHEDULE] = sum_text(config->schedule.name);
    words->lists[CUSTOM] = sum_schedule(config->custom);
    words->lists[LOSS] = sum_text(config->loss ? config->loss->name : NULL);
    words->lists[OPTIMIZER] =
        sum_text(config->optimizer ? config->optimizer->name : NULL);
    words->lists[PROCESSES] = sum_processes(config);
    words->lists[GEMM] = sum_text(config->gemm);
    words->lists[PRECISION] = sum_text(config->precision);
}

static sluice_status refuse(const char *name, int rank, sluice_diag *why)
{
    return sluice_diag_set(why, SLUICE_INVALID,
                           "`%s` of process %d is another one than that of "
                           "process 0: all processes give the same",
                           name, rank);
}

static sluice_status compare(const struct words *here,
                             const struct words *first, int rank,
                             sluice_diag *why)
{
    for (size_t i = 0; i < N_NUMBERS; i++)
        if (here->numbers[i] != first->numbers[i])
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "`%s` is %" PRId64 " in process %d, and "
                                   "%" PRId64 " in process 0: all processes "
                                   "give the same",
                                   numbers[i].name, here->numbers[i], rank,
                                   first->numbers[i]);
    for (size_t i = 0; i < N_LISTS; i++)
        if (here->lists[i] != first->lists[i])
            return refuse(lists[i], rank, why);
    return SLUICE_OK;
}

sluice_status sl_same_config(sluice_pipeline *pipe,
                             const sluice_pipeline_config *config,
                             const sluice_model *model, sluice_diag *why)
{
    struct words here, first;
    if (!pipe->world)
        return SLUICE_OK;
    describe(config, model, &here);
    first = here;
    sluice_status st = sl_abroad_check(pipe, SLUICE_OK, why);
    if (!st)
        st = sl_abroad_share(pipe, 0, &first, sizeof first, why);
    if (st)
        return st;
    st = compare(&here, &first, sluice_world_rank(pipe->world), why);
    return sl_abroad_check(pipe, st, why);
}

sluice_status sl_same_cut(sluice_pipeline *pipe, sluice_cut cut,
                          sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    uint64_t here = 1;
    if (!pipe->world || cut != SLUICE_CUT_LIST)
        return SLUICE_OK;
    for (int s = 0; s < bp->grid.depth; s++)
        here = add_number(here, bp->stage_layers[s]);
    uint64_t first = here;
    int rank = bp->processes.rank;
    sluice_status st = sl_abroad_check(pipe, SLUICE_OK, why);
    if (!st)
        st = sl_abroad_share(pipe, 0, &first, sizeof first, why);
    if (st)
        return st;
    st = here == first ? SLUICE_OK : refuse("partition", rank, why);
    return sl_abroad_check(pipe, st, why);
}
