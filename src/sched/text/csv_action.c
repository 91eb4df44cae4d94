/* An action as a CSV writes it. */
#include "sched/text/csv_action.h"

#include <string.h>

#include <sluice/schedule.h>

static const struct word {
    const char *text;
    enum sl_csv_type type;
    bool numbered; /* a micro-batch follows */
} words[] = {
    {"F", SL_CSV_F, true},
    {"B", SL_CSV_B, true},
    {"I", SL_CSV_I, true},
    {"W", SL_CSV_W, true},
    {"R", SL_CSV_R, true},
    {"S", SL_CSV_S, true},
    {"T", SL_CSV_T, true},
    {"UPDATE", SL_CSV_UPDATE, false},
    {"BW", SL_CSV_BW, true},
    {"SEND_F", SL_CSV_SEND_F, true},
    {"RECV_F", SL_CSV_RECV_F, true},
    {"SEND_B", SL_CSV_SEND_B, true},
    {"RECV_B", SL_CSV_RECV_B, true},
    {"UNSHARD", SL_CSV_UNSHARD, false},
    {"RESHARD", SL_CSV_RESHARD, false},
    {"REDUCE_GRAD", SL_CSV_REDUCE_GRAD, false},
};

/* Take a number below `limit`; -1 if there is none. */
static int take_number(struct sl_csv_text *text, int limit)
{
    int n = 0;
    const char *start = text->at;
    for (; text->at < text->end && *text->at >= '0' && *text->at <= '9';
         text->at++) {
        n = n * 10 + (*text->at - '0');
        if (n >= limit)
            return -1;
    }
    return text->at > start ? n : -1;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/* Take all letters that come: they are one of the words, or NULL. */
static const struct word *take_word(struct sl_csv_text *text)
{
    const char *start = text->at;
    while (text->at < text->end && is_letter(*text->at))
        text->at++;
    size_t n = (size_t)(text->at - start);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].text) == n && !memcmp(words[i].text, start, n))
            return &words[i];
    return NULL;
}

/* "@3", the version of the weights, behind an action that uses or makes some.
 * Returns NULL, or what is wrong with it. */
static const char *take_version(struct sl_csv_text *text,
                                struct sl_csv_action *action)
{
    if (text->at == text->end || *text->at != '@')
        return NULL;
    if (action->type >= SL_CSV_SEND_F)
        return "this action names no version of the weights: remove "
               "\"@\" and what is behind it";
    text->at++;
    action->version = take_number(text, SLUICE_MAX_MICROBATCHES + 2);
    return action->version > 0
               ? NULL
               : "after \"@\" comes a version of the weights, from 1";
}

const char *sl_csv_action_parse(struct sl_csv_text text,
                                struct sl_csv_action *action)
{
    *action = (struct sl_csv_action){.microbatch = -1};
    action->stage = take_number(&text, SLUICE_MAX_STAGES);
    if (action->stage < 0)
        return "an action begins with its stage, 0 to 4095";
    const struct word *word = take_word(&text);
    if (!word)
        return "no action has this name: there are F, B, I, W, R, S, T, "
               "UPDATE, SEND_F, RECV_F, SEND_B, RECV_B, UNSHARD, RESHARD and "
               "REDUCE_GRAD, and BW in the old dialect";
    action->type = word->type;
    if (word->numbered) {
        action->microbatch = take_number(&text, SLUICE_MAX_MICROBATCHES);
        if (action->microbatch < 0)
            return "this action needs a micro-batch, 0 to 65535";
    }
    const char *wrong = take_version(&text, action);
    if (wrong)
        return wrong;
    if (text.at != text.end && (*text.at == '\t' || *text.at == ';'))
        return "a tab or a semicolon follows the action: separate cells by "
               "commas";
    return text.at == text.end ? NULL : "more follows the action in its cell";
}
