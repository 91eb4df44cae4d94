/*
 * Schedules as CSV: reading.  The text is walked twice by the same code: once
 * to check it and to learn sizes, stages and dialect, once to fill the
 * schedule. Any bytes may come.
 */
#include <sluice/schedule_text.h>

#include <stdio.h>
#include <string.h>

#include "sched/schedule.h"

/* As the file writes them; what they mean the dialect decides. */
enum type {
    F,
    B,
    I,
    W,
    R,
    UPDATE,
    BW,
    SEND_F,
    RECV_F,
    SEND_B,
    RECV_B,
    NOTHING,
    N_TYPES,
};

/* Of those that begin alike the longer ones come first. */
static const struct word {
    const char *text;
    enum type type;
    bool numbered; /* a micro-batch follows */
} words[] = {
    {"UNSHARD", NOTHING, false},
    {"RESHARD", NOTHING, false},
    {"REDUCE_GRAD", NOTHING, false},
    {"SEND_F", SEND_F, true},
    {"RECV_F", RECV_F, true},
    {"SEND_B", SEND_B, true},
    {"RECV_B", RECV_B, true},
    {"UPDATE", UPDATE, false},
    {"BW", BW, true},
    {"F", F, true},
    {"B", B, true},
    {"I", I, true},
    {"W", W, true},
    {"R", R, true},
};

struct action {
    enum type type;
    int stage;
    int microbatch;
    int version; /* 0: not given */
};

struct reader {
    sluice_diag *why;
    int row, column; /* from 0 */
    int n_stages, n_microbatches, n_rows;
    int64_t n_forwards, n_backwards; /* of the latter, B, BW and I */
    bool seen[N_TYPES];
    bool old;                            /* the dialect */
    sluice_schedule *schedule;           /* NULL in the first walk */
    int stage_device[SLUICE_MAX_STAGES]; /* -1: not seen yet */
    bool has_update[SLUICE_MAX_STAGES];
};

struct text {
    const char *at;
    const char *end;
};

/* Refuse a cell, which may hold any bytes. */
static sluice_status refuse(const struct reader *reader, struct text cell,
                            const char *because)
{
    char shown[33];
    size_t n = 0;
    for (; n < sizeof shown - 1 && cell.at < cell.end; n++, cell.at++)
        shown[n] = *cell.at >= ' ' && *cell.at <= '~' ? *cell.at : '?';
    shown[n] = '\0';
    return sluice_diag_set(reader->why, SLUICE_FORMAT,
                           "row %d, column %d, \"%s\": %s", reader->row + 1,
                           reader->column + 1, shown, because);
}

/* Take a number below `limit`; -1 if there is none. */
static int take_number(struct text *text, int limit)
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

static bool take_word(struct text *text, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(text->end - text->at) < n || memcmp(text->at, word, n) != 0)
        return false;
    text->at += n;
    return true;
}

static const struct word *take_type(struct text *text)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (take_word(text, words[i].text))
            return &words[i];
    return NULL;
}

static sluice_status refuse_second_row(const struct reader *reader,
                                       struct text cell, int stage)
{
    char because[128];
    snprintf(because, sizeof because,
             "stage %d is in row %d too, but a stage has one device: remove it "
             "from one of them",
             stage, reader->stage_device[stage] + 1);
    return refuse(reader, cell, because);
}

/* First walk: what there is, and where. */
static sluice_status note(struct reader *reader, struct text cell,
                          struct action action)
{
    if (action.type == NOTHING)
        return SLUICE_OK; /* it does not place a stage: the next walk judges */
    reader->seen[action.type] = true;
    reader->n_forwards += action.type == F;
    reader->n_backwards +=
        action.type == B || action.type == BW || action.type == I;
    int *device = &reader->stage_device[action.stage];
    if (*device >= 0 && *device != reader->row)
        return refuse_second_row(reader, cell, action.stage);
    *device = reader->row;
    if (action.type == UPDATE)
        reader->has_update[action.stage] = true;
    if (action.stage >= reader->n_stages)
        reader->n_stages = action.stage + 1;
    if (action.microbatch >= reader->n_microbatches)
        reader->n_microbatches = action.microbatch + 1;
    return SLUICE_OK;
}

