/* The table of `sluice-bench bubble`.  The main thread. */
#include "bench/bubble/bubble_table.h"

static void add_results(struct table_fields *fields,
                        const struct bubble_row *row)
{
    const struct samples *s = &row->measured.samples;
    double step_ns = samples_median(s, FIGURE_STEP_NS);
    double virtual_ns = samples_median(s, FIGURE_VIRTUAL_NS);
    double bubble = samples_median(s, FIGURE_BUBBLE);
    add_step(fields, s);
    add_share(fields, "bubble_measured", bubble);
    add_share(fields, "bubble_formula", row->formula);
    add_real(fields, "difference_points", 100 * (bubble - row->formula));
    add_share(fields, "bubble_virtual",
              samples_median(s, FIGURE_BUBBLE_VIRTUAL));
    add_integer(fields, "step_virtual_ns", (int64_t)virtual_ns);
    add_real(fields, "clocks_percent", 100 * (virtual_ns / step_ns - 1));
    add_real(fields, "rows_per_s", 1e9 * (double)row->batch / step_ns);
    add_real(fields, "speedup", row->speedup);
    add_share(fields, "bound_share", row->bound_ns / step_ns);
}

/* From process to process. */
static void add_hand_off(struct table_fields *fields,
                         const struct bubble_config *config,
                         const struct bubble_row *row)
{
    add_integer(fields, "processes", sluice_world_size(config->run.world));
    add_integer(fields, "item_bytes", row->measured.item_bytes);
    add_real(fields, "hand_off_ns", row->hand_off_ns);
    add_real(fields, "raw_ns", row->raw_ns);
    add_real(fields, "hand_off_ratio", row->hand_off_ns / row->raw_ns);
}

void bubble_table_row(void *context, const struct bubble_row *row)
{
    struct bubble_table *table = context;
    const struct bubble_config *config = table->config;
    struct table_fields fields = {0};
    add_environment(&fields, table->env);
    order_context(&config->order, &fields);
    add_word(&fields, "model", config->cell_ns ? "timed cells" : config->model);
    add_shared(&fields, "cell_ns", config->cell_ns);
    run_context(&config->run, &fields);
    add_key(&fields, "devices", row->devices);
    add_key(&fields, "team", row->team);
    add_key(&fields, "microbatches", row->microbatches);
    add_key(&fields, "batch", row->batch);
    add_results(&fields, row);
    if (config->run.world)
        add_hand_off(&fields, config, row);
    add_text(&fields, "gemm_used", row->measured.gemm);
    add_wrong(&fields, row->measured.wrong);
    table_row(&table->table, fields.of, fields.n);
    if (row->measured.wrong > 0)
        table->wrong += row->measured.wrong;
}
