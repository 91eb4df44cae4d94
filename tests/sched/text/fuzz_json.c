/* Any bytes as the JSON of a schedule, for libFuzzer. */
#include "sched/promises.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    promise_one(&json_form, (const char *)data, n);
    return 0;
}
