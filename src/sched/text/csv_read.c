/*
 * Schedules as CSV: reading.  The text is walked twice by the same code: once
 * to check it and to learn sizes, stages and dialect, once to fill the
 * schedule. Any bytes may come.
 */
#include <sluice/schedule_text.h>

#include <stdio.h>
#include <string.h>

#include "sched/text/csv_facts.h"
#include "sched/schedule.h"

struct reader {
    sluice_diag *why;
    int row;      /* from 0: the device */
    int position; /* in the device's list, from 0, as a verifier counts */
    sluice_schedule *schedule; /* NULL in the first walk */
    struct sl_csv_facts facts;
};

/* The begin of a cell, which may hold any bytes, made plain. */
static void show(struct sl_csv_text cell, char *shown, size_t bytes)
{
    size_t n = 0;
    for (; n < bytes - 1 && cell.at < cell.end; n++, cell.at++)
        shown[n] = *cell.at >= ' ' && *cell.at <= '~' ? *cell.at : '?';
    shown[n] = '\0';
}

static sluice_status refuse(const struct reader *reader,
                            struct sl_csv_text cell, const char *because)
{
    char shown[33];
    show(cell, shown, sizeof shown);
    return sluice_diag_set(reader->why, SLUICE_FORMAT,
                           "device %d, position %d, \"%s\": %s", reader->row,
                           reader->position, shown, because);
}

static sluice_status refuse_second_row(const struct reader *reader,
                                       struct sl_csv_text cell, int stage)
{
    char because[128];
    snprintf(because, sizeof because,
             "stage %d is on device %d too, but a stage has one device: remove "
             "it from one of them",
             stage, reader->facts.stage_device[stage]);
    return refuse(reader, cell, because);
}

static bool shards(struct sl_csv_action action)
{
    return action.type >= SL_CSV_UNSHARD && action.type <= SL_CSV_REDUCE_GRAD;
}

/* First walk: what there is, and where. */
static sluice_status note(struct reader *reader, struct sl_csv_text cell,
                          struct sl_csv_action action)
{
    if (shards(action))
        return SLUICE_OK; /* it does not place a stage: the next walk judges */
    struct sl_csv_seen *seen = &reader->facts.seen[action.type];
    if (seen->n++ == 0) {
        seen->device = reader->row;
        seen->position = reader->position;
        show(cell, seen->cell, sizeof seen->cell);
    }
    int *device = &reader->facts.stage_device[action.stage];
    if (*device >= 0 && *device != reader->row)
        return refuse_second_row(reader, cell, action.stage);
    *device = reader->row;
    if (action.type == SL_CSV_UPDATE)
        reader->facts.has_update[action.stage] = true;
    if (action.stage >= reader->facts.n_stages)
        reader->facts.n_stages = action.stage + 1;
    if (action.microbatch >= reader->facts.n_microbatches)
        reader->facts.n_microbatches = action.microbatch + 1;
    return SLUICE_OK;
}

/* Second walk. */
static sluice_status append(struct reader *reader, struct sl_csv_text cell,
                            struct sl_csv_action action)
{
    static const sluice_action_kind kinds[] = {
        [SL_CSV_F] = SLUICE_F,
        [SL_CSV_B] = SLUICE_B,
        [SL_CSV_I] = SLUICE_I,
        [SL_CSV_W] = SLUICE_W,
        [SL_CSV_R] = SLUICE_R,
        [SL_CSV_BW] = SLUICE_B,
        [SL_CSV_S] = SLUICE_S,
        [SL_CSV_T] = SLUICE_T,
        [SL_CSV_UPDATE] = SLUICE_UPDATE,
        [SL_CSV_SEND_F] = SLUICE_SEND_F,
        [SL_CSV_RECV_F] = SLUICE_RECV_F,
        [SL_CSV_SEND_B] = SLUICE_SEND_B,
        [SL_CSV_RECV_B] = SLUICE_RECV_B,
        [SL_CSV_UNSHARD] = SLUICE_UNSHARD,
        [SL_CSV_RESHARD] = SLUICE_RESHARD,
        [SL_CSV_REDUCE_GRAD] = SLUICE_REDUCE_GRAD,
    };
    bool held = reader->facts.stage_device[action.stage] == reader->row;
    if (shards(action) && !held)
        return refuse(reader, cell, "this device does not hold the stage");
    if (action.version > reader->facts.n_microbatches + 1)
        return refuse(reader, cell,
                      "each micro-batch makes one version of the weights at "
                      "most: the number is too large");
    int kind = (int)kinds[action.type];
    if (action.type == SL_CSV_B && reader->facts.old)
        kind = SLUICE_I;
    sluice_action listed = {kind, action.stage, action.microbatch,
                            action.version};
    return sluice_schedule_append(reader->schedule, reader->row, listed,
                                  reader->why);
}

/* All of `cell` is one action. */
static sluice_status read_action(struct reader *reader, struct sl_csv_text cell)
{
    struct sl_csv_action action;
    const char *wrong = sl_csv_action_parse(cell, &action);
    if (wrong)
        return refuse(reader, cell, wrong);
    sluice_status st = reader->schedule ? append(reader, cell, action)
                                        : note(reader, cell, action);
    reader->position++;
    return st;
}

