/* The options of `sluice train` about what it keeps.  The main thread. */
#include "bench/train/keep/keeping_options.h"

#include <string.h>

#include "bench/cli/number.h"
#include "bench/cli/option_types.h"
#include "bench/train/training_config.h"

enum { MAX_KEPT = 1000000 };

/* A number of steps, or a time with its unit. */
static sluice_status read_every(const struct option_row *option,
                                const char *text, void *value, sluice_diag *why)
{
    struct keeping_config *config = value;
    int64_t steps = 0;
    (void)option;
    config->every_ns = 0;
    if (text[strspn(text, "0123456789")] == '\0') {
        sluice_status st =
            number_parse_integer(text, 1, INT64_MAX, &steps, why);
        config->every_steps = (uint64_t)steps;
        return st;
    }
    config->every_steps = 0;
    sluice_status st = number_parse_time(text, &config->every_ns, NULL);
    if (st || config->every_ns == 0)
        st =
            sluice_diag_set(why, SLUICE_INVALID,
                            "\"%s\" is neither a number of steps, such as 100, "
                            "nor a time of at most an hour with its unit, such "
                            "as 30s",
                            text);
    return st;
}

static const struct option_type every = {.read = read_every};

sluice_status keeping_check(const void *values, sluice_diag *why)
{
    const struct keeping_config *config = values;
    bool has_every = config->every_steps || config->every_ns;
    if (config->dir || (!config->resumes && !has_every))
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "--resume and --every go with --checkpoint");
}

const struct option_row keeping_options[] = {
    {.name = "save",
     .argument = "FILE",
     .help = "Write the trained parameters, as --weights reads them",
     .type = &option_text,
     .offset = offsetof(struct keeping_config, weights)},
    {.name = "save-layout",
     .argument = "WORD",
     .help = "Names and layouts of --save: {choices}; pytorch's are those of a "
             "state_dict",
     .type = &option_word,
     .offset = offsetof(struct keeping_config, layout),
     .choices = save_layout_choices,
     .standard = "sluice"},
    {.name = "checkpoint",
     .argument = "DIR",
     .help =
         "Keep all that the training needs to go on, in files named by the "
         "step; and best.safetensors, by the test accuracy, then loss.  "
         "SIGINT and SIGTERM end the training after a step, save, and leave "
         "with exit status 4",
     .type = &option_text,
     .offset = offsetof(struct keeping_config, dir)},
    {.name = "every",
     .argument = "N|TIME",
     .help = "Save after so many steps, or so much time, such as 30s; by "
             "default at the end of each epoch, and always in the end",
     .type = &every},
    {.name = "resume",
     .help = "Go on from the newest checkpoint, bit for bit as if the training "
             "had not stopped; begin if there is none",
     .type = &option_flag,
     .offset = offsetof(struct keeping_config, resumes)},
    {.name = "keep",
     .argument = "N",
     .help = "Remove all but the last N checkpoints",
     .type = &option_integer,
     .offset = offsetof(struct keeping_config, keep),
     .least = 1,
     .most = MAX_KEPT,
     .standard = "3"},
    {0},
};

const char *keeping_needs(const void *config, const struct option_row *option)
{
    const struct training_config *c = config;
    bool lays_out = !strcmp(option->name, "save-layout");
    return lays_out && !c->keeping.weights ? "needs --save" : NULL;
}
