/* The table of `sluice-bench roofline`.  The main thread. */
#include "bench/roofline/roofline_table.h"

#include "bench/roofline/peak.h"

static void add_giga(struct table_fields *fields, const char *name,
                     double per_second)
{
    add_real(fields, name, per_second / 1e9);
}

static void add_machine(struct table_fields *fields,
                        const struct machine *machine)
{
    add_giga(fields, "fma_alone_gflops", machine->flops_alone);
    add_giga(fields, "fma_gflops", machine->flops_together);
    add_giga(fields, "memory_alone_gb_s", machine->memory_alone);
    add_giga(fields, "memory_gb_s", machine->memory_together);
}

static void add_bound(struct table_fields *fields, const struct bound *bound)
{
    add_giga(fields, "products_alone_gflops", bound->products_alone);
    add_giga(fields, "products_gflops", bound->products_together);
    add_giga(fields, "elements_gb_s", bound->bandwidth);
    add_giga(fields, "update_gb_s", bound->bandwidth_update);
    add_integer(fields, "products_ns", (int64_t)bound->products_ns);
    add_integer(fields, "elements_ns", (int64_t)bound->elements_ns);
    add_integer(fields, "update_ns", (int64_t)bound->update_ns);
    add_share(fields, "bubble_bound", bound->bubble);
    add_integer(fields, "bound_ns", (int64_t)bound->step_ns);
}

void roofline_table_row(void *context, const struct roofline_row *row)
{
    struct roofline_table *table = context;
    const struct roofline_config *config = table->config;
    const struct samples *s = &row->measured.samples;
    struct table_fields fields = {0};
    add_environment(&fields, table->env);
    order_context(&config->order, &fields);
    add_word(&fields, "model", config->model);
    run_context(&config->run, &fields);
    add_word(&fields, "fma_instructions", peak_instructions());
    add_key(&fields, "devices", row->devices);
    add_key(&fields, "microbatches", row->microbatches);
    add_key(&fields, "batch", row->batch);
    add_machine(&fields, &row->machine);
    add_bound(&fields, &row->bound);
    add_step(&fields, s);
    add_share(&fields, "bound_share", row->share);
    add_text(&fields, "gemm_used", row->measured.gemm);
    add_integer(&fields, "wrong", row->measured.wrong);
    table_row(&table->table, fields.of, fields.n);
    table->wrong += row->measured.wrong;
}