/* Take what stands before the first `mark`, or all of `text`, which is left
 * with what comes behind; `*found` tells whether there was one. */
static struct sl_csv_text take_until(struct sl_csv_text *text, char mark,
                                     bool *found)
{
    struct sl_csv_text piece = *text;
    size_t left = (size_t)(text->end - text->at);
    const char *at = left ? memchr(text->at, mark, left) : NULL;
    piece.end = at ? at : text->end;
    text->at = at ? at + 1 : text->end;
    *found = at != NULL;
    return piece;
}

static sluice_status read_cell(struct reader *reader, struct sl_csv_text cell)
{
    static const char name[] = "OVERLAP_F_B";
    bool more;
    if (cell.at == cell.end)
        return SLUICE_OK;
    if (*cell.at != '(')
        return read_action(reader, cell);
    struct sl_csv_text rest = {cell.at + 1, cell.end};
    struct sl_csv_text actions = take_until(&rest, ')', &more);
    size_t n = (size_t)(rest.end - rest.at);
    if (!more || n != sizeof name - 1 || memcmp(rest.at, name, n) != 0)
        return refuse(reader, cell, "after \"(\" comes \")OVERLAP_F_B\"");
    sluice_status st;
    do
        st =
            read_action(reader, sl_csv_strip(take_until(&actions, ';', &more)));
    while (!st && more);
    return st;
}

static sluice_status read_row(struct reader *reader,
                              struct sl_csv_cursor *cursor)
{
    struct sl_csv_text cell = {cursor->row, cursor->row};
    enum sl_csv_cell kind;
    bool first = true;
    sluice_status st;
    reader->position = 0;
    if (reader->row >= SLUICE_SCHEDULE_MAX_DEVICES)
        return refuse(reader, cell, "there are more than 4096 rows");
    do {
        size_t bytes;
        kind = sl_csv_next_cell(cursor, &cell, &bytes);
        if (bytes > SLUICE_CSV_LINE)
            return refuse(
                reader, cell,
                "the row has more than 65536 bytes: write the schedule as "
                "JSON, whose rows may be longer");
        if (first && kind == SL_CSV_LAST && cell.at == cell.end &&
            reader->facts.n_blank++ == 0)
            reader->facts.first_blank = reader->row;
        first = false;
        st = kind == SL_CSV_TRAILED
                 ? refuse(reader, cell, "more follows the cell's closing quote")
                 : read_cell(reader, cell);
    } while (kind == SL_CSV_INNER && !st);
    return st;
}

static sluice_status walk(struct reader *reader, struct sl_csv_cursor cursor)
{
    sluice_status st = SLUICE_OK;
    reader->facts.n_blank = 0;
    for (reader->row = 0; !st && sl_csv_next_row(&cursor); reader->row++)
        st = read_row(reader, &cursor);
    reader->facts.n_rows = reader->row;
    return st;
}

static sluice_status settle_stages(const struct reader *reader)
{
    if (!reader->facts.n_stages || !reader->facts.n_microbatches)
        return sluice_diag_set(reader->why, SLUICE_FORMAT,
                               "the text has no action with a micro-batch: it "
                               "describes no work");
    for (int s = 0; s < reader->facts.n_stages; s++)
        if (reader->facts.stage_device[s] < 0)
            return sluice_diag_set(reader->why, SLUICE_FORMAT,
                                   "stage %d is in no row, but there is a "
                                   "stage %d: each stage needs its actions",
                                   s, reader->facts.n_stages - 1);
    return SLUICE_OK;
}

/* In the order of the parts of the model, as copies want it. */
static sluice_status add_updates(struct reader *reader)
{
    const struct sl_csv_seen *seen = reader->facts.seen;
    sluice_status st = SLUICE_OK;
    int depth = sl_schedule_depth(reader->schedule);
    bool trains = seen[SL_CSV_B].n || seen[SL_CSV_BW].n || seen[SL_CSV_I].n ||
                  seen[SL_CSV_W].n || seen[SL_CSV_UPDATE].n;
    for (int part = 0; part < depth && trains; part++)
        for (int s = part; s < reader->facts.n_stages && !st; s += depth)
            if (!reader->facts.has_update[s])
                st = sluice_schedule_append(
                    reader->schedule, reader->facts.stage_device[s],
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
    struct sl_csv_cursor start = sl_csv_begin(text, bytes);
    for (int s = 0; s < SLUICE_MAX_STAGES; s++)
        reader.facts.stage_device[s] = -1;
    sluice_status st = walk(&reader, start);
    if (!st)
        st = sl_csv_settle_dialect(&reader.facts, dialect, why);
    if (!st)
        st = settle_stages(&reader);
    if (!st)
        st = sluice_schedule_create_copies(
            reader.facts.n_rows, reader.facts.n_stages,
            sl_csv_copies(&reader.facts), reader.facts.n_microbatches,
            reader.facts.stage_device, allocator, &reader.schedule, why);
    if (st)
        return st;
    sl_csv_remark(&reader.facts, dialect, reader.schedule);
    st = walk(&reader, start);
    if (!st)
        st = add_updates(&reader);
    if (st) {
        sluice_schedule_destroy(reader.schedule);
        return st;
    }
    *out = reader.schedule;
    return SLUICE_OK;
}
