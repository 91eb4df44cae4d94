/*
 * The settings of a pipeline as a text.  The thread that creates the pipeline.
 *
 * A setting whose value is a number, a flag or a word is an option of the
 * config, and is read as an option of a layer is.  Those with a text have a
 * function each.
 */
#include <sluice/pipeline_text.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text/options.h"
#include "base/text/real_text.h"
#include "base/text/text_out.h"
#include "pipeline/pipeline.h"
#include "pipeline/text/setting_table.h"

enum { MAX_PARTS = SLUICE_PIPELINE_MAX_TEXT / 2 }; /* of "1,1,1" */

/* The config, and what it points to until the pipeline has its copy. */
struct reading {
    char text[SLUICE_PIPELINE_MAX_TEXT]; /* cut into strings */
    uint64_t given;                      /* a bit for each setting */
    sluice_loss_choice loss;
    sluice_optimizer_choice optimizer;
    int partition[MAX_PARTS];
    double speeds[SLUICE_MAX_DEVICES];
    int n_speeds;
    sluice_pipeline_config config;
};

static sluice_status read_loss(struct reading *reading, const char *value,
                               sluice_diag *why)
{
    return sluice_loss_parse(value, &reading->loss, why);
}

static sluice_status read_optimizer(struct reading *reading, const char *value,
                                    sluice_diag *why)
{
    return sluice_optimizer_parse(value, &reading->optimizer, why);
}

static sluice_status read_schedule(struct reading *reading, const char *value,
                                   sluice_diag *why)
{
    (void)why;
    reading->config.schedule.name = value;
    return SLUICE_OK;
}

static sluice_status read_gemm(struct reading *reading, const char *value,
                               sluice_diag *why)
{
    (void)why;
    reading->config.gemm = value;
    return SLUICE_OK;
}

static sluice_status read_precision(struct reading *reading, const char *value,
                                    sluice_diag *why)
{
    (void)why;
    reading->config.precision = value;
    return SLUICE_OK;
}

/* Stages that are not listed have 0 layers, which creating a pipeline refuses.
 */
static sluice_status read_partition(struct reading *reading, const char *value,
                                    sluice_diag *why)
{
    const char *at = value;
    for (int n = 0; *at || n == 0; n++) {
        char *end;
        long layers = strtol(at, &end, 10);
        if (*at < '1' || *at > '9' || layers > SLUICE_MODEL_MAX_LAYERS ||
            (*end && (*end != ',' || !end[1])))
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "partition is \"%s\": give the number of "
                                   "layers of each stage, such as 2,3,3",
                                   value);
        reading->partition[n] = (int)layers;
        at = *end ? end + 1 : end;
    }
    reading->config.partition = reading->partition;
    return SLUICE_OK;
}

static sluice_status read_speeds(struct reading *reading, const char *value,
                                 sluice_diag *why)
{
    for (const char *at = value; *at || at == value;) {
        double speed;
        if (reading->n_speeds == SLUICE_MAX_DEVICES ||
            !sl_real_next(&at, &speed))
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "device_speeds is \"%s\": give the speed of "
                                   "each device, such as 1,0.5",
                                   value);
        reading->speeds[reading->n_speeds++] = speed;
    }
    reading->config.device_speeds = reading->speeds;
    return SLUICE_OK;
}

static sluice_status (*const readers[SL_N_TEXT_SETTINGS])(struct reading *,
                                                          const char *,
                                                          sluice_diag *) = {
    [SL_SETTING_LOSS] = read_loss,
    [SL_SETTING_OPTIMIZER] = read_optimizer,
    [SL_SETTING_SCHEDULE] = read_schedule,
    [SL_SETTING_GEMM] = read_gemm,
    [SL_SETTING_PRECISION] = read_precision,
    [SL_SETTING_PARTITION] = read_partition,
    [SL_SETTING_SPEEDS] = read_speeds,
};

