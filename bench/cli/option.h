/* What the option parsers of both programs share. */
#ifndef BENCH_CLI_OPTION_H
#define BENCH_CLI_OPTION_H

#include <argp.h>
#include <stdbool.h>

#include <sluice/schedule.h>
#include <sluice/status.h>

/* Exit status of a command line that makes no sense. */
enum { OPTION_EXIT = 2 };

/*
 * argp_parse(), which ends the program if a word makes no sense.  It has one
 * result besides, out of memory: this ends the program with a sentence, too.
 */
void option_parse(const struct argp *argp, int argc, char **argv,
                  unsigned flags, void *input);

/*
 * Go on if `status` is OK; else end the program with the sentence of `why`, the
 * name of the option before it.
 */
void option_check(struct argp_state *state, const char *option,
                  sluice_status status, const sluice_diag *why);

/* Parse an int, min <= value <= max, or end the program with a sentence. */
int option_integer(struct argp_state *state, const char *option,
                   const char *text, int min, int max);

/* How a pipeline orders its work; options of both programs. */
struct order_options {
    const char *schedule; /* a generator's name */
    int remat;            /* a sluice_remat */
    int backward_order;   /* a sluice_backward_order */
    int capacity;         /* of the queues */
    int chunks;           /* 0: the standard, in these three */
    int group;
    int warm_up;
    bool vertical_sync;
    bool join_weights; /* neighbouring W in one call */
};

/* The defaults, for an initializer. */
#define ORDER_DEFAULTS                                                         \
    {                                                                          \
        .schedule = "gpipe", .remat = SLUICE_REMAT_NEVER,                      \
        .backward_order = SLUICE_REVERSE, .capacity = 2                        \
    }

/* The parser to put among a command's argp children; its input is a struct
 * order_options. */
extern const struct argp order_argp;

#endif
