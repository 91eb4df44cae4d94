/* The table of generators, and sluice_schedule_generate(). */
#include "sched/generators/generator.h"

#include <stdio.h>
#include <string.h>

#include "sched/schedule.h"

#define SL_ROW(name) &sl_generator_##name,
static const struct sl_generator *const generators[] = {SL_GENERATORS(SL_ROW)};

enum { N_GENERATORS = (int)(sizeof generators / sizeof *generators) };

const char *sluice_schedule_generator(int i)
{
    return i >= 0 && i < N_GENERATORS ? generators[i]->name : NULL;
}

const char *sluice_schedule_summary(int i)
{
    return i >= 0 && i < N_GENERATORS ? generators[i]->summary : NULL;
}

const sluice_schedule_option *sluice_schedule_options(int i, int *n)
{
    *n = i >= 0 && i < N_GENERATORS ? generators[i]->n_options : 0;
    return *n ? generators[i]->options : NULL;
}

void sl_promise_of_1f1b(const sluice_schedule_config *config, int r,
                        struct sl_promise *promise)
{
    promise->activations = sl_least(config->microbatches, config->devices - r);
}

int sl_one_stage_each(const sluice_schedule_config *config)
{
    return config->devices;
}

int sl_two_stages_each(const sluice_schedule_config *config)
{
    return 2 * config->devices;
}

int sl_chunks_each(const sluice_schedule_config *config)
{
    return config->chunks * config->devices;
}

int sl_in_a_loop(int stage, int devices)
{
    return stage % devices;
}

int sl_in_a_v(int stage, int devices)
{
    return stage < devices ? stage : 2 * devices - 1 - stage;
}

void sl_write(struct sl_writer *writer, sluice_action_kind kind, int stage,
              int microbatch)
{
    sl_write_version(writer, kind, stage, microbatch, 0);
}

void sl_write_version(struct sl_writer *writer, sluice_action_kind kind,
                      int stage, int microbatch, int version)
{
    if (writer->status)
        return;
    sluice_action action = {kind, stage, microbatch, version};
    writer->status = sluice_schedule_append(writer->schedule, writer->device,
                                            action, writer->why);
}

void sl_write_updates(struct sl_writer *writer)
{
    const sluice_schedule *schedule = writer->schedule;
    int depth = sl_schedule_depth(schedule);
    for (int part = 0; part < depth; part++)
        for (int s = part; s < schedule->n_stages; s += depth)
            if (schedule->stage_device[s] == writer->device)
                sl_write(writer, SLUICE_UPDATE, s, -1);
}

static const struct sl_generator *find_name(const char *name)
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

/* A number of an option, for so many devices. */
static int number_for(int number, int devices)
{
    if (number == SLUICE_OPTION_DEVICES)
        return devices;
    if (number == SLUICE_OPTION_HALF)
        return (devices + 1) / 2;
    return number == SLUICE_OPTION_STAGES ? SLUICE_MAX_STAGES / devices
                                          : number;
}

static int *field(const sluice_schedule_option *option,
                  sluice_schedule_config *config)
{
    return (int *)((char *)config + option->offset);
}

/* A number that was given, whether the generator reads it or not. */
static sluice_status check_option(const sluice_schedule_option *option,
                                  sluice_schedule_config *config,
                                  sluice_diag *why)
{
    if (option->is_flag || !*field(option, config))
        return SLUICE_OK;
    int value = *field(option, config);
    int least = number_for(option->least, config->devices);
    int most = number_for(option->most, config->devices);
    if (value >= least && value <= most)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%s of %d: give %d to %d, or 0 for the standard",
                           option->name, value, least, most);
}

/* Whether a generator reads the number of another one's option. */
static bool reads(const struct sl_generator *generator,
                  const sluice_schedule_option *option)
{
    for (int k = 0; k < generator->n_options; k++)
        if (generator->options[k].offset == option->offset)
            return true;
    return false;
}

/* The generator by whose bounds an option is checked: the one that was asked
 * for, or the first that reads it. */
static const struct sl_generator *judge(const struct sl_generator *generator,
                                        const sluice_schedule_option *option)
{
    if (reads(generator, option))
        return generator;
    int i = 0;
    while (!reads(generators[i], option))
        i++;
    return generators[i];
}