/* Second walk. */
static sluice_status append(struct reader *reader, struct text cell,
                            struct action action)
{
    static const sluice_action_kind kinds[] = {
        [F] = SLUICE_F,           [B] = SLUICE_B,
        [I] = SLUICE_I,           [W] = SLUICE_W,
        [R] = SLUICE_R,           [BW] = SLUICE_B,
        [UPDATE] = SLUICE_UPDATE, [SEND_F] = SLUICE_SEND_F,
        [RECV_F] = SLUICE_RECV_F, [SEND_B] = SLUICE_SEND_B,
        [RECV_B] = SLUICE_RECV_B,
    };
    if (action.type == NOTHING && action.stage < reader->n_stages &&
        reader->stage_device[action.stage] == reader->row)
        return SLUICE_OK;
    if (action.type == NOTHING)
        return refuse(reader, cell, "this device does not hold the stage");
    if (action.version > reader->n_microbatches + 1)
        return refuse(reader, cell,
                      "each micro-batch makes one version of the weights at "
                      "most: the number is too large");
    int kind = (int)kinds[action.type];
    if (action.type == B && reader->old)
        kind = SLUICE_I;
    sluice_action listed = {kind, action.stage, action.microbatch,
                            action.version};
    return sluice_schedule_append(reader->schedule, reader->row, listed,
                                  reader->why);
}

/* "@3", the version of the weights, behind an action that uses or makes some.
 * False if what comes behind the "@" is none. */
static bool take_version(struct text *text, struct action *action)
{
    if (action->type >= SEND_F || !take_word(text, "@"))
        return true;
    action->version = take_number(text, SLUICE_MAX_MICROBATCHES + 2);
    return action->version > 0;
}

/* All of `text` is one action. */
static sluice_status read_action(struct reader *reader, struct text text)
{
    struct text cell = text;
    struct action action = {.microbatch = -1};
    action.stage = take_number(&text, SLUICE_MAX_STAGES);
    if (action.stage < 0)
        return refuse(reader, cell,
                      "an action begins with its stage, 0 to 4095");
    const struct word *word = take_type(&text);
    if (!word)
        return refuse(reader, cell,
                      "no action has this name: there are F, B, I, W, R, "
                      "UPDATE, SEND_F, RECV_F, SEND_B and RECV_B");
    action.type = word->type;
    if (word->numbered) {
        action.microbatch = take_number(&text, SLUICE_MAX_MICROBATCHES);
        if (action.microbatch < 0)
            return refuse(reader, cell,
                          "this action needs a micro-batch, 0 to 65535");
    }
    if (!take_version(&text, &action))
        return refuse(reader, cell,
                      "after \"@\" comes a version of the weights, from 1");
    if (text.at != text.end)
        return refuse(reader, cell, "more follows the action in its cell");
    return reader->schedule ? append(reader, cell, action)
                            : note(reader, cell, action);
}

/* Cut `text` at the first `mark`, or take all of it; `text` is what remains
 * behind the mark. */
static struct text take_until(struct text *text, char mark)
{
    struct text piece = *text;
    size_t left = (size_t)(text->end - text->at);
    const char *found = left ? memchr(text->at, mark, left) : NULL;
    piece.end = found ? found : text->end;
    text->at = found ? found + 1 : text->end;
    return piece;
}

static sluice_status read_cell(struct reader *reader, struct text cell)
{
    while (cell.at < cell.end && *cell.at == ' ')
        cell.at++;
    while (cell.at < cell.end && cell.end[-1] == ' ')
        cell.end--;
    if (cell.at == cell.end)
        return SLUICE_OK;
    if (*cell.at != '(')
        return read_action(reader, cell);
    static const char name[] = ")OVERLAP_F_B";
    struct text inner = {cell.at + 1, cell.end};
    struct text actions = take_until(&inner, ')');
    inner.at = actions.end;
    if (!take_word(&inner, name) || inner.at != inner.end)
        return refuse(reader, cell, "after \"(\" comes \")OVERLAP_F_B\"");
    sluice_status st;
    bool more;
    do {
        struct text action = take_until(&actions, ';');
        more = action.end != actions.end;
        st = read_action(reader, action);
    } while (!st && more);
    return st;
}

static sluice_status read_row(struct reader *reader, struct text line)
{
    if (line.at < line.end && line.end[-1] == '\r')
        line.end--;
    reader->column = 0;
    if (reader->row >= SLUICE_SCHEDULE_MAX_DEVICES)
        return refuse(reader, line, "there are more than 4096 rows");
    if (line.end - line.at > SLUICE_CSV_LINE)
        return refuse(
            reader, line,
            "the row has more than 65536 bytes: write the schedule as "
            "JSON, which may");
    sluice_status st = SLUICE_OK;
    bool more = true;
    for (; more && !st; reader->column++) {
        struct text cell = take_until(&line, ',');
        more = cell.end != line.end;
        st = read_cell(reader, cell);
    }
    return st;
}

