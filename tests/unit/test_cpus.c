#include "support/fixture.h"

#include "base/cpus.h"

#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned workers_by_default(void)
{
    size_t before = seams_spawned();
    end_pool(make_pool_with(NULL));
    return (unsigned)(seams_spawned() - before);
}

/* What it should be for that many CPUs in the affinity mask, on this machine. */
static unsigned limited(unsigned cpus)
{
    unsigned quota = cpus_quota("/proc/self/cgroup", "/sys/fs/cgroup");
    return quota && quota < cpus ? quota : cpus;
}

static unsigned restrict_to(const cpu_set_t *all, int cpus)
{
    cpu_set_t some;
    CPU_ZERO(&some);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&some) < cpus; i++)
        if (CPU_ISSET(i, all))
            CPU_SET(i, &some);
    assert_int_equal(sched_setaffinity(0, sizeof some, &some), 0);
    return (unsigned)CPU_COUNT(&some);
}

static void counts_what_the_affinity_mask_allows(void **state)
{
    (void)state;
    cpu_set_t all;
    assert_int_equal(unsetenv("BIDE_WORKERS"), 0);
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    for (int cpus = 1; cpus <= CPU_COUNT(&all) && cpus <= 4; cpus++) {
        unsigned expected = limited(restrict_to(&all, cpus));
        assert_int_equal(workers_by_default(), expected);
    }
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    assert_int_equal(workers_by_default(), limited((unsigned)CPU_COUNT(&all)));
}

static void counts_what_the_environment_says(void **state)
{
    (void)state;
    static const char *const valid[] = {"1", "3", "12"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(setenv("BIDE_WORKERS", valid[i], 1), 0);
        assert_int_equal(workers_by_default(), atoi(valid[i]));
    }
    size_t before = seams_spawned();
    end_pool(make_pool(2));
    assert_int_equal(seams_spawned() - before, 2);
    assert_int_equal(unsetenv("BIDE_WORKERS"), 0);
}

/* What the environment says is no number of workers. */
static void ignores_what_the_environment_should_not_say(void **state)
{
    (void)state;
    static const char *const invalid[] = {"", "0", "000", "-1", "-3", "1.5", "2,5", "3x", "x3", "0x10", "three", "1e1"};
    assert_int_equal(unsetenv("BIDE_WORKERS"), 0);
    unsigned usual = workers_by_default();
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        assert_int_equal(setenv("BIDE_WORKERS", invalid[i], 1), 0);
        assert_int_equal(workers_by_default(), usual);
    }
    assert_int_equal(unsetenv("BIDE_WORKERS"), 0);
}

/* A directory with the files of a control group tree. */
static char root[64];

static void in_root(char *path, const char *name)
{
    assert_true(snprintf(path, PATH_MAX, "%s/%s", root, name) < PATH_MAX);
}

