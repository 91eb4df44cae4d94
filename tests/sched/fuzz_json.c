/* Any bytes as the JSON of a schedule, for libFuzzer. */
#include "sched/json_promises.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    json_one((const char *)data, n);
    return 0;
}
