#include "waits/random.h"

#include "base/clock.h"

#include <bide/waits.h>

#include <errno.h>
#include <sys/random.h>

/* xoshiro256** 1.0 and SplitMix64: David Blackman and Sebastiano Vigna, "Scrambled Linear Pseudorandom Number Generators",
 * 2018. All zero is the one state the generator cannot leave, and no seed gives it: so it means not seeded. */
static _Thread_local uint64_t state[4];

static uint64_t split_mix(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static uint64_t next(void)
{
    uint64_t result = rotate(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 45);
    return result;
}

/* Where the system has no random numbers yet: the clock, and the address of this thread's state. */
static void seed_from_system(void)
{
    uint64_t seed;
    int error = errno;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
        seed = (uint64_t)clock_now() ^ (uint64_t)(uintptr_t)state << 32;
    errno = error;
    bide_random_seed(seed);
}

void bide_random_seed(uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        state[i] = split_mix(&seed);
}

double random_unit(void)
{
    if (!(state[0] | state[1] | state[2] | state[3]))
        seed_from_system();
    return (double)(next() >> 11) / (double)((UINT64_C(1) << 53) - 1);
}
