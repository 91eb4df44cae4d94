/* Meetings: the words, the last to come, and the wait.  The members. */
#include "chan/meeting.h"

void sl_meeting_wake(struct sl_meeting *meeting)
{
    for (int i = 0; i < meeting->n_members; i++)
        sl_gate_wake(&meeting->members[i].gate);
}

/* One of them. */
struct numbered {
    const struct sl_meeting *meeting;
    unsigned number;
};

/* As many are complete as were before the meeting, or one more: so the count
 * may wrap. */
static bool is_complete(const void *state)
{
    const struct numbered *one = state;
    return atomic_load(&one->meeting->n_complete) != one->number ||
           sl_failure_stopped(one->meeting->failure);
}

static int64_t latest(const struct sl_meeting *meeting, int at)
{
    int64_t latest_ns = meeting->members[0].words[at].virtual_ns;
    for (int i = 1; i < meeting->n_members; i++)
        if (meeting->members[i].words[at].virtual_ns > latest_ns)
            latest_ns = meeting->members[i].words[at].virtual_ns;
    return latest_ns;
}

/* The last to arrive lets all go on. */
static void complete(struct sl_meeting *meeting, unsigned number, bool commits)
{
    meeting->latest_ns[number & 1] = latest(meeting, number & 1);
    if (commits)
        sl_failure_commit(meeting->failure);
    atomic_store(&meeting->n_complete, number + 1);
    sl_meeting_wake(meeting);
}

void sl_meeting_open(struct sl_meeting *meeting)
{
    for (int i = 0; i < meeting->n_members; i++) {
        meeting->members[i].n_meetings = 0;
        meeting->members[i].voted = false;
    }
    atomic_store(&meeting->n_arrived, 0);
    atomic_store(&meeting->n_complete, 0);
}

struct sl_word *sl_meeting_word(struct sl_meeting *meeting, int rank)
{
    struct sl_member *member = &meeting->members[rank];
    return &member->words[member->n_meetings & 1];
}

void sl_meeting_arrive(struct sl_meeting *meeting, int rank, int64_t virtual_ns,
                       bool commits)
{
    struct sl_member *member = &meeting->members[rank];
    unsigned n = (unsigned)meeting->n_members;
    unsigned number = member->n_meetings;
    sl_meeting_word(meeting, rank)->virtual_ns = virtual_ns;
    member->n_meetings++;
    if (atomic_fetch_add(&meeting->n_arrived, 1) + 1 == (number + 1) * n)
        complete(meeting, number, commits);
}

/* The meeting to which a member has come last. */
static struct numbered last_one(const struct sl_meeting *meeting, int rank)
{
    return (struct numbered){meeting, meeting->members[rank].n_meetings - 1};
}

bool sl_meeting_is_over(const struct sl_meeting *meeting, int rank)
{
    struct numbered one = last_one(meeting, rank);
    return is_complete(&one);
}

/* A member that has voted may come later than all others. */
sluice_status sl_meeting_attend(struct sl_meeting *meeting, int rank,
                                int64_t *virtual_ns, bool commits, int *at)
{
    struct sl_member *member = &meeting->members[rank];
    struct numbered one = last_one(meeting, rank);
    *at = one.number & 1;
    if (!is_complete(&one))
        sl_gate_wait(&member->gate, meeting->patience, is_complete, &one);
    const struct sl_failure *failure = meeting->failure;
    if (commits ? !sl_failure_committed(failure) : sl_failure_stopped(failure))
        return SLUICE_CLOSED;
    if (meeting->latest_ns[*at] > *virtual_ns)
        *virtual_ns = meeting->latest_ns[*at];
    return SLUICE_OK;
}

sluice_status sl_meeting_meet(struct sl_meeting *meeting, int rank,
                              int64_t *virtual_ns, bool commits, int *at)
{
    sl_meeting_arrive(meeting, rank, *virtual_ns, commits);
    return sl_meeting_attend(meeting, rank, virtual_ns, commits, at);
}
