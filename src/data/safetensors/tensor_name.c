/* Names of tensors.  Any thread; no state. */
#include "data/safetensors/tensor_name.h"

#include <string.h>

#include <sluice/dataset.h>

bool sl_tensor_name_is_plain(const char *name)
{
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "abcdefghijklmnopqrstuvwxyz0123456789_.-");
    return n > 0 && n < SLUICE_TENSOR_NAME && !name[n];
}
