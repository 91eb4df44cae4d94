/* The order of a pipeline's work.  The main thread. */
#include "bench/order/order.h"

#include <math.h>
#include <string.h>

#include <sluice/schedule_formula.h>

#include "bench/cli/product_options.h"
#include "bench/cli/option_types.h"
#include "bench/order/generator_options.h"
#include "bench/order/schedule_names.h"

const struct option_row order_options[] = {
    {.name = "schedule",
     .argument = "NAME",
     .help = "One of `sluice schedule --list'; auto: the best order that is "
             "found for devices that take equally long; or a CSV or JSON FILE, "
             "whose name has a dot or a slash in it, with its own K and M",
     .type = &schedule_name,
     .offset = offsetof(struct order_options, schedule),
     .standard = "gpipe",
     .context = "schedule"},
    {.name = "remat",
     .argument = "WHICH",
     .help = "Recompute activations: {choices}",
     .type = &option_word,
     .offset = offsetof(struct order_options, remat),
     .choices = remat_choices,
     .standard = "never",
     .context = "remat"},
    {.name = "backward-order",
     .argument = "ORDER",
     .help = "Order of the micro-batches' backward passes: {choices}",
     .type = &option_word,
     .offset = offsetof(struct order_options, backward_order),
     .choices = backward_order_choices,
     .standard = "reverse",
     .context = "backward_order"},
    {.name = "gather-weights",
     .argument = "N",
     .help = "Compute the weight gradients of N micro-batches in one, which "
             "changes bits; gpipe needs --backward-order in_order",
     .type = &option_integer,
     .offset = offsetof(struct order_options, gather_weights),
     .least = 1,
     .most = SLUICE_MAX_MICROBATCHES,
     .context = "gather_weights"},
    {.name = "capacity",
     .argument = "N",
     .help = "Micro-batches a device may run ahead of its neighbour",
     .type = &option_integer,
     .offset = offsetof(struct order_options, capacity),
     .least = 1,
     .most = SLUICE_MAX_MICROBATCHES,
     .standard = "2",
     .context = "capacity"},
    {.name = "gemm",
     .argument = "NAME",
     .tell = gemm_option_tell,
     .type = &gemm_name,
     .offset = offsetof(struct order_options, gemm),
     .context = "gemm"},
    {.name = "precision",
     .argument = "NAME",
     .tell = precision_option_tell,
     .type = &precision_name,
     .offset = offsetof(struct order_options, precision),
     .context = "precision"},
    {.name = "pin",
     .argument = "CPUS",
     .tell = pin_option_tell,
     .type = &option_pin,
     .offset = offsetof(struct order_options, pin),
     .context = "pin"},
    {0},
};

const struct option_row order_generator_options[] = {
    {.name = "chunks",
     .key = 'v',
     .argument = "N",
     .tell = generator_option_tell,
     .type = &option_integer,
     .offset = offsetof(struct order_options, generated.chunks),
     .least = 1,
     .most = SLUICE_MAX_STAGES,
     .context = "chunks"},
    {.name = "group",
     .argument = "N",
     .tell = generator_option_tell,
     .type = &option_integer,
     .offset = offsetof(struct order_options, generated.group),
     .least = 1,
     .most = SLUICE_MAX_MICROBATCHES,
     .context = "group"},
    {.name = "slices",
     .argument = "N",
     .tell = generator_option_tell,
     .type = &option_integer,
     .offset = offsetof(struct order_options, generated.slices),
     .least = 1,
     .most = SLUICE_MAX_MICROBATCHES,
     .context = "slices"},
    {.name = "warm-up",
     .argument = "N",
     .tell = generator_option_tell,
     .type = &option_integer,
     .offset = offsetof(struct order_options, generated.warm_up),
     .least = 1,
     .most = SLUICE_MAX_MICROBATCHES,
     .context = "warm_up_forwards"},
    {.name = "vertical-sync",
     .tell = generator_option_tell,
     .type = &option_flag,
     .offset = offsetof(struct order_options, generated.vertical_sync),
     .context = "vertical_sync"},
    {0},
};

bool order_gives(const struct order_options *order, const char *name)
{
    for (const struct option_row *o = order_generator_options; o->name; o++) {
        const void *value = (const char *)order + o->offset;
        if (!strcmp(o->name, name))
            return o->argument ? *(const int *)value : *(const bool *)value;
    }
    return false;
}

