/* A build without MPI: there is no wire, and so nothing that uses one. */
#include "chan/mpi/wire.h"

sluice_status sl_wire_create(const void *communicator,
                             const sluice_allocator *allocator,
                             struct sl_wire **out, sluice_diag *why)
{
    (void)communicator;
    (void)allocator;
    (void)out;
    return sluice_diag_set(why, SLUICE_NOT_FOUND,
                           "this build of Sluice has no MPI; build it where "
                           "Open MPI is installed");
}

sluice_status sl_wire_agree(struct sl_wire *wire, sluice_status st,
                            sluice_diag *why)
{
    (void)wire;
    (void)why;
    return st;
}

void sl_wire_destroy(struct sl_wire *wire, bool alone)
{
    (void)wire;
    (void)alone;
}

int sl_wire_rank(const struct sl_wire *wire)
{
    (void)wire;
    return 0;
}

int sl_wire_n_ranks(const struct sl_wire *wire)
{
    (void)wire;
    return 1;
}

bool sl_wire_is_broken(const struct sl_wire *wire)
{
    (void)wire;
    return true;
}

size_t sl_wire_most_bytes(void)
{
    return 0;
}

int sl_wire_n_tags(const struct sl_wire *wire)
{
    (void)wire;
    return 0;
}

void sl_wire_send(struct sl_wire *wire, enum sl_lane lane, int to, int tag,
                  const void *buffer, size_t bytes,
                  struct sl_transfer *transfer)
{
    (void)wire;
    (void)lane;
    (void)to;
    (void)tag;
    (void)buffer;
    (void)bytes;
    (void)transfer;
}

void sl_wire_receive(struct sl_wire *wire, enum sl_lane lane, int from, int tag,
                     void *buffer, size_t bytes, struct sl_transfer *transfer)
{
    (void)wire;
    (void)lane;
    (void)from;
    (void)tag;
    (void)buffer;
    (void)bytes;
    (void)transfer;
}

bool sl_wire_done(struct sl_wire *wire, struct sl_transfer *transfer)
{
    (void)wire;
    return !transfer->under_way;
}

void sl_wire_count(struct sl_wire *wire, size_t bytes)
{
    (void)wire;
    (void)bytes;
}

uint64_t sl_wire_sent_bytes(const struct sl_wire *wire)
{
    (void)wire;
    return 0;
}

void sl_wire_cancel(struct sl_wire *wire, struct sl_transfer *transfer)
{
    (void)wire;
    (void)transfer;
}

void sl_wire_broadcast(struct sl_wire *wire, int root, void *buffer,
                       size_t bytes, struct sl_transfer *transfer)
{
    (void)wire;
    (void)root;
    (void)buffer;
    (void)bytes;
    (void)transfer;
}