static sluice_status walk(struct reader *reader, struct text text)
{
    sluice_status st = SLUICE_OK;
    for (reader->row = 0; text.at < text.end && !st; reader->row++)
        st = read_row(reader, take_until(&text, '\n'));
    reader->n_rows = reader->row;
    return st;
}

static sluice_status settle_dialect(struct reader *reader,
                                    sluice_csv_dialect dialect)
{
    const bool *seen = reader->seen;
    reader->old =
        dialect == SLUICE_CSV_OLD ||
        (dialect == SLUICE_CSV_DETECT && (seen[BW] || (seen[W] && !seen[I])));
    if (reader->old && seen[I])
        return sluice_diag_set(reader->why, SLUICE_FORMAT,
                               "there are I's, as new files write the input "
                               "gradient, in a file of the old dialect, which "
                               "writes B");
    if (!reader->old && seen[BW])
        return sluice_diag_set(reader->why, SLUICE_FORMAT,
                               "there are BW's, which only files of the old "
                               "dialect have");
    return SLUICE_OK;
}

static sluice_status settle_stages(const struct reader *reader)
{
    if (!reader->n_stages || !reader->n_microbatches)
        return sluice_diag_set(reader->why, SLUICE_FORMAT,
                               "there is no action of a micro-batch in the "
                               "text");
    for (int s = 0; s < reader->n_stages; s++)
        if (reader->stage_device[s] < 0)
            return sluice_diag_set(reader->why, SLUICE_FORMAT,
                                   "stage %d is in no row, but there is a "
                                   "stage %d: each stage needs its actions",
                                   s, reader->n_stages - 1);
    return SLUICE_OK;
}

/* Whether the stages can be those of so many copies. */
static bool can_be_copies(const struct reader *reader, int64_t copies)
{
    if (copies < 1 || copies > SLUICE_MAX_COPIES || reader->n_stages % copies)
        return false;
    int depth = reader->n_stages / (int)copies;
    for (int s = depth; s < reader->n_stages; s++)
        for (int twin = s % depth; twin < s; twin += depth)
            if (reader->stage_device[s] == reader->stage_device[twin])
                return false;
    return true;
}

/* Copies of the model: as many as there are stages for each one that a
 * micro-batch goes through.  Where forwards were forgotten, but no backwards,
 * the backwards tell. */
static int count_copies(const struct reader *reader)
{
    int64_t all = (int64_t)reader->n_stages * reader->n_microbatches;
    int64_t met = reader->n_forwards;
    if (reader->n_backwards > met && all % reader->n_backwards == 0)
        met = reader->n_backwards;
    if (!met || all % met)
        return 1;
    int64_t copies = all / met;
    return can_be_copies(reader, copies) ? (int)copies : 1;
}

/* In the order of the parts of the model, as copies want it. */
static sluice_status add_updates(struct reader *reader)
{
    const bool *seen = reader->seen;
    sluice_status st = SLUICE_OK;
    int depth = sl_schedule_depth(reader->schedule);
    bool trains = seen[B] || seen[BW] || seen[I] || seen[W] || seen[UPDATE];
    for (int part = 0; part < depth && trains; part++)
        for (int s = part; s < reader->n_stages && !st; s += depth)
            if (!reader->has_update[s])
                st = sluice_schedule_append(
                    reader->schedule, reader->stage_device[s],
                    (sluice_action){SLUICE_UPDATE, s, -1}, reader->why);
    return st;
}

sluice_status sluice_schedule_parse_csv(const char *text, size_t bytes,
                                        sluice_csv_dialect dialect,
                                        const sluice_allocator *allocator,
                                        sluice_schedule **out, sluice_diag *why)
{
    if ((unsigned)dialect > SLUICE_CSV_OLD)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d is not a sluice_csv_dialect", (int)dialect);
    struct reader reader = {.why = why};
    struct text all = {text, bytes ? text + bytes : text};
    for (int s = 0; s < SLUICE_MAX_STAGES; s++)
        reader.stage_device[s] = -1;
    sluice_status st = walk(&reader, all);
    if (!st)
        st = settle_dialect(&reader, dialect);
    if (!st)
        st = settle_stages(&reader);
    if (!st)
        st = sluice_schedule_create_copies(
            reader.n_rows, reader.n_stages, count_copies(&reader),
            reader.n_microbatches, reader.stage_device, allocator,
            &reader.schedule, why);
    if (st)
        return st;
    st = walk(&reader, all);
    if (!st)
        st = add_updates(&reader);
    if (st) {
        sluice_schedule_destroy(reader.schedule);
        return st;
    }
    *out = reader.schedule;
    return SLUICE_OK;
}
