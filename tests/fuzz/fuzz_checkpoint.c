/* Any bytes as a checkpoint: the safetensors header, and in its metadata the
 * numbers of the training. */
#include "text_target.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoint/run_state.h"
#include "data/formats/byte_source.h"
#include "data/safetensors/checksum.h"
#include "data/safetensors/safetensors.h"

/* Numbers that were read are written as texts that mean the same. */
static void write_again(const struct sl_run_state *state)
{
    struct sl_metadata_pair pairs[SL_N_RUN_NUMBERS];
    struct sl_run_text texts[SL_N_RUN_NUMBERS];
    sl_run_state_write(state, pairs, texts);
    for (int i = 0; i < SL_N_RUN_NUMBERS; i++)
        text_require(strlen(texts[i].text) > 0);
    text_require(state->epoch >= 0 && state->rows_done >= 0 &&
                 state->correct >= 0 && state->was_tested <= 1);
}

/* Make the header's checksum right, for what lies behind it. */
static void correct(char *bytes, size_t n)
{
    enum { LENGTH = 8 };
    static const char start[] = SL_CHECKSUM_START;
    char digits[SL_CHECKSUM_TEXT];
    uint64_t length = 0;
    for (int i = 0; i < LENGTH && n > LENGTH; i++)
        length |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
    if (n <= LENGTH || length > n - LENGTH ||
        !sl_checksum_is_there(bytes + LENGTH, (size_t)length))
        return;
    sl_checksum_text(sl_checksum_header(bytes + LENGTH, (size_t)length),
                     digits);
    memcpy(bytes + LENGTH + sizeof start - 1, digits, SL_CHECKSUM_DIGITS);
}

static sluice_status parse_bytes(const char *text, size_t n,
                                 const sluice_allocator *allocator,
                                 sluice_diag *why)
{
    struct sl_source *source = NULL;
    sluice_safetensors *file = NULL;
    struct sl_run_state state;
    text_require(!sl_source_open_memory("input", text, n, SL_PLAIN, allocator,
                                        &source, why));
    sluice_status st = sl_safetensors_parse(source, 0, allocator, &file, why);
    if (st) {
        sl_source_close(source);
        return st;
    }
    st = sl_run_state_read(&state, file, "input", why);
    if (!st)
        write_again(&state);
    sluice_safetensors_close(file);
    return st;
}

static sluice_status parse(const char *text, size_t n,
                           const sluice_allocator *allocator, sluice_diag *why)
{
    char *corrected = malloc(n + !n);
    text_require(corrected != NULL);
    memcpy(corrected, text, n);
    correct(corrected, n);
    sluice_status st = parse_bytes(corrected, n, allocator, why);
    free(corrected);
    return st;
}

const struct text_target text_target = {parse, 2, 1 << 20};
