/* Any bytes as a safetensors file, of which every tensor is read. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "data/safetensors/safetensors.h"

static void read_tensor(sluice_safetensors *file, int i, size_t n)
{
    sluice_shape shape;
    const char *name = sluice_safetensors_name(file, i, &shape);
    fuzz_require(strlen(name) > 0 && strlen(name) < SLUICE_TENSOR_NAME);
    int64_t elements = sluice_shape_elements(&shape);
    fuzz_require(elements > 0 && (size_t)elements <= n);
    float *values = malloc((size_t)elements * sizeof *values);
    fuzz_require(values != NULL);
    sluice_status st =
        sluice_safetensors_read(file, name, values, elements, NULL);
    fuzz_require(st == SLUICE_OK || st == SLUICE_FORMAT);
    fuzz_require(sluice_safetensors_read(file, name, values, elements - 1,
                                         NULL) == SLUICE_INVALID);
    free(values);
}

static sluice_status parse(struct sl_source *source, size_t n,
                           const sluice_allocator *allocator, sluice_diag *why)
{
    sluice_safetensors *file = NULL;
    sluice_status st = sl_safetensors_parse(source, 0, allocator, &file, why);
    if (st) {
        fuzz_require(!file);
        sl_source_close(source);
        return st;
    }
    for (int i = 0; i < sluice_safetensors_count(file); i++)
        read_tensor(file, i, n);
    sluice_safetensors_close(file);
    return SLUICE_OK;
}

const struct fuzz_parser fuzz_parser = {SL_PLAIN, parse};