/* Whether a setting is an option that only some generators read. */
static bool is_of_generators(const sluice_option *option)
{
    const sluice_pipeline_config *none = NULL;
    return option->bytes > 0 && option->offset < sizeof none->schedule &&
           option->offset !=
               offsetof(sluice_pipeline_config, schedule.devices) &&
           option->offset !=
               offsetof(sluice_pipeline_config, schedule.microbatches);
}

static sluice_status no_setting(const char *name, sluice_diag *why)
{
    char list[SLUICE_DIAG_TEXT - 80] = "";
    struct sl_text_out out = {list, sizeof list, 0};
    for (int i = 0; i < sl_setting_table.n_options; i++) {
        const sluice_option *option = &sl_setting_table.options[i];
        if (is_of_generators(option))
            continue;
        sl_text_add(&out, i ? ", " : "");
        sl_text_add(&out, option->name);
    }
    return sluice_diag_set(why, SLUICE_INVALID,
                           "a pipeline has no \"%.20s\"; it has %s and the "
                           "options of its schedule",
                           name, list);
}

/* A part of the text without blanks at its ends. */
static char *trim(char *text)
{
    static const char blanks[] = " \t\r";
    text += strspn(text, blanks);
    size_t n = strlen(text);
    while (n > 0 && strchr(blanks, text[n - 1]))
        n--;
    text[n] = '\0';
    return text;
}

/* "name = value" or "name". */
static sluice_status read_setting(struct reading *reading, char *item,
                                  sluice_diag *why)
{
    char *equals = strchr(item, '=');
    char *value = equals ? trim(equals + 1) : NULL;
    if (equals)
        *equals = '\0';
    const char *name = trim(item);
    const sluice_option *option = sluice_option_find(&sl_setting_table, name);
    if (!option)
        return no_setting(name, why);
    int i = (int)(option - sl_setting_table.options);
    if (reading->given >> i & 1)
        return sluice_diag_set(why, SLUICE_INVALID, "%s is given twice",
                               option->name);
    reading->given |= UINT64_C(1) << i;
    if (i >= SL_N_TEXT_SETTINGS)
        return sluice_option_set(&sl_setting_table, option->name, value,
                                 &reading->config, why);
    if (!value || !*value)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s has no value: write %s = VALUE",
                               option->name, option->name);
    return readers[i](reading, value, why);
}

static sluice_status read_settings(struct reading *reading, const char *text,
                                   sluice_diag *why)
{
    size_t n = strlen(text);
    if (n >= sizeof reading->text)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the text has %zu bytes; %zu are allowed", n,
                               sizeof reading->text - 1);
    memcpy(reading->text, text, n + 1);
    sluice_status st = SLUICE_OK;
    for (char *at = reading->text, *next; at && !st; at = next) {
        next = strpbrk(at, ";\n");
        if (next)
            *next++ = '\0';
        char *item = trim(at);
        if (*item)
            st = read_setting(reading, item, why);
    }
    return st;
}

/* The option of that name, if the text gives it; else NULL. */
static const sluice_option *given(const struct reading *reading,
                                  const char *name)
{
    const sluice_option *option = sluice_option_find(&sl_setting_table, name);
    ptrdiff_t i = option - sl_setting_table.options;
    return reading->given >> i & 1 ? option : NULL;
}

/* Whether generator `name` reads the field at `offset` of its config.  A
 * generator that does not exist is refused later, by its name. */
static bool reads(const char *name, size_t offset)
{
    int i = 0, n;
    while (sluice_schedule_generator(i) &&
           strcmp(sluice_schedule_generator(i), name) != 0)
        i++;
    if (!sluice_schedule_generator(i))
        return true;
    if (offset == offsetof(sluice_schedule_config, backward_order))
        return !strcmp(name, "gpipe");
    const sluice_schedule_option *options = sluice_schedule_options(i, &n);
    for (int o = 0; o < n; o++)
        if (options[o].offset == offset)
            return true;
    return false;
}

