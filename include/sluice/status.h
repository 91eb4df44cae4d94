/*
 * Results of calls, and the sentence that explains a bad one.
 *
 * Every function that can fail returns a sluice_status; results go to
 * trailing out-pointers, written only on SLUICE_OK.  Where a code is not
 * enough the call also takes a `sluice_diag *why`, which may be NULL.
 */
#ifndef SLUICE_STATUS_H
#define SLUICE_STATUS_H

#include <sluice/export.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum sluice_status {
    SLUICE_OK = 0,
    SLUICE_INVALID,    /* an argument is out of range or contradicts another */
    SLUICE_NO_MEMORY,  /* the allocator returned NULL */
    SLUICE_OVER_CAP,   /* a device needs more bytes than its cap allows */
    SLUICE_SYSTEM,     /* the operating system refused a thread, lock, ... */
    SLUICE_IO,         /* a file could not be opened, read or written */
    SLUICE_FORMAT,     /* a file's content is malformed or not supported */
    SLUICE_NOT_FOUND,  /* no object of that name */
    SLUICE_SCHEDULE,   /* the verifier refused a schedule */
    SLUICE_LAYER,      /* a layer, loss or optimizer reported a failure */
    SLUICE_CANCELLED,  /* sluice_pipeline_cancel() ended the step */
    SLUICE_CLOSED,     /* a queue was closed before or during the wait */
    SLUICE_NOT_FINITE, /* a value is NaN or infinite */
    SLUICE_NOT_REPEATED, /* what was computed twice differs */
    SLUICE_N_STATUSES
} sluice_status;

enum {
    SLUICE_DIAG_TEXT = 480,  /* bytes of text, terminating 0 included */
    SLUICE_DIAG_ACTION = 24, /* bytes of an action's name, "2F0" */
};

/*
 * What went wrong, where, and what to do about it.  Coordinates that do not
 * apply are -1, and `action` is then "".  What device, stage and position count
 * is said in pipeline.h and schedule.h.
 */
typedef struct sluice_diag {
    sluice_status status;
    int process; /* of a world of several, see world.h */
    int device;
    int stage;
    int microbatch;
    int position;                    /* of the action in its device's list */
    char action[SLUICE_DIAG_ACTION]; /* as a schedule writes it: "2F0" */
    char text[SLUICE_DIAG_TEXT];     /* one sentence: UTF-8, no newline or other
                                        control character */
} sluice_diag;

/*
 * The identifier of a status as text: "SLUICE_NO_MEMORY".
 *
 * Threads  any.
 * Returns  a constant string; "SLUICE_?" for a value that is not a status.
 */
SLUICE_API const char *sluice_status_name(sluice_status status);

/*
 * Fill `why`, coordinates unset, from a printf format.  For layers, losses
 * and other extensions that report an error of their own.  Each byte of the
 * text that is not UTF-8, or is a control character, becomes '?', so that a
 * quotation from a file or an argument cannot harm a terminal or a log.
 *
 * Threads  any; `why` must not be shared.  NULL is allowed and ignored.
 * Returns  `status`, so that a caller can `return sluice_diag_set(...)`.
 */
SLUICE_API sluice_status sluice_diag_set(sluice_diag *why, sluice_status status,
                                         const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

#ifdef __cplusplus
}
#endif

#endif
