/* The table of generators, and sluice_schedule_generate(). */
#include "sched/generator.h"

#include <stdio.h>
#include <string.h>

#include "sched/schedule.h"

static const struct sl_generator *const generators[] = {
    &sl_generator_gpipe,
    &sl_generator_1f1b,
    &sl_generator_forward,
};

enum { N_GENERATORS = (int)(sizeof generators / sizeof *generators) };

const char *sluice_schedule_generator(int i)
{
    return i >= 0 && i < N_GENERATORS ? generators[i]->name : NULL;
}

const char *sluice_schedule_summary(int i)
{
    return i >= 0 && i < N_GENERATORS ? generators[i]->summary : NULL;
}

int sl_one_stage_each(int devices)
{
    return devices;
}

void sl_write(struct sl_writer *writer, sluice_action_kind kind, int stage,
              int microbatch)
{
    if (writer->status)
        return;
    sluice_action action = {kind, stage, microbatch};
    writer->status = sluice_schedule_append(writer->schedule, writer->device,
                                            action, writer->why);
}

static const struct sl_generator *find(const char *name)
{
    for (int i = 0; i < N_GENERATORS; i++)
        if (strcmp(generators[i]->name, name) == 0)
            return generators[i];
    return NULL;
}

static sluice_status refuse_name(const char *name, sluice_diag *why)
{
    char known[SLUICE_DIAG_TEXT] = "";
    for (int i = 0; i < N_GENERATORS; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                 generators[i]->name);
    }
    return sluice_diag_set(why, SLUICE_NOT_FOUND,
                           "no schedule is called \"%.64s\": there are %s",
                           name, known);
}

static sluice_status check_order(sluice_backward_order order, sluice_diag *why)
{
    if (order == SLUICE_REVERSE || order == SLUICE_IN_ORDER)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "backward order %d: give SLUICE_REVERSE (%d) or "
                           "SLUICE_IN_ORDER (%d)",
                           (int)order, SLUICE_REVERSE, SLUICE_IN_ORDER);
}

/* An empty schedule with the generator's stages in loop placement. */
static sluice_status create_empty(const struct sl_generator *generator,
                                  const sluice_schedule_config *config,
                                  sluice_schedule **out, sluice_diag *why)
{
    int stage_device[SLUICE_MAX_STAGES];
    int n = generator->n_stages(config->devices);
    for (int s = 0; s < n && s < SLUICE_MAX_STAGES; s++)
        stage_device[s] = s % config->devices;
    return sluice_schedule_create(config->devices, n, config->microbatches,
                                  stage_device, config->allocator, out, why);
}

sluice_status sluice_schedule_generate(const sluice_schedule_config *config,
                                       sluice_schedule **out, sluice_diag *why)
{
    const char *name = config->name ? config->name : generators[0]->name;
    const struct sl_generator *generator = find(name);
    if (!generator)
        return refuse_name(name, why);
    sluice_status st = check_order(config->backward_order, why);
    if (st)
        return st;
    sluice_schedule *schedule;
    st = create_empty(generator, config, &schedule, why);
    if (st)
        return st;
    for (int d = 0; d < config->devices && !st; d++) {
        struct sl_writer writer = {
            .schedule = schedule, .device = d, .why = why};
        generator->write(&writer, config);
        st = writer.status;
    }
    if (st) {
        sluice_schedule_destroy(schedule);
        return st;
    }
    *out = schedule;
    return SLUICE_OK;
}
