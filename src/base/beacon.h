/* Beacons: descriptors that poll(2) and its kin find readable while they are lit. An eventfd on Linux, elsewhere a pipe with
 * something in it or not. Lighting and putting out never block, are no cancellation points, and are the caller's to order.
 * errno stays as it was. */
#ifndef BASE_BEACON_H
#define BASE_BEACON_H

struct beacon {
    int watched; /* the descriptor to poll; -1: there is none */
    int lighter;
};

/* 0, or EMFILE, ENFILE, ENOMEM: there is none. It is out. */
int beacon_open(struct beacon *beacon);
void beacon_close(struct beacon *beacon);

/* One that is out; one that is lit. Once it is lit the beacon is not touched any more. */
void beacon_light(const struct beacon *beacon);
void beacon_put_out(const struct beacon *beacon);

#endif
