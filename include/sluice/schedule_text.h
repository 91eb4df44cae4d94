/*
 * Schedules as text: CSV for PyTorch, and JSON for everything that a schedule
 * has.
 *
 * CSV is what PyTorch's torch.distributed.pipelining reads and writes: a row
 * for each device, a cell for each action, no header.
 *
 *     0F0,0F1,,0B0,0B1
 *     1F0,1B0,1F1,1B1
 *
 *     cell   := "" | action | "(" action (";" action)* ")OVERLAP_F_B"
 *     action := STAGE TYPE [MICROBATCH]["@" VERSION]
 *     TYPE   := F | I | B | W | SEND_F | RECV_F | SEND_B | RECV_B
 *               | UNSHARD | RESHARD | REDUCE_GRAD
 *               and, only here, R | UPDATE and VERSION, of the weights
 *
 * An empty cell means that the device idles; it is dropped, because a list of
 * actions has no idle time.  The actions of an overlap are read one after the
 * other.
 *
 * Rows and cells are those of Python's csv module, with which PyTorch reads
 * them: a row ends with a line feed, a carriage return, or both; an empty line
 * is a row, that is a device without actions, also at the end; a cell may stand
 * in double quotes; white space around a cell, or around an action of an
 * overlap, is ignored.  A byte order mark at the start is skipped; PyTorch does
 * not skip it.
 *
 * PyTorch has two forms, with sends and receives and without.  The first is
 * that of a lowered schedule; sluice_schedule_lower() makes it from the second.
 *
 * JSON has all parts of a schedule, with the names of
 * sluice_schedule_create_copies() and sluice_action_format():
 *
 *     {"devices": 2, "stages": 2, "copies": 1, "microbatches": 1,
 *      "stage_device": [0, 1],
 *      "actions": [["0F0", "0B0", "0UPDATE"], ["1F0", "1B0", "1UPDATE"]]}
 */
#ifndef SLUICE_SCHEDULE_TEXT_H
#define SLUICE_SCHEDULE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SLUICE_CSV_LINE = 65536,       /* bytes of a row, at most */
    SLUICE_JSON_BYTES = 1 << 24,   /* bytes of a text, at most */
    SLUICE_JSON_ACTIONS = 1250000, /* actions in a text, at most */
};

/* What the letters of the backwards mean. */
typedef enum sluice_csv_dialect {
    SLUICE_CSV_DETECT = 0, /* old if there is a BW, or if there is no I and
                              W's go with more than half of the B's */
    SLUICE_CSV_NEW,        /* B full backward, I input, W weight gradient */
    SLUICE_CSV_OLD,        /* BW full backward, B input, W weight gradient */
} sluice_csv_dialect;

/*
 * Read a schedule from text[bytes].  Each row is a device, and a stage is on
 * the device in whose row it stands.  The largest numbers say how many stages
 * and micro-batches there are.  A stage without UPDATE gets one at the end of
 * its row, unless there are forwards only.  If each micro-batch goes through
 * only a half (a third, ...) of the stages, forwards and backwards, there are
 * two (three, ...) copies of the model.
 *
 * The result is not verified.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_FORMAT for a malformed cell, a number too large, a
 *          row too long, too many rows, a stage in two rows or in none, and
 *          letters of both dialects: with device and position, counted from 0
 *          as sluice_schedule_verify() does; SLUICE_INVALID for another
 *          `dialect`; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_parse_csv(
    const char *text, size_t bytes, sluice_csv_dialect dialect,
    const sluice_allocator *allocator, sluice_schedule **out, sluice_diag *why);

/*
 * The same from a file.  It must be a regular file, because a pipe or a device
 * has no size that could be checked first.  The sentence of a SLUICE_FORMAT
 * begins with the file's name.
 *
 * Returns  as sluice_schedule_parse_csv(), and SLUICE_IO.
 */
