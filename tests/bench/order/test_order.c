/* The order of a pipeline's work, as options. */
#include "bench/order/order.h"

#include <math.h>

#include "support/runner.h"

START_TEST(a_pipeline_is_told_all_of_the_options)
{
    const struct order_options options = {
        .schedule = "eager-1f1b",
        .remat = SLUICE_REMAT_ALWAYS,
        .backward_order = SLUICE_IN_ORDER,
        .capacity = 3,
        .join_weights = true,
        .gemm = "plain",
        .generated = {.chunks = 4,
                      .group = 5,
                      .warm_up = 6,
                      .slices = 7,
                      .vertical_sync = true},
    };
    sluice_pipeline_config config = {0};
    order_apply(&options, &config);
    ck_assert_str_eq(config.schedule.name, "eager-1f1b");
    ck_assert_int_eq(config.remat, SLUICE_REMAT_ALWAYS);
    ck_assert_int_eq(config.schedule.backward_order, SLUICE_IN_ORDER);
    ck_assert_int_eq(config.queue_capacity, 3);
    ck_assert(config.join_weights);
    ck_assert_str_eq(config.gemm, "plain");
    ck_assert_int_eq(config.schedule.chunks, 4);
    ck_assert_int_eq(config.schedule.group, 5);
    ck_assert_int_eq(config.schedule.warm_up, 6);
    ck_assert_int_eq(config.schedule.slices, 7);
    ck_assert(config.schedule.vertical_sync);
}
END_TEST

static const struct option_row *row_of(const char *name)
{
    for (const struct option_row *o = order_generator_options; o->name; o++)
        if (!strcmp(o->name, name))
            return o;
    return NULL;
}

START_TEST(every_option_of_every_generator_is_on_the_command_line)
{
    for (int i = 0; sluice_schedule_generator(i); i++) {
        int n;
        const sluice_schedule_option *options = sluice_schedule_options(i, &n);
        for (int k = 0; k < n; k++) {
            char help[OPTION_HELP];
            const struct option_row *row = row_of(options[k].name);
            ck_assert_ptr_nonnull(row);
            ck_assert_uint_eq(row->offset,
                              offsetof(struct order_options, generated) +
                                  options[k].offset);
            ck_assert_int_eq(!row->argument, options[k].is_flag);
            option_help(row, help);
            ck_assert_msg(strstr(help, sluice_schedule_generator(i)),
                          "--%s: \"%s\"", row->name, help);
        }
    }
}
END_TEST

/* Take a chosen number, or a flag, for a generator. */
static sluice_status check_option(const char *generator, const char *name)
{
    struct order_options order = ORDER_DEFAULTS;
    order.schedule = generator;
    ck_assert_int_eq(option_read(row_of(name), "3", &order, NULL), SLUICE_OK);
    ck_assert(order_gives(&order, name));
    return order_check(&order, NULL);
}

START_TEST(an_option_is_refused_by_generators_that_do_not_read_it)
{
    for (int i = 0; sluice_schedule_generator(i); i++)
        for (const struct option_row *o = order_generator_options; o->name;
             o++) {
            int n;
            bool reads = false;
            const sluice_schedule_option *options =
                sluice_schedule_options(i, &n);
            for (int k = 0; k < n; k++)
                reads = reads || !strcmp(options[k].name, o->name);
            ck_assert_int_eq(
                check_option(sluice_schedule_generator(i), o->name),
                reads ? SLUICE_OK : SLUICE_INVALID);
        }
}
END_TEST

START_TEST(standards_of_the_rows_are_those_of_an_initializer)
{
    const struct order_options want = ORDER_DEFAULTS;
    struct order_options have = {0};
    for (const struct option_row *o = order_options; o->name; o++)
        ck_assert(!o->standard || !option_read(o, o->standard, &have, NULL));
    ck_assert_str_eq(have.schedule, want.schedule);
    ck_assert_int_eq(have.remat, want.remat);
    ck_assert_int_eq(have.backward_order, want.backward_order);
    ck_assert_int_eq(have.capacity, want.capacity);
}
END_TEST

/* Of 4 devices and 8 micro-batches. */
static double bubble_of(const char *schedule, int remat)
{
    struct order_options order = ORDER_DEFAULTS;
    order.schedule = schedule;
    order.remat = remat;
    return order_bubble(&order, 4, 8);
}

START_TEST(the_bubble_is_that_of_the_schedule)
{
    int never = SLUICE_REMAT_NEVER;
    ck_assert_double_eq_tol(bubble_of("gpipe", never), 3.0 / 11, 1e-12);
    ck_assert_double_eq_tol(bubble_of("interleaved-1f1b", never), 1.5 / 9.5,
                            1e-12);
    ck_assert_double_eq_tol(bubble_of("zb-h1", never), 1.0 / 9, 1e-12);
    ck_assert(isnan(bubble_of("pipedream", never)));
    ck_assert(isnan(bubble_of("auto", never)));
    ck_assert(isnan(bubble_of("./file.csv", never)));
    ck_assert(isnan(bubble_of("gpipe", SLUICE_REMAT_ALWAYS)));
}
END_TEST

SLUICE_TEST_MAIN("bench.order", the_bubble_is_that_of_the_schedule,
                 every_option_of_every_generator_is_on_the_command_line,
                 an_option_is_refused_by_generators_that_do_not_read_it,
                 standards_of_the_rows_are_those_of_an_initializer,
                 a_pipeline_is_told_all_of_the_options)
