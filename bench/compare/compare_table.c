/* The table of `sluice-bench compare`.  The main thread. */
#include "bench/compare/compare_table.h"

static void add_keys(struct table_fields *fields,
                     const struct compare_config *config,
                     const struct compare_row *row)
{
    add_key_word(fields, "layout", row->layout);
    add_key(fields, "devices", row->places * row->replicas * row->team);
    add_key(fields, "places", row->places);
    add_key(fields, "replicas", row->replicas);
    add_key(fields, "team", row->team);
    add_key(fields, "zero", row->zero);
    add_key(fields, "processes", row->processes);
    add_key(fields, "microbatches", row->microbatches);
    add_key(fields, "batch", config->batch);
}

/* With a core for each device the wall clock tells the parts; else a part
 * includes the time in which other devices had the core, and the virtual clock
 * must. */
static void add_parts(struct table_fields *fields,
                      const struct compare_row *row, int cores)
{
    bool wall = row->places * row->replicas * row->team <= cores;
    int parts = wall ? FIGURE_PARTS : FIGURE_PARTS_VIRTUAL;
    add_text(fields, "parts_clock", wall ? "wall" : "virtual");
    for (int p = 0; p < N_PARTS; p++)
        add_integer(fields, part_names[p],
                    (int64_t)samples_median(&row->measured.samples, parts + p));
}

static void add_speed(struct table_fields *fields,
                      const struct compare_row *row)
{
    double devices = row->places * row->replicas * row->team;
    add_real(fields, "speedup", row->speedup);
    add_share(fields, "efficiency", row->speedup / devices);
    add_integer(
        fields, "step_virtual_ns",
        (int64_t)samples_median(&row->measured.samples, FIGURE_VIRTUAL_NS));
    add_real(fields, "speedup_virtual", row->speedup_virtual);
    add_share(fields, "efficiency_virtual", row->speedup_virtual / devices);
    add_share(fields, "bound_share",
              row->bound_ns /
                  samples_median(&row->measured.samples, FIGURE_STEP_NS));
}

static void add_memory(struct table_fields *fields,
                       const struct compare_row *row)
{
    const struct measurement *m = &row->measured;
    int64_t parameters = row->deepest * row->width * (row->width + 1);
    add_integer(fields, "planned_bytes", (int64_t)m->planned_bytes);
    add_integer(fields, "actual_bytes", (int64_t)m->actual_bytes);
    add_integer(fields, "boundary_bytes", (int64_t)m->boundary_bytes);
    add_integer(fields, "reduce_bytes", (int64_t)m->reduce_bytes);
    add_integer(fields, "sent_bytes", (int64_t)m->sent_bytes);
    add_integer(fields, "sent_formula", (int64_t)m->sent_formula);
    add_integer(fields, "team_bytes", (int64_t)row->team_traffic.read_bytes);
    add_integer(fields, "megatron_bytes",
                (int64_t)row->team_traffic.megatron_bytes);
    add_integer(fields, "state_bytes", (int64_t)m->state_bytes);
    add_integer(fields, "zero_bytes", (int64_t)row->zero_bytes);
    add_integer(fields, "largest_layers", row->deepest);
    add_integer(fields, "largest_parameters", parameters);
}

void compare_table_row(void *context, const struct compare_row *row)
{
    struct compare_table *table = context;
    const struct compare_config *config = table->config;
    struct table_fields fields = {0};
    add_environment(&fields, table->env);
    order_context(&config->order, &fields);
    add_word(&fields, "model", config->model);
    add_shared(&fields, "cap_bytes", (int64_t)config->cap_bytes);
    run_context(&config->run, &fields);
    add_keys(&fields, config, row);
    add_step(&fields, &row->measured.samples);
    add_speed(&fields, row);
    add_parts(&fields, row, table->env->cores);
    add_memory(&fields, row);
    add_text(&fields, "gemm_used", row->measured.gemm);
    add_wrong(&fields, row->measured.wrong);
    table_row(&table->table, fields.of, fields.n);
    if (row->measured.wrong > 0)
        table->wrong += row->measured.wrong;
}
