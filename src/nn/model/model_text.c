/* A model's text while it is read.  The thread that builds the model. */
#include "nn/model/model_text.h"

#include <sluice/model.h>

const char sl_size_text[] = "a size from 1 to 2147483647";

sluice_status sl_text_refuse(const struct sl_model_text *in,
                             const char *expected)
{
    return sluice_diag_set(in->why, SLUICE_INVALID,
                           "model \"%.80s\": expected %s at position %d, "
                           "counted from 0",
                           in->text, expected, (int)(in->at - in->text));
}

bool sl_text_skip(struct sl_model_text *in, char c)
{
    if (*in->at != c)
        return false;
    in->at++;
    return true;
}

sluice_status sl_text_number(struct sl_model_text *in, int64_t max,
                             const char *expected, int64_t *out)
{
    int64_t n = 0;
    const char *at = in->at;
    for (; *at >= '0' && *at <= '9' && n <= max; at++)
        n = n * 10 + (*at - '0');
    if (n < 1 || n > max)
        return sl_text_refuse(in, expected);
    in->at = at;
    *out = n;
    return SLUICE_OK;
}

sluice_status sl_text_times(struct sl_model_text *in, int64_t *times)
{
    *times = 1;
    if (!sl_text_skip(in, 'x'))
        return SLUICE_OK;
    return sl_text_number(in, SLUICE_MODEL_MAX_LAYERS,
                          "a number of layers from 1 to 65536", times);
}

bool sl_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool sl_is_value_char(char c)
{
    return sl_is_name_char(c) || c == '-' || c == '+' || c == '.';
}

void sl_text_skip_blanks(struct sl_model_text *in)
{
    while (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' ||
           *in->at == '\r')
        in->at++;
}

bool sl_text_take(struct sl_model_text *in, char c)
{
    sl_text_skip_blanks(in);
    if (!sl_text_skip(in, c))
        return false;
    sl_text_skip_blanks(in);
    return true;
}

struct sl_span sl_text_span(struct sl_model_text *in, bool (*is)(char c))
{
    struct sl_span span = {in->at, 0};
    while (is(*in->at))
        in->at++;
    span.n = (size_t)(in->at - span.at);
    return span;
}
