/* Windows of a text as the rows of a data set.  Any thread; const. */
#include <sluice/text.h>

#include <inttypes.h>

#include "base/memory.h"
#include "data/sets/dataset.h"
#include "data/text/text.h"

static sluice_status check(const sluice_text *text, int64_t first, int64_t n,
                           int64_t context, sluice_diag *why)
{
    int64_t length = (int64_t)text->n;
    if (first < 0 || n < 0 || first > length || n > length - first)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%" PRId64 " tokens from %" PRId64 " on, of a "
                               "text that has %" PRId64,
                               n, first, length);
    if (context < 1 || context >= n)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "windows of %" PRId64 " tokens in %" PRId64
                               ": a window has at least one, and one behind "
                               "it; give a shorter context or more text",
                               context, n);
    return SLUICE_OK;
}

static int32_t vocabulary_of(const sluice_text *text, int64_t first, int64_t n)
{
    int32_t vocabulary = 0;
    for (int64_t i = first; i < first + n; i++) {
        int32_t token = sluice_text_token(text, i);
        if (token >= vocabulary)
            vocabulary = token + 1;
    }
    return vocabulary;
}

sluice_status sluice_dataset_windows(const sluice_text *text, int64_t first,
                                     int64_t n, int64_t context,
                                     const sluice_allocator *allocator,
                                     sluice_dataset **out, sluice_diag *why)
{
    sluice_status st = check(text, first, n, context, why);
    if (st)
        return st;
    sluice_dataset *dataset = sl_alloc(allocator, 1, sizeof *dataset);
    if (!dataset)
        return sl_no_memory(why, "a data set");
    int64_t places = n - context;
    *dataset = (sluice_dataset){
        .allocator = allocator,
        .text = text,
        .first = first,
        .places = places,
        .features = {.type = SLUICE_I32},
        .targets = {.type = SLUICE_I32},
        .n_rows = places < context ? 1 : places / context,
        .type = SLUICE_I32,
        .row = (size_t)context,
        .target_bytes = (size_t)context * sizeof(int32_t),
        .classes = vocabulary_of(text, first, n),
        .scale = 1,
        .deviation = 1,
    };
    *out = dataset;
    return SLUICE_OK;
}

int64_t sl_windows_slack(const sluice_dataset *dataset)
{
    int64_t context = (int64_t)dataset->row;
    return dataset->places < context ? dataset->places : context;
}

void sl_windows_place(const sluice_dataset *dataset, int64_t start,
                      int64_t *index)
{
    for (int64_t i = 0; i < dataset->n_rows; i++)
        index[i] = start + index[i] * (int64_t)dataset->row;
}

void sl_windows_gather(const sluice_dataset *dataset, const int64_t *index,
                       int64_t n, int32_t *x, int32_t *targets)
{
    size_t row = dataset->row;
    for (int64_t i = 0; i < n; i++) {
        size_t at = (size_t)(dataset->first + index[i]);
        if (x)
            sl_text_copy(dataset->text, at, row, x + (size_t)i * row);
        if (targets)
            sl_text_copy(dataset->text, at + 1, row, targets + (size_t)i * row);
    }
}
