/* The tables of `sluice schedule`.  The main thread. */
#include "bench/schedule/show/schedule_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/cli/choice.h"
#include "bench/cli/product_options.h"
#include "bench/measure/run_options.h"
#include "bench/schedule/schedule_needs.h"

enum { COSTS_BYTES = 96 };

static const char *costs_text(const struct schedule_costs *costs,
                              char text[COSTS_BYTES])
{
    if (costs->n_stages)
        return costs->text;
    double again = costs->recompute < 0 ? costs->forward : costs->recompute;
    snprintf(text, COSTS_BYTES, "F %g, I %g, W %g, R %g", costs->forward,
             costs->input, costs->weight, again);
    return text;
}

static const char *moment_name(enum schedule_moment moment)
{
    return choice_name(recompute_choices, (int)moment);
}

/* `costs` is kept by the caller until the row is written. */
static void add_wanted(struct table_fields *fields,
                       const struct schedule_context *context,
                       char costs[COSTS_BYTES])
{
    const struct schedule_wanted *wanted = context->wanted;
    const struct order_options *order = &wanted->order;
    if (context->run)
        add_environment(fields, context->env);
    if (schedule_list_has(context->names, "gpipe"))
        add_word(fields, "backward_order",
                 choice_name(backward_order_choices, order->backward_order));
    add_word(fields, "remat",
             wanted->remats ? wanted->remats
                            : choice_name(remat_choices, order->remat));
    if (wanted->remats || order->remat != SLUICE_REMAT_NEVER)
        add_word(fields, "recompute", moment_name(wanted->moment));
    if (wanted->goal.limit > 0)
        fields->of[fields->n++] = (struct table_field){
            .name = "limit",
            .kind = TABLE_REAL,
            .context = true,
            .real = wanted->goal.limit,
        };
    if (wanted->goal.limit_bytes)
        add_shared(fields, "limit_bytes", (int64_t)wanted->goal.limit_bytes);
    if (wanted->goal.freed > 0)
        fields->of[fields->n++] = (struct table_field){
            .name = "freed",
            .kind = TABLE_REAL,
            .context = true,
            .real = wanted->goal.freed,
        };
    if (wanted->goal.objective)
        add_word(fields, "objective",
                 choice_name(objective_choices, wanted->goal.objective));
    add_shared(fields, "slack", wanted->slack);
    add_word(fields, "backward",
             wanted->split   ? "split"
             : wanted->merge ? "merged"
                             : "as it is");
    add_shared(fields, "capacity", order->capacity);
    add_word(fields, "costs", costs_text(&wanted->costs, costs));
    if (order->speeds.n)
        add_word(fields, "speeds", order->speeds.text);
    fields->of[fields->n++] = (struct table_field){
        .name = "latency",
        .kind = TABLE_REAL,
        .context = true,
        .real = wanted->costs.latency,
    };
    add_shared(fields, "cell_ns", wanted->costs.cell_ns);
    if (!context->run)
        return;
    add_word(fields, "model",
             context->run->model ? context->run->model : "timed cells");
    add_word(fields, "weights", order->join_weights ? "joined" : "one by one");
    add_word(fields, "gemm", gemm_option_name(order->gemm));
    add_word(fields, "precision", precision_option_name(order->precision));
    add_word(fields, "pin", order->pin.text ? order->pin.text : "auto");
    run_context(&context->run->run, fields);
}

/* The options that any of the schedules reads, as they hold for this one. */
static void add_options(struct table_fields *fields,
                        const struct schedule_context *context,
                        const struct schedule_row *row)
{
    bool several = strchr(context->names, ',');
    for (const struct option_row *o = order_generator_options; o->name; o++) {
        int n = fields->n;
        if (!schedule_any_reads(context->names, o->name))
            continue;
        order_add_option(&context->wanted->order, row->name,
                         row->price.n_devices, o, fields);
        fields->of[n].context = !several;
        fields->of[n].key = several;
    }
}

