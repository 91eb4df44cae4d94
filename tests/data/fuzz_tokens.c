/* Any bytes as a file of tokens. */
#include "fuzz.h"

#include "data/text/text.h"

static sluice_status parse(struct sl_source *source, size_t n,
                           const sluice_allocator *allocator, sluice_diag *why)
{
    sluice_text *text = NULL;
    sluice_status st = sl_token_file_parse(source, allocator, &text, why);
    if (st == SLUICE_OK) {
        fuzz_require(text->n >= 2 && text->n * text->width <= n);
        for (size_t i = 0; i < text->n; i++)
            fuzz_require(sluice_text_token(text, (int64_t)i) <
                         sluice_text_vocabulary(text));
    } else {
        fuzz_require(!text);
    }
    sluice_text_destroy(text);
    sl_source_close(source);
    return st;
}

const struct fuzz_parser fuzz_parser = {SL_PLAIN, parse};
