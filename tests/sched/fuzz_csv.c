/* Any bytes as the CSV of a schedule, for libFuzzer. */
#include "sched/csv_promises.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    csv_one((const char *)data, n);
    return 0;
}