static void add_sizes(struct table_fields *fields,
                      const struct schedule_context *context,
                      const struct schedule_row *row)
{
    add_key_word(fields, "schedule", row->name);
    add_options(fields, context, row);
    add_key(fields, "devices", row->price.n_devices);
    add_key(fields, "stages", row->price.n_stages);
    add_key(fields, "microbatches", row->price.n_microbatches);
}

/* Of steps that follow each other without a barrier. */
static double span_bubble(const struct schedule_price *price)
{
    const sluice_time_share *all = &price->all.time;
    return all->span_ns > 0 ? 1 - (double)all->busy_ns /
                                      ((double)all->span_ns * price->n_devices)
                            : 0;
}

static void write_device(struct table *table,
                         const struct schedule_context *context,
                         const struct schedule_row *row, const char *device,
                         const struct schedule_share *share)
{
    struct table_fields fields = {0};
    char costs[COSTS_BYTES];
    add_wanted(&fields, context, costs);
    add_sizes(&fields, context, row);
    add_key_word(&fields, "device", device);
    add_integer(&fields, "makespan_ns", share->time.makespan_ns);
    add_integer(&fields, "span_ns", share->time.span_ns);
    add_integer(&fields, "busy_ns", share->time.busy_ns);
    add_integer(&fields, "wait_ns", share->time.wait_ns);
    add_share(&fields, "bubble", share->time.bubble);
    add_share(&fields, "bubble_span",
              share == &row->price.all ? span_bubble(&row->price) : NAN);
    add_share(&fields, "bubble_formula",
              share == &row->price.all ? row->price.formula : NAN);
    add_real(&fields, "peak_activations", share->activations);
    add_real(&fields, "peak_inner", share->inner);
    add_real(&fields, "parameters", share->parameters);
    table_row(table, fields.of, fields.n);
}

void schedule_table_devices(struct table *table,
                            const struct schedule_context *context,
                            const struct schedule_row *row)
{
    for (int d = 0; d < row->price.n_devices; d++) {
        char device[TABLE_NUMBER];
        snprintf(device, sizeof device, "%d", d);
        write_device(table, context, row, device, &row->price.devices[d]);
    }
    write_device(table, context, row, "all", &row->price.all);
}

static void add_measured(struct table_fields *fields,
                         const struct schedule_row *row)
{
    const struct samples *s = &row->measured.samples;
    double bubble = samples_median(s, FIGURE_BUBBLE);
    add_share(fields, "bubble_measured", bubble);
    add_real(fields, "difference_points",
             100 * (bubble - row->price.all.time.bubble));
    add_share(fields, "bubble_virtual",
              samples_median(s, FIGURE_BUBBLE_VIRTUAL));
    add_step(fields, s);
    add_share(fields, "bound_share",
              row->bound_ns / samples_median(s, FIGURE_STEP_NS));
    add_wrong(fields, row->measured.wrong);
}

void schedule_table_row(struct table *table,
                        const struct schedule_context *context,
                        const struct schedule_row *row)
{
    struct table_fields fields = {0};
    char costs[COSTS_BYTES];
    add_wanted(&fields, context, costs);
    add_sizes(&fields, context, row);
    add_share(&fields, "bubble_formula", row->price.formula);
    add_share(&fields, "bubble_simulated", row->price.all.time.bubble);
    if (row->is_measured)
        add_measured(&fields, row);
    add_share(&fields, "bubble_span", span_bubble(&row->price));
    add_integer(&fields, "makespan_ns", row->price.all.time.makespan_ns);
    add_integer(&fields, "span_ns", row->price.all.time.span_ns);
    add_real(&fields, "peak_activations", row->price.all.activations);
    add_real(&fields, "peak_inner", row->price.all.inner);
    add_integer(&fields, "weight_versions", row->price.all.versions);
    add_real(&fields, "parameters", row->price.all.parameters);
    table_row(table, fields.of, fields.n);
}
