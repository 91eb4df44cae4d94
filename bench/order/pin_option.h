/* The option --pin: which cores the devices of a pipeline have. */
#ifndef BENCH_ORDER_PIN_OPTION_H
#define BENCH_ORDER_PIN_OPTION_H

#include <sluice/pipeline.h>

#include "bench/cli/option.h"
#include "bench/cli/range.h"

/* Zeros mean auto. */
struct pin_choice {
    sluice_pinning how;
    struct range cpus; /* of SLUICE_PIN_LIST */
    const char *text;  /* as it was given; NULL: not at all */
};

extern const struct option_type option_pin; /* struct pin_choice */

/* Its help, for an option_row's `tell`. */
void pin_option_tell(const struct option_row *option, char help[OPTION_HELP]);

/* Have a pipeline pin its devices so; `choice` outlives the creation. */
void pin_apply(const struct pin_choice *choice, sluice_pipeline_config *config);

#endif
