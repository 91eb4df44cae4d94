/* The options of `sluice train` about adapting.  The main thread. */
#include "bench/train/adapt/adapt_options.h"

#include <stddef.h>
#include <string.h>

#include "bench/cli/option_types.h"
#include "bench/train/training_config.h"

const struct option_row adapt_options[] = {
    {.name = "adapt",
     .argument = "X",
     .help = "Watch how fast the devices are, and change devices and cut while "
             "the training runs, if a plan promises steps that are shorter by "
             "more than X %; the bits stay the same",
     .type = &option_real,
     .offset = offsetof(struct adapt_config, margin_per_cent),
     .least = 0.1,
     .most = 1000},
    {.name = "new-speeds",
     .argument = "X,X,...",
     .help = "With --adapt, to try it: slow devices down, as --speeds does, "
             "in the course of the training",
     .type = &option_speeds,
     .most = 1,
     .offset = offsetof(struct adapt_config, speeds)},
    {.name = "new-speeds-at",
     .argument = "N",
     .help = "The step after which --new-speeds hold",
     .type = &option_long,
     .offset = offsetof(struct adapt_config, at),
     .least = 1,
     .most = INT64_MAX,
     .standard = "20"},
    {0},
};

const char *adapt_needs(const void *config, const struct option_row *option)
{
    const struct training_config *c = config;
    if (!strcmp(option->name, "new-speeds-at") && !c->adapt.speeds.n)
        return "needs --new-speeds";
    if (!strcmp(option->name, "new-speeds") && !c->adapt.margin_per_cent)
        return "needs --adapt";
    return NULL;
}