SLUICE_API sluice_status sluice_schedule_read_csv(
    const char *path, sluice_csv_dialect dialect,
    const sluice_allocator *allocator, sluice_schedule **out, sluice_diag *why);

/*
 * What the reader of a text assumed, in one or more sentences: the dialect, if
 * one typing error could have changed it; blank lines, which count as devices;
 * several stages of one part on one device, so that the text was not read as
 * copies of the model.  Refusals of sluice_schedule_verify() quote it.
 *
 * Threads  any.
 * Returns  a string, owned by the schedule; "" if nothing was assumed.
 */
SLUICE_API const char *sluice_schedule_remark(const sluice_schedule *schedule);

/*
 * Write a schedule as CSV of the new dialect, cut to `bytes`; `*length` is the
 * length of the whole text, the terminating 0 not counted.  `strict` writes
 * only what PyTorch knows: UPDATEs are left out; R's, versions, several copies
 * and several UPDATEs of a stage are refused.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_INVALID for what `strict` refuses, and for a row
 *          of more than SLUICE_CSV_LINE bytes.
 */
SLUICE_API sluice_status sluice_schedule_format_csv(
    const sluice_schedule *schedule, bool strict, char *text, size_t bytes,
    size_t *length, sluice_diag *why);

/*
 * The same to a file, which appears as a whole or not at all: an older file of
 * that name stays as it is until the new one is on disk.  See
 * sluice_file_create() for links, permissions, pipes and devices.
 *
 * Returns  as sluice_schedule_format_csv(), SLUICE_NO_MEMORY and SLUICE_IO.
 */
SLUICE_API sluice_status
sluice_schedule_write_csv(const sluice_schedule *schedule, bool strict,
                          const char *path, sluice_diag *why);

/*
 * Read a schedule from the JSON in text[bytes]: an object with the keys of the
 * example above, and no others, in any order.  The result is not verified.
 * For any text at most 1 MiB and an action's 16 bytes for each value in
 * "actions" are allocated: less than three times the text.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY; SLUICE_FORMAT for
 *          - text that is not JSON, with line and column
 *          - lists and objects nested more than 16 deep
 *          - a key that is missing, unknown or there twice
 *          - a value of another type or out of range, a list of another length
 *          - a text that is not an action of the schedule, with its place in
 *            "actions"
 *          - more than SLUICE_JSON_BYTES or SLUICE_JSON_ACTIONS
 */
SLUICE_API sluice_status sluice_schedule_parse_json(
    const char *text, size_t bytes, const sluice_allocator *allocator,
    sluice_schedule **out, sluice_diag *why);

/*
 * The same from a file.  It must be a regular file, because a pipe or a device
 * has no size that could be checked first.  The sentence of a SLUICE_FORMAT
 * begins with the file's name.
 *
 * Returns  as sluice_schedule_parse_json(), and SLUICE_IO.
 */
SLUICE_API sluice_status
sluice_schedule_read_json(const char *path, const sluice_allocator *allocator,
                          sluice_schedule **out, sluice_diag *why);

/*
 * Write a schedule as JSON, a line for each device, cut to `bytes`; `*length`
 * is the length of the whole text, the terminating 0 not counted.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_INVALID for a text of more than SLUICE_JSON_BYTES
 *          or SLUICE_JSON_ACTIONS.
 */
SLUICE_API sluice_status
sluice_schedule_format_json(const sluice_schedule *schedule, char *text,
                            size_t bytes, size_t *length, sluice_diag *why);

/*
 * The same to a file, which appears as a whole or not at all: an older file of
 * that name stays as it is until the new one is on disk.  See
 * sluice_file_create() for links, permissions, pipes and devices.
 *
 * Returns  as sluice_schedule_format_json(), SLUICE_NO_MEMORY and SLUICE_IO.
 */
SLUICE_API sluice_status sluice_schedule_write_json(
    const sluice_schedule *schedule, const char *path, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
