/* Any bytes as the text of a model, for libFuzzer. */
#include "nn/model/model_promises.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Layers by the thousand are slow and show nothing new. */
static bool is_large(const char *text)
{
    size_t digits = 0, most = 0;
    for (; *text; text++) {
        digits = *text >= '0' && *text <= '9' ? digits + 1 : 0;
        most = digits > most ? digits : most;
    }
    return most > 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char text[256];
    if (n >= sizeof text)
        return 0;
    memcpy(text, data, n);
    text[n] = '\0';
    if (!is_large(text))
        promise_model(text);
    return 0;
}
