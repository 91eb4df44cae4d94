/* The table of `sluice-bench bubble`.  The main thread. */
#include "bench/bubble_table.h"

#include "bench/choice.h"

static struct table_field word(const char *name, const char *value)
{
    return (struct table_field){
        .name = name, .kind = TABLE_TEXT, .context = true, .text = value};
}

static struct table_field shared(const char *name, int64_t value)
{
    return (struct table_field){
        .name = name, .kind = TABLE_INTEGER, .context = true, .integer = value};
}

static struct table_field integer(const char *name, int64_t value)
{
    return (struct table_field){
        .name = name, .kind = TABLE_INTEGER, .integer = value};
}

static struct table_field real(const char *name, double value)
{
    return (struct table_field){
        .name = name, .kind = TABLE_REAL, .real = value};
}

void bubble_table_row(void *context, const struct bubble_row *row)
{
    struct bubble_table *table = context;
    const struct bubble_config *config = table->config;
    const struct order_options *order = &config->order;
    const struct environment *env = table->env;
    const struct measurement *m = &row->measured;
    const struct table_field fields[] = {
        word("version", env->version),
        word("commit", env->commit),
        word("cpu", env->cpu),
        shared("cores", env->cores),
        word("blas_core", env->blas_core),
        word("schedule", order->schedule),
        word("remat", choice_name(remat_choices, order->remat)),
        word("backward_order",
             choice_name(backward_order_choices, order->backward_order)),
        shared("capacity", order->capacity),
        word("model", config->cell_ns ? "timed cells" : config->model),
        shared("cell_ns", config->cell_ns),
        shared("seed", (int64_t)config->seed),
        shared("warmup", config->warmup),
        shared("repetitions", config->repetitions),
        integer("devices", row->devices),
        integer("microbatches", row->microbatches),
        integer("batch", row->batch),
        integer("step_ns", m->step_ns),
        integer("step_min_ns", m->step_min_ns),
        integer("step_max_ns", m->step_max_ns),
        real("bubble_measured", m->bubble),
        real("bubble_formula", row->formula),
        real("difference_points", 100 * (m->bubble - row->formula)),
        real("rows_per_s", 1e9 * (double)row->batch / (double)m->step_ns),
        real("speedup", row->speedup),
        integer("wrong", m->wrong),
    };
    table_row(&table->table, fields, sizeof fields / sizeof *fields);
    table->wrong += m->wrong;
}
