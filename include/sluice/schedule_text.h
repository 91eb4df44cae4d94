/*
 * Schedules as text: CSV for PyTorch, and JSON for all else.
 *
 * CSV is what PyTorch's torch.distributed.pipelining reads and writes: a row
 * per device, a cell per action, no header.
 *
 *     0F0,0F1,,0B0,0B1
 *     1F0,1B0,1F1,1B1
 *
 *     cell   := "" | action | "(" action (";" action)* ")OVERLAP_F_B"
 *     action := STAGE TYPE [MICROBATCH]["@" VERSION]
 *     TYPE   := F | I | B | W | SEND_F | RECV_F | SEND_B | RECV_B
 *               | UNSHARD | RESHARD | REDUCE_GRAD
 *               and, of ours, R | UPDATE and VERSION, of the weights
 *
 * An empty cell is idling, which a list of actions has no need of; the actions
 * of an overlap follow each other; UNSHARD, RESHARD and REDUCE_GRAD, which have
 * no micro-batch, imply nothing here.  All of these are read and dropped.
 *
 * Rows and cells are those of Python's csv module, with which PyTorch reads
 * them: a row ends with a line feed, a carriage return, or both; an empty line
 * is a row, hence a device without actions, also at the end; a cell may stand
 * in double quotes; white space around a cell, or around an action of an
 * overlap, does not count.  A byte order mark at the start is skipped, which
 * PyTorch does not do.
 *
 * PyTorch has two forms, with sends and receives and without: they are those of
 * lowered schedules and of others; sluice_schedule_lower() makes the one from
 * the other.
 *
 * JSON has all that a schedule consists of, in the words of
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
    SLUICE_CSV_LINE = 65536,       /* bytes of a row at most */
    SLUICE_JSON_BYTES = 1 << 24,   /* of a text at most */
    SLUICE_JSON_ACTIONS = 1250000, /* in such a text at most */
};

/* What the letters of the backwards mean. */
typedef enum sluice_csv_dialect {
    SLUICE_CSV_DETECT = 0, /* old if there is a BW, or if there is no I and
                              W's go with more than half of the B's */
    SLUICE_CSV_NEW,        /* B full backward, I input, W weight gradient */
    SLUICE_CSV_OLD,        /* BW full backward, B input, W weight gradient */
} sluice_csv_dialect;

/*
 * Read a schedule from text[bytes].  The devices are the rows, a stage is on
 * the device in whose row it stands, and there are as many stages and
 * micro-batches as the largest numbers tell.  A stage without UPDATE gets one,
 * at the end of its row, unless there are forwards only.  If micro-batches meet
 * only a half (a third, ...) of the stages, in their forwards and in their
 * backwards, there are that many copies of the model.
 *
 * The result is not verified.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_FORMAT, with device and position, counted from 0
 *          as sluice_schedule_verify() does, for what is not a cell, numbers
 * too large, a row too long or too many, a stage in two rows or in none, and
 * letters of both dialects; SLUICE_INVALID for another `dialect`;
 * SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_parse_csv(
    const char *text, size_t bytes, sluice_csv_dialect dialect,
    const sluice_allocator *allocator, sluice_schedule **out, sluice_diag *why);

/*
 * The same of a file, which must be a regular one: a pipe or a device has no
 * size to hold it against.  Its name begins the sentence of a SLUICE_FORMAT.
 *
 * Returns  as sluice_schedule_parse_csv(), and SLUICE_IO.
 */
SLUICE_API sluice_status sluice_schedule_read_csv(
    const char *path, sluice_csv_dialect dialect,
    const sluice_allocator *allocator, sluice_schedule **out, sluice_diag *why);

/*
 * What the reader of a text took for granted, in a sentence or more: the
 * dialect, if one slip could have turned it; blank lines, which are devices;
 * stages of one part on one device, which keep a text from being read as copies
 * of the model.  Refusals of sluice_schedule_verify() quote it.
 *
 * Threads  any.
 * Returns  a string of the schedule's, "" if nothing deserves a word.
 */
SLUICE_API const char *sluice_schedule_remark(const sluice_schedule *schedule);

/*
 * Write a schedule as CSV of the new dialect, cut to `bytes`; `*length` is that
 * of the whole, the terminating 0 not counted.  `strict` writes nothing that
 * PyTorch does not know: UPDATEs are left out; R's, versions, several copies or
 * several UPDATEs of a stage are refused.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_INVALID for what `strict` refuses, and for a row
 *          of more than SLUICE_CSV_LINE bytes.
 */
SLUICE_API sluice_status sluice_schedule_format_csv(
    const sluice_schedule *schedule, bool strict, char *text, size_t bytes,
    size_t *length, sluice_diag *why);

/*
 * The same to a file, which is there as a whole or not at all: an older one of
 * that name stays as it is until the new one is safe.  See sluice_file_create()
 * for links, permissions, pipes and devices.
 *
 * Returns  as sluice_schedule_format_csv(), SLUICE_NO_MEMORY and SLUICE_IO.
 */
SLUICE_API sluice_status
sluice_schedule_write_csv(const sluice_schedule *schedule, bool strict,
                          const char *path, sluice_diag *why);

/*
 * Read a schedule from the JSON in text[bytes]: an object of exactly the six
 * keys above.  The result is not verified.  Whatever the text holds, at most
 * 8 * SLUICE_JSON_BYTES are allocated at a time.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_FORMAT for what is no JSON, with line and column,
 *          for lists and objects that lie more than 16 deep within each other,
 *          for keys that are missing, unknown or there twice, values of another
 *          type or out of range, lists of another length, what is no action of
 *          the schedule, with its place in "actions", for more than
 *          SLUICE_JSON_BYTES, and for more objects, keys, lists and values than
 *          any schedule of SLUICE_JSON_ACTIONS has; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_parse_json(
    const char *text, size_t bytes, const sluice_allocator *allocator,
    sluice_schedule **out, sluice_diag *why);

/*
 * The same of a file, which must be a regular one: a pipe or a device has no
 * size to hold it against.  Its name begins the sentence of a SLUICE_FORMAT.
 *
 * Returns  as sluice_schedule_parse_json(), and SLUICE_IO.
 */
SLUICE_API sluice_status
sluice_schedule_read_json(const char *path, const sluice_allocator *allocator,
                          sluice_schedule **out, sluice_diag *why);

/*
 * Write a schedule as JSON, a line for each device, cut to `bytes`; `*length`
 * is that of the whole, the terminating 0 not counted.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_INVALID for a text of more than SLUICE_JSON_BYTES
 *          or SLUICE_JSON_ACTIONS.
 */
SLUICE_API sluice_status
sluice_schedule_format_json(const sluice_schedule *schedule, char *text,
                            size_t bytes, size_t *length, sluice_diag *why);

/*
 * The same to a file, which is there as a whole or not at all: an older one of
 * that name stays as it is until the new one is safe.  See sluice_file_create()
 * for links, permissions, pipes and devices.
 *
 * Returns  as sluice_schedule_format_json(), SLUICE_NO_MEMORY and SLUICE_IO.
 */
SLUICE_API sluice_status sluice_schedule_write_json(
    const sluice_schedule *schedule, const char *path, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