static void write_file(const char *name, const char *text)
{
    char path[PATH_MAX];
    in_root(path, name);
    for (char *slash = path + strlen(root); (slash = strchr(slash + 1, '/'));) {
        *slash = 0;
        assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int remove_file(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static void begin_tree(void)
{
    snprintf(root, sizeof root, "bide-cpus-XXXXXX");
    assert_non_null(mkdtemp(root));
}

static void end_tree(void)
{
    assert_int_equal(nftw(root, remove_file, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* The quota of a process with that in its /proc/self/cgroup. */
static unsigned quota_of(const char *membership)
{
    char file[PATH_MAX], tree[PATH_MAX];
    write_file("membership", membership);
    in_root(file, "membership");
    in_root(tree, "tree");
    return cpus_quota(file, tree);
}

static void rounds_a_quota_up(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned cpus;
    } quotas[] = {
        {"max 100000\n", 0},
        {"1 100000\n", 1},
        {"50000 100000\n", 1},
        {"100000 100000\n", 1},
        {"100001 100000\n", 2},
        {"150000 50000\n", 3},
        {"1600000 100000\n", 16},
        {"1000000000000 1000\n", 1000000000},
        {"", 0},
        {"nonsense\n", 0},
        {"100000\n", 0},
        {"100000 0\n", 0},
        {"-1 100000\n", 0},
        {"0 100000\n", 0},
    };
    begin_tree();
    for (size_t i = 0; i < sizeof quotas / sizeof *quotas; i++) {
        write_file("tree/group/cpu.max", quotas[i].text);
        assert_int_equal(quota_of("0::/group\n"), quotas[i].cpus);
    }
    end_tree();
}

static void finds_the_tightest_quota_above(void **state)
{
    (void)state;
    begin_tree();
    assert_int_equal(quota_of("0::/a/b/c\n"), 0);
    write_file("tree/cpu.max", "800000 100000\n");
    assert_int_equal(quota_of("0::/a/b/c\n"), 8);
    assert_int_equal(quota_of("0::/\n"), 8);
    write_file("tree/a/b/c/cpu.max", "500000 100000\n");
    assert_int_equal(quota_of("0::/a/b/c\n"), 5);
    write_file("tree/a/cpu.max", "300000 100000\n");
    assert_int_equal(quota_of("0::/a/b/c\n"), 3);
    write_file("tree/a/b/cpu.max", "max 100000\n");
    assert_int_equal(quota_of("0::/a/b/c\n"), 3);
    assert_int_equal(quota_of("0::/other\n"), 8);
    end_tree();
}

static void reads_the_first_version_too(void **state)
{
    (void)state;
    begin_tree();
    write_file("tree/cpu/a/cpu.cfs_quota_us", "250000\n");
    assert_int_equal(quota_of("4:cpu,cpuacct:/a\n"), 0);
    write_file("tree/cpu/a/cpu.cfs_period_us", "100000\n");
    assert_int_equal(quota_of("4:cpu,cpuacct:/a\n"), 3);
    assert_int_equal(quota_of("4:cpuacct,cpu:/a\n"), 3);
    assert_int_equal(quota_of("4:cpu:/a/b\n"), 3);
    assert_int_equal(quota_of("4:cpuset:/a\n3:cpuacct:/a\n2:memory:/a\n"), 0);
    assert_int_equal(quota_of("4:memory:/x\n3:cpu:/a\n1:name=systemd:/\n"), 3);
    write_file("tree/cpu/cpu.cfs_quota_us", "-1\n");
    write_file("tree/cpu/cpu.cfs_period_us", "100000\n");
    assert_int_equal(quota_of("4:cpu:/a\n"), 3);
    assert_int_equal(quota_of("4:cpu:/\n"), 0);
    end_tree();
}

static void takes_the_tighter_of_both_versions(void **state)
{
    (void)state;
    begin_tree();
    write_file("tree/cpu/cpu.cfs_quota_us", "400000\n");
    write_file("tree/cpu/cpu.cfs_period_us", "100000\n");
    write_file("tree/cpu.max", "200000 100000\n");
    assert_int_equal(quota_of("4:cpu:/\n0::/\n"), 2);
    write_file("tree/cpu.max", "600000 100000\n");
    assert_int_equal(quota_of("4:cpu:/\n0::/\n"), 4);
    end_tree();
}

static void needs_no_control_groups(void **state)
{
    (void)state;
    begin_tree();
    assert_int_equal(cpus_quota("/nonexistent/membership", root), 0);
    assert_int_equal(quota_of(""), 0);
    assert_int_equal(quota_of("no colons\n"), 0);
    assert_int_equal(quota_of("one:colon\n"), 0);
    end_tree();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(counts_what_the_affinity_mask_allows),
        ALONE(counts_what_the_environment_says),
        ALONE(ignores_what_the_environment_should_not_say),
        ALONE(rounds_a_quota_up),
        ALONE(finds_the_tightest_quota_above),
        ALONE(reads_the_first_version_too),
        ALONE(takes_the_tighter_of_both_versions),
        ALONE(needs_no_control_groups),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
