/*
 * The pieces of a text that GPT-2 encodes one by one:
 *
 *     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|
 *     \s+(?!\S)|\s+
 *
 * (encoder.py of OpenAI's gpt-2.)  A byte that is no UTF-8 counts as a
 * character of the class "other".
 *
 * Threads: any; no state.
 */
#ifndef SL_DATA_TEXT_PRE_TOKEN_H
#define SL_DATA_TEXT_PRE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The length of the piece that text[n] begins with, n >= 1.  0: that is not
 * known before more of the text is there; not if `is_last`.
 */
size_t sl_pre_token(const char *text, size_t n, bool is_last);

#endif
