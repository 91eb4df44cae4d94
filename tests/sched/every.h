/* Every generator's schedules, for passes to work on. */
#ifndef SL_TEST_SCHED_EVERY_H
#define SL_TEST_SCHED_EVERY_H

#include <stdio.h>
#include <string.h>

#include <check.h>

#include <sluice/schedule.h>

enum { EVERY_TEXT = 1 << 16, EVERY_DEVICES = 6 };

struct every {
    const char *name;
    int devices;
    int microbatches;
    int capacity; /* enough for the schedule to run */
    const sluice_schedule *schedule;
};

static inline sluice_status every_verify(const sluice_schedule *schedule,
                                         int capacity,
                                         sluice_device_facts *facts,
                                         sluice_diag *why)
{
    const sluice_verify_config config = {.queue_capacity = capacity};
    return sluice_schedule_verify(schedule, &config, facts, why);
}

static inline void assert_runs_too(const struct every *of,
                                   const sluice_schedule *passed,
                                   sluice_device_facts *facts)
{
    sluice_diag why = {.text = ""};
    ck_assert_msg(!every_verify(passed, of->capacity, facts, &why),
                  "%s, K %d, M %d, capacity %d: %s", of->name, of->devices,
                  of->microbatches, of->capacity, why.text);
}

static inline void assert_same(const sluice_schedule *a,
                               const sluice_schedule *b)
{
    static char left[EVERY_TEXT], right[EVERY_TEXT];
    ck_assert_uint_lt(sluice_schedule_format(a, left, sizeof left),
                      sizeof left);
    sluice_schedule_format(b, right, sizeof right);
    ck_assert_str_eq(left, right);
}

/* Call `with` for every schedule that trains, is not refused, and runs with the
 * smallest of the capacities 1, 2, 4 ... that carry it.  Returns how many. */
static inline int for_every(void (*with)(const struct every *of))
{
    int n = 0;
    for (int i = 0; sluice_schedule_generator(i); i++)
        for (int k = 1; k <= EVERY_DEVICES; k++)
            for (int m = 1; m <= 13; m += 2) {
                struct every of = {sluice_schedule_generator(i), k, m, 1, NULL};
                sluice_schedule *schedule;
                const sluice_schedule_config config = {
                    .name = of.name, .devices = k, .microbatches = m};
                if (sluice_schedule_generate(&config, &schedule, NULL))
                    continue;
                while (of.capacity < m &&
                       every_verify(schedule, of.capacity, NULL, NULL))
                    of.capacity *= 2;
                of.schedule = schedule;
                if (!every_verify(schedule, of.capacity, NULL, NULL)) {
                    with(&of);
                    n++;
                }
                sluice_schedule_destroy(schedule);
            }
    return n;
}

static inline sluice_schedule *every_make(const char *name, int k, int m)
{
    sluice_schedule *schedule = NULL;
    const sluice_schedule_config config = {
        .name = name, .devices = k, .microbatches = m};
    ck_assert_int_eq(sluice_schedule_generate(&config, &schedule, NULL),
                     SLUICE_OK);
    return schedule;
}

static inline void assert_text(const sluice_schedule *schedule,
                               const char *want)
{
    char text[4096];
    sluice_schedule_format(schedule, text, sizeof text);
    ck_assert_str_eq(text, want);
}

#endif