static sluice_status check_options(const struct sl_generator *generator,
                                   sluice_schedule_config *config,
                                   sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < N_GENERATORS; i++)
        for (int k = 0; k < generators[i]->n_options && !st; k++) {
            const sluice_schedule_option *option = &generators[i]->options[k];
            if (judge(generator, option) == generators[i])
                st = check_option(option, config, why);
        }
    return st;
}

/* A standard may make too many stages, which are refused as such. */
static void set_standards(const struct sl_generator *generator,
                          sluice_schedule_config *config)
{
    for (int i = 0; i < generator->n_options; i++) {
        const sluice_schedule_option *option = &generator->options[i];
        if (!option->is_flag && !*field(option, config))
            *field(option, config) =
                number_for(option->standard, config->devices);
    }
}

/* Check all numbers, and put the standards in place of zeros. */
static sluice_status settle(const struct sl_generator *generator,
                            sluice_schedule_config *config, sluice_diag *why)
{
    sluice_status st = check_order(config->backward_order, why);
    if (!st)
        st = sl_check_sizes(config->devices, config->devices,
                            config->microbatches, why);
    if (!st)
        st = check_options(generator, config, why);
    if (!st)
        set_standards(generator, config);
    return st;
}

/* An empty schedule with the generator's stages in their places. */
static sluice_status create_empty(const struct sl_generator *generator,
                                  const sluice_schedule_config *config,
                                  sluice_schedule **out, sluice_diag *why)
{
    int stage_device[SLUICE_MAX_STAGES];
    int n = generator->n_stages(config);
    for (int s = 0; s < n && s < SLUICE_MAX_STAGES; s++)
        stage_device[s] = generator->place(s, config->devices);
    return sluice_schedule_create_copies(
        config->devices, n, generator->n_copies ? generator->n_copies : 1,
        config->microbatches, stage_device, config->allocator, out, why);
}

/* Whether the lists can be long enough: known before they are written. */
static sluice_status check_lengths(const struct sl_generator *generator,
                                   const sluice_schedule *schedule,
                                   sluice_diag *why)
{
    int64_t each = generator->cell_actions ? generator->cell_actions : 2;
    int64_t cells =
        (int64_t)sl_schedule_depth(schedule) * schedule->n_microbatches;
    int64_t n = each * cells / schedule->n_devices;
    if (n <= SLUICE_MAX_ACTIONS)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%d micro-batches in %d stages on %d devices are at "
                           "least %lld actions of a device: give fewer, there "
                           "is room for %d",
                           schedule->n_microbatches,
                           sl_schedule_depth(schedule), schedule->n_devices,
                           (long long)n, SLUICE_MAX_ACTIONS);
}

/* The lists of all devices, checked. */
static sluice_status write_all(const struct sl_generator *generator,
                               const sluice_schedule_config *config,
                               sluice_schedule *schedule, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    if (generator->write_all)
        st = generator->write_all(schedule, config, why);
    for (int d = 0; generator->write && d < config->devices && !st; d++) {
        struct sl_writer writer = {
            .schedule = schedule, .device = d, .why = why};
        generator->write(&writer, config);
        st = writer.status;
    }
    if (!st && generator->check)
        st = generator->check(schedule, config, why);
    return st;
}

sluice_status sl_generator_find(const sluice_schedule_config *config,
                                const struct sl_generator **generator,
                                sluice_schedule_config *settled,
                                sluice_diag *why)
{
    const char *name = config->name ? config->name : generators[0]->name;
    *generator = find_name(name);
    if (!*generator)
        return refuse_name(name, why);
    *settled = *config;
    return settle(*generator, settled, why);
}

sluice_status sluice_schedule_generate(const sluice_schedule_config *config,
                                       sluice_schedule **out, sluice_diag *why)
{
    const struct sl_generator *generator;
    sluice_schedule_config settled;
    sluice_status st = sl_generator_find(config, &generator, &settled, why);
    if (!st && generator->admit)
        st = generator->admit(&settled, why);
    if (st)
        return st;
    sluice_schedule *schedule;
    st = create_empty(generator, &settled, &schedule, why);
    if (st)
        return st;
    st = check_lengths(generator, schedule, why);
    if (!st)
        st = write_all(generator, &settled, schedule, why);
    if (st) {
        sluice_schedule_destroy(schedule);
        return st;
    }
    *out = schedule;
    return SLUICE_OK;
}
