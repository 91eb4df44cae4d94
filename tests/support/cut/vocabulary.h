/* Schedules with a cut vocabulary. */
#ifndef SL_TEST_CUT_VOCABULARY_H
#define SL_TEST_CUT_VOCABULARY_H

#include <check.h>
#include <sluice/schedule_passes.h>

/* The schedule of that name, its vocabulary cut. */
static inline sluice_schedule *
sl_test_vocabulary(const char *name, int devices, int microbatches,
                   const sluice_vocabulary_config *config)
{
    sluice_schedule *plain, *cut = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_int_eq(
        sluice_schedule_generate(
            &(sluice_schedule_config){
                .name = name, .devices = devices, .microbatches = microbatches},
            &plain, NULL),
        SLUICE_OK);
    sluice_status st = sluice_schedule_vocabulary(plain, config, &cut, &why);
    ck_assert_msg(!st, "%s on %d devices, %d micro-batches: %s", name, devices,
                  microbatches, why.text);
    sluice_schedule_destroy(plain);
    return cut;
}

#endif
