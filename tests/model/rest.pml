/*
 * The caller and the devices between jobs, src/pipeline/device.c: a device
 * without a job rests, and does not look again by itself.  The caller gives out
 * JOBS jobs and then ends the devices; while it waits for them it looks again
 * and rouses.  Job numbers are bytes, from FIRST on: 254 makes them wrap.
 *
 * With LOSSES signals may reach nobody: nothing but delay comes of it.
 */
#include "waiting.pml"

#ifndef K
#define K 2
#endif
#ifndef JOBS
#define JOBS 2
#endif
#ifndef FIRST
#define FIRST 254
#endif

gate gates[K];  /* a device waits for a job */
gate done;      /* the caller waits for n_running == 0 */
byte job;       /* what to do: the how-manieth it is */
byte job_no = FIRST;
byte n_running;
bool quit;

byte n_done[K]; /* jobs that a device has done */
bool has_quit[K];

proctype device(byte d)
{
    bool ready, late, quits, last;
    byte last_job = FIRST;
    do
    :: !quits ->
        gate_rest(gates[d], quit, job_no != last_job);
        quits = quit;
        if
        :: !quits ->
#ifndef FORGETS_THE_NUMBER
            last_job = job_no;
#endif
            n_done[d]++;
            assert(job == n_done[d])
        :: else -> has_quit[d] = true
        fi;
        atomic { last = (n_running == 1); n_running-- };
        if
#ifndef LEAVES_IN_SILENCE
        :: last -> gate_wake(done)
#endif
        :: else
        fi
    :: else -> break
    od
}

inline await()
{
    for (i : 0 .. K - 1) {
        gate_wake(gates[i])
    };
#ifndef WAITS_WITHOUT_ROUSING
    gate_try(done, n_running == 0, false);
    do
    :: ready -> break
    :: else ->
        for (i : 0 .. K - 1) {
            gate_rouse(gates[i])
        };
        gate_try(done, n_running == 0, false)
    od;
#else
    gate_wait(done, n_running == 0, false);
#endif
    i = 0
}

init {
    bool ready, late;
    byte i, n;
    atomic {
        for (i : 0 .. K - 1) {
            run device(i)
        };
        i = 0
    };
    do
    :: n < JOBS ->
        n++;
#ifdef COUNTS_AFTER_CALLING
        job = n;
        job_no++;
        n_running = K;
#else
        n_running = K;
#ifdef CALLS_BEFORE_FILLING
        job_no++;
        job = n;
#else
        job = n;
        job_no++;
#endif
#endif
        await();
        for (i : 0 .. K - 1) {
            assert(n_done[i] == n)
        };
        i = 0
    :: else -> break
    od;
    n_running = K;
    quit = true;
    await();
    for (i : 0 .. K - 1) {
        assert(has_quit[i])
    };
    _nr_pr == 1;
    assert(n_late <= n_lost)
}
