/* What the option parsers of both programs share.  The main thread. */
#include "bench/cli/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/choice.h"
#include "bench/cli/number.h"

enum { MAX_CAPACITY = 65536, NAMES_BYTES = 256 };

void option_parse(const struct argp *argp, int argc, char **argv,
                  unsigned flags, void *input)
{
    int failed = argp_parse(argp, argc, argv, flags, NULL, input);
    if (!failed)
        return;
    fprintf(stderr, "%s: the command line could not be read: %s\n", argv[0],
            strerror(failed));
    exit(EXIT_FAILURE);
}

void option_check(struct argp_state *state, const char *option,
                  sluice_status status, const sluice_diag *why)
{
    if (status)
        argp_error(state, "%s: %s", option, why->text);
}

int option_integer(struct argp_state *state, const char *option,
                   const char *text, int min, int max)
{
    sluice_diag why;
    int64_t value = min;
    option_check(state, option,
                 number_parse_integer(text, min, max, &value, &why), &why);
    return (int)value;
}

enum {
    KEY_SCHEDULE = 0x200,
    KEY_REMAT,
    KEY_BACKWARD_ORDER,
    KEY_CAPACITY,
    KEY_GROUP,
    KEY_WARM_UP,
    KEY_VERTICAL_SYNC,
};

static const struct argp_option order_table[] = {
    {0, 0, 0, 0, "Order of the work", 0},
    {"schedule", KEY_SCHEDULE, "NAME", 0, "The schedule (gpipe)", 0},
    {"remat", KEY_REMAT, "WHICH", 0,
     "Recompute activations: never (default), always, except_last", 0},
    {"backward-order", KEY_BACKWARD_ORDER, "ORDER", 0,
     "Of the micro-batches' backward passes: reverse (default), in_order", 0},
    {"capacity", KEY_CAPACITY, "N", 0,
     "Micro-batches a device may run ahead of its neighbour (2)", 0},
    {"chunks", 'v', "N", 0,
     "Stages of a device: interleaved-1f1b, looped-bfs (2)", 0},
    {"group", KEY_GROUP, "N", 0,
     "Micro-batches that go through a chunk before the next does: "
     "interleaved-1f1b; or into one update: pipedream-2bw (as many as "
     "devices)",
     0},
    {"warm-up", KEY_WARM_UP, "N", 0,
     "Forwards ahead for each device behind: eager-1f1b, interleaved-1f1b (2)",
     0},
    {"vertical-sync", KEY_VERTICAL_SYNC, 0, 0,
     "A micro-batch uses on all devices the weight version that it used on "
     "the first: pipedream",
     0},
    {0},
};

static const char *parse_schedule(struct argp_state *state, const char *name)
{
    char names[NAMES_BYTES] = "";
    for (int i = 0; sluice_schedule_generator(i); i++) {
        if (!strcmp(sluice_schedule_generator(i), name))
            return name;
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "",
                 sluice_schedule_generator(i));
    }
    argp_error(state, "--schedule: no schedule is called \"%s\"; there are %s",
               name, names);
    return NULL;
}

static error_t parse_order(int key, char *arg, struct argp_state *state)
{
    struct order_options *order = state->input;
    sluice_diag why;
    switch (key) {
    case KEY_SCHEDULE:
        order->schedule = parse_schedule(state, arg);
        break;
    case KEY_REMAT:
        option_check(state, "--remat",
                     choice_parse(remat_choices, arg, &order->remat, &why),
                     &why);
        break;
    case KEY_BACKWARD_ORDER:
        option_check(state, "--backward-order",
                     choice_parse(backward_order_choices, arg,
                                  &order->backward_order, &why),
                     &why);
        break;
    case KEY_CAPACITY:
        order->capacity =
            option_integer(state, "--capacity", arg, 1, MAX_CAPACITY);
        break;
    case 'v':
        order->chunks =
            option_integer(state, "--chunks", arg, 1, SLUICE_MAX_STAGES);
        break;
    case KEY_GROUP:
        order->group =
            option_integer(state, "--group", arg, 1, SLUICE_MAX_MICROBATCHES);
        break;
    case KEY_WARM_UP:
        order->warm_up =
            option_integer(state, "--warm-up", arg, 1, SLUICE_MAX_MICROBATCHES);
        break;
    case KEY_VERTICAL_SYNC:
        order->vertical_sync = true;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

const struct argp order_argp = {.options = order_table, .parser = parse_order};
