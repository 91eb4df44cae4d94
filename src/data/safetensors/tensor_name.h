/* Which names tensors in a file may have.  Any thread; no state. */
#ifndef SL_DATA_SAFETENSORS_TENSOR_NAME_H
#define SL_DATA_SAFETENSORS_TENSOR_NAME_H

#include <stdbool.h>

/* Whether a name is 1 to 255 letters, digits, '_', '.' and '-'. */
bool sl_tensor_name_is_plain(const char *name);

#endif
