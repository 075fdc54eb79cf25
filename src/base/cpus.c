#include "base/cpus.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 4096

static unsigned lesser(unsigned a, unsigned b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static unsigned quota_in_cpus(long long quota, long long period)
{
    if (quota <= 0 || period <= 0)
        return 0;
    long long cpus = quota / period + (quota % period != 0);
    return cpus > UINT_MAX ? UINT_MAX : (unsigned)cpus;
}

static bool read_line(const char *directory, const char *file, char *line, int size)
{
    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/%s", directory, file) >= (int)sizeof path)
        return false;
    FILE *stream = fopen(path, "re");
    if (!stream)
        return false;
    bool read = fgets(line, size, stream) != NULL;
    fclose(stream);
    return read;
}

/* cpu.max holds "quota period" or "max period". */
static unsigned quota_v2(const char *directory)
{
    char line[64], *end;
    if (!read_line(directory, "cpu.max", line, sizeof line))
        return 0;
    long long quota = strtoll(line, &end, 10);
    return end == line ? 0 : quota_in_cpus(quota, strtoll(end, NULL, 10));
}

static unsigned quota_v1(const char *directory)
{
    char quota[64], period[64];
    if (!read_line(directory, "cpu.cfs_quota_us", quota, sizeof quota) ||
        !read_line(directory, "cpu.cfs_period_us", period, sizeof period))
        return 0;
    return quota_in_cpus(strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
}

/* The tightest quota from tree/group upwards to tree. */
static unsigned quota_upwards(const char *tree, const char *group, unsigned (*quota)(const char *))
{
    char path[PATH_SIZE];
    size_t root = strlen(tree);
    if (snprintf(path, sizeof path, "%s%s", tree, group) >= (int)sizeof path)
        return quota(tree);
    unsigned cpus = quota(path);
    for (char *slash; (slash = strrchr(path, '/')) && slash >= path + root;) {
        *slash = 0;
        cpus = lesser(cpus, quota(path));
    }
    return cpus;
}

static bool names_cpu(const char *controllers)
{
    for (const char *c = controllers; *c; c += strcspn(c, ","), c += *c == ',')
        if (strncmp(c, "cpu", 3) == 0 && (c[3] == ',' || c[3] == 0))
            return true;
    return false;
}

/* A line is "number:controllers:group"; version 2 has no controllers. Version 1 mounts the tree of its controllers under
 * their names, with a link for each of them alone. */
static unsigned quota_of_line(char *line, const char *tree)
{
    char mount[PATH_SIZE];
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
        return 0;
    *controllers++ = 0;
    *group++ = 0;
    group[strcspn(group, "\n")] = 0;
    if (*controllers == 0)
        return quota_upwards(tree, group, quota_v2);
    if (!names_cpu(controllers) || snprintf(mount, sizeof mount, "%s/cpu", tree) >= (int)sizeof mount)
        return 0;
    return quota_upwards(mount, group, quota_v1);
}

unsigned cpus_quota(const char *membership, const char *tree)
{
    char line[PATH_SIZE];
    unsigned cpus = 0;
    FILE *stream = fopen(membership, "re");
    if (!stream)
        return 0;
    while (fgets(line, sizeof line, stream))
        cpus = lesser(cpus, quota_of_line(line, tree));
    fclose(stream);
    return cpus;
}

/* The kernel refuses a set smaller than its own. */
static unsigned affinity(void)
{
    cpu_set_t sets[16];
    if (sched_getaffinity(0, sizeof sets, sets) == 0)
        return (unsigned)CPU_COUNT_S(sizeof sets, sets);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}

static unsigned wished(void)
{
    const char *text = getenv("BIDE_WORKERS");
    if (!text || text[strspn(text, "0123456789")] != 0)
        return 0;
    unsigned long workers = strtoul(text, NULL, 10);
    return workers > UINT_MAX ? UINT_MAX : (unsigned)workers;
}

unsigned cpus_usable(void)
{
    int error = errno;
    unsigned cpus = wished();
    if (cpus == 0)
        cpus = lesser(affinity(), cpus_quota("/proc/self/cgroup", "/sys/fs/cgroup"));
    errno = error;
    return cpus;
}
