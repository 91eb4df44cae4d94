/*
 * One tensor in the header of a safetensors file: a JSON object of dtype, shape
 * and data_offsets.
 *
 * Threads: any.
 */
#ifndef SL_DATA_SAFETENSORS_TENSOR_ENTRY_H
#define SL_DATA_SAFETENSORS_TENSOR_ENTRY_H

#include <sluice/dataset.h>

#include "base/text/json_reader.h"

#include "data/formats/byte_source.h"
#include "data/formats/encoding.h"

struct sl_tensor_entry {
    const char *name;
    const struct sl_encoding *encoding;
    sluice_shape shape;
    uint64_t begin, end; /* of its bytes, from the start of the data */
};

/* A header that is being parsed, and where to complain. */
struct sl_header_text {
    const struct sl_source *source;
    uint64_t start; /* its place in the source */
    sluice_diag *why;
};

/*
 * Take the value that comes next, of text known to be JSON, into an entry whose
 * name is set.
 *
 * Returns  SLUICE_OK; SLUICE_FORMAT unless it has exactly the three fields and
 *          their sizes agree.
 */
sluice_status sl_tensor_parse(const struct sl_header_text *header,
                              struct sl_json *json,
                              struct sl_tensor_entry *out);

/*
 * Say what is wrong with a tensor: the sentence tells where the header is and
 * names the tensor.
 *
 * Returns  SLUICE_FORMAT.
 */
sluice_status sl_tensor_bad(const struct sl_header_text *header,
                            const char *name, const char *what);

#endif