/* What the text says of a schedule, and nothing reads, is refused. */
static sluice_status check_schedule(const struct reading *reading,
                                    bool has_custom, sluice_diag *why)
{
    enum { N_FOR_ALL = 2 }; /* the first ones go with every generator */
    static const char *const names[] = {
        "schedule", "remat",   "backward-order", "chunks",
        "group",    "warm-up", "slices",         "vertical-sync",
    };
    const char *generator = reading->config.schedule.name;
    generator = generator ? generator : "gpipe";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const sluice_option *option = given(reading, names[i]);
        if (!option)
            continue;
        if (has_custom)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "%s is given, and a schedule of its own, "
                                   "which replaces it: leave out one of them",
                                   names[i]);
        if (i >= N_FOR_ALL &&
            !reads(generator,
                   option->offset - offsetof(sluice_pipeline_config, schedule)))
            return sluice_diag_set(
                why, SLUICE_INVALID,
                "the schedule %s does not read %s: leave it out", generator,
                names[i]);
    }
    return SLUICE_OK;
}

/* Sizes behind that of the last stage would not be read. */
static sluice_status check_sizes(const struct reading *reading,
                                 const sluice_model *model, sluice_diag *why)
{
    int64_t sum = 0;
    for (int n = 0; n < MAX_PARTS; n++)
        sum += reading->partition[n];
    if (sum == sluice_model_n_layers(model))
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "the sizes of partition add up to %" PRId64
                           " layers, and the model has %d: give one for each "
                           "stage of one copy of the model",
                           sum, sluice_model_n_layers(model));
}

static sluice_status check_cut(struct reading *reading,
                               const sluice_model *model, sluice_diag *why)
{
    sluice_pipeline_config *config = &reading->config;
    if (!config->partition)
        return SLUICE_OK;
    if (given(reading, "cut") && config->cut != SLUICE_CUT_LIST)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "cut and partition are both given: leave out "
                               "one of them");
    config->cut = SLUICE_CUT_LIST;
    return check_sizes(reading, model, why);
}

/* Devices beyond the list would read past its end. */
static sluice_status check_speeds(const struct reading *reading,
                                  sluice_diag *why)
{
    const sluice_pipeline_config *config = &reading->config;
    int replicas = config->replicas ? config->replicas : 1;
    int devices = config->schedule.devices ? config->schedule.devices : 1;
    if (config->custom)
        devices = sluice_schedule_n_devices(config->custom);
    if (config->team > 1)
        devices *= config->team;
    if (!reading->n_speeds || reading->n_speeds == replicas * devices)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "device_speeds has %d speeds for %d devices: give "
                           "one for each",
                           reading->n_speeds, replicas * devices);
}

sluice_status sluice_pipeline_parse(const char *text,
                                    const sluice_schedule *custom,
                                    const sluice_model *model,
                                    const sluice_allocator *allocator,
                                    sluice_pipeline **out, sluice_diag *why)
{
    struct reading reading = {
        .config = {.custom = custom, .allocator = allocator}};
    sluice_pipeline_config *config = &reading.config;
    sluice_status st = read_settings(&reading, text, why);
    if (!st)
        st = check_schedule(&reading, custom != NULL, why);
    if (!st)
        st = check_cut(&reading, model, why);
    if (!st)
        st = check_speeds(&reading, why);
    if (!st && !reading.optimizer.ops)
        st = sluice_optimizer_parse(NULL, &reading.optimizer, why);
    if (st)
        return st;
    config->loss = reading.loss.ops;
    config->loss_config = &reading.loss.config;
    config->optimizer = reading.optimizer.ops;
    config->optimizer_config = &reading.optimizer.config;
    return sluice_pipeline_create(config, model, out, why);
}

int64_t sluice_pipeline_target_bytes(const sluice_pipeline *pipe,
                                     sluice_element *type)
{
    if (type)
        *type = pipe->blueprint.loss_plan.target_type;
    return pipe->blueprint.loss_plan.target_row_bytes;
}