/* Whether the schedule lets one choose the order of backwards. */
static bool order_chooses(const struct order_options *order)
{
    return !order->schedule || !strcmp(order->schedule, "gpipe");
}

sluice_status order_check(const void *values, sluice_diag *why)
{
    const struct order_options *order = values;
    if (order->backward_order != SLUICE_REVERSE && !order_chooses(order))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s takes no --backward-order: it applies to "
                               "gpipe only, the order of the others is fixed",
                               order->schedule);
    if (order->gather_weights && order->schedule &&
        !strcmp(order->schedule, "gpipe") &&
        order->backward_order == SLUICE_REVERSE)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--gather-weights joins micro-batches that "
                               "rise: add --backward-order in_order");
    for (const struct option_row *o = order_generator_options; o->name; o++)
        if (order_gives(order, o->name) &&
            !generator_reads(order->schedule, o->name))
            return generator_refuse_option(order->schedule, o->name, why);
    return SLUICE_OK;
}

void order_add_option(const struct order_options *order, const char *schedule,
                      int devices, const struct option_row *option,
                      struct table_fields *fields)
{
    const void *value = (const char *)order + option->offset;
    if (!schedule || !generator_reads(schedule, option->name)) {
        add_absent(fields, option->context);
        return;
    }
    if (!option->argument) {
        add_word(fields, option->context, *(const bool *)value ? "yes" : "no");
        return;
    }
    int n = *(const int *)value;
    if (!n)
        n = generator_standard(schedule, option->name);
    if (n == SLUICE_OPTION_DEVICES)
        n = devices;
    if (!n)
        add_word(fields, option->context, "K");
    else
        add_shared(fields, option->context, n);
}

void order_print_options(const struct order_options *order, int devices,
                         FILE *out)
{
    if (order_chooses(order))
        fprintf(out, ", backward-order %s",
                choice_name(backward_order_choices, order->backward_order));
    if (order->precision)
        fprintf(out, ", precision %s", order->precision);
    for (const struct option_row *o = order_generator_options; o->name; o++) {
        struct table_fields fields = {0};
        char number[TABLE_NUMBER];
        order_add_option(order, order->schedule, devices, o, &fields);
        const char *text = table_text(&fields.of[0], number);
        if (*text)
            fprintf(out, ", %s %s", o->name, text);
    }
    fputc('\n', out);
}

void order_context(const struct order_options *order,
                   struct table_fields *fields)
{
    for (const struct option_row *o = order_options; o->name; o++)
        if (!strcmp(o->name, "backward-order") && !order_chooses(order))
            add_absent(fields, o->context);
        else
            o->type->show(o, (const char *)order + o->offset, fields);
    for (const struct option_row *o = order_generator_options; o->name; o++)
        order_add_option(order, order->schedule, 0, o, fields);
}

sluice_schedule_config order_config(const struct order_options *order,
                                    int devices, int microbatches)
{
    sluice_schedule_config config = order->generated;
    config.name = order->schedule;
    config.devices = devices;
    config.microbatches = microbatches;
    config.backward_order = (sluice_backward_order)order->backward_order;
    return config;
}

double order_bubble(const struct order_options *order, int devices,
                    int microbatches)
{
    static const sluice_device_costs equal = {
        .forward = 1, .input = 1, .weight = 1};
    const sluice_schedule_config config =
        order_config(order, devices, microbatches);
    double idle = sluice_schedule_idle(&config, &equal);
    double busy = microbatches * (equal.forward + equal.input + equal.weight);
    return order->remat == SLUICE_REMAT_NEVER && !order->gather_weights
               ? idle / (idle + busy)
               : NAN;
}

void order_apply(const struct order_options *order,
                 sluice_pipeline_config *config)
{
    config->schedule = order_config(order, config->schedule.devices,
                                    config->schedule.microbatches);
    config->remat = (sluice_remat)order->remat;
    config->join_weights = order->join_weights || order->gather_weights;
    config->gather_weights = order->gather_weights;
    config->vocabulary_parallel = order->vocabulary_parallel;
    config->queue_capacity = order->capacity;
    config->gemm = order->gemm;
    config->precision = order->precision;
    config->device_speeds = order->speeds.n ? order->speeds.of : NULL;
    pin_apply(&order->pin, config);
}
