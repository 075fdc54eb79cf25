/* How many CPUs this process may use. */
#ifndef BASE_CPUS_H
#define BASE_CPUS_H

/* $BIDE_WORKERS if that is a whole number above 0; else the lesser of the CPUs in the affinity mask and the cgroup quota
 * rounded up; at least 1. */
unsigned cpus_usable(void);

/* The quota that a file as /proc/self/cgroup and a tree as /sys/fs/cgroup give, in CPUs rounded up; 0: none. Reads version 2
 * and version 1, and the groups above as well: the tightest counts. */
unsigned cpus_quota(const char *membership, const char *tree);

#endif
