#include "support/fixture.h"

#include "base/spin.h"

#define MANY 1000

static void do_not_pay(struct patience *patience, unsigned times)
{
    while (times--)
        patience_learn(patience, 0);
}

/* Looks that are made when nothing has been learned for long: the most there are. */
static unsigned most_tries(void)
{
    struct patience patience = {0};
    unsigned most = 0;
    for (unsigned i = 0; i < MANY; i++) {
        unsigned tries = patience_tries(&patience);
        most = tries > most ? tries : most;
        do_not_pay(&patience, 1);
    }
    return most;
}

static void a_beginner_looks(void **state)
{
    (void)state;
    struct patience patience = {0};
    assert_true(patience_tries(&patience) > 0);
}

static void looks_longer_than_it_took_when_it_paid(void **state)
{
    (void)state;
    unsigned most = most_tries();
    for (unsigned took = 1; took <= most; took++) {
        struct patience patience = {0};
        patience_learn(&patience, took);
        assert_true(patience_tries(&patience) >= took);
        assert_true(patience_tries(&patience) <= most);
    }
}

static void what_took_long_is_forgotten_when_it_takes_no_time_any_more(void **state)
{
    (void)state;
    struct patience patience = {0};
    unsigned beginners = patience_tries(&patience), most = most_tries();
    patience_learn(&patience, most);
    assert_int_equal(patience_tries(&patience), most);
    patience_learn(&patience, 1);
    assert_true(patience_tries(&patience) >= most / 2);
    for (unsigned i = 0; i < MANY; i++)
        patience_learn(&patience, 1);
    assert_true(patience_tries(&patience) <= 2 * beginners);
}

static void looks_less_and_less_where_it_does_not_pay_but_for_once_in_a_while(void **state)
{
    (void)state;
    struct patience patience = {0};
    unsigned beginners = patience_tries(&patience), most = most_tries(), long_ones = 0, sum = 0;
    for (unsigned i = 0; i < MANY; i++) {
        unsigned tries = patience_tries(&patience);
        long_ones += tries == most;
        sum += tries;
        do_not_pay(&patience, 1);
    }
    assert_true(long_ones >= MANY / 20);
    assert_true(sum - long_ones * most <= 3 * beginners + MANY * beginners / 32);
}

static void looks_again_as_far_as_before_once_it_pays_again(void **state)
{
    (void)state;
    struct patience patience = {0};
    unsigned took = most_tries() / 2;
    patience_learn(&patience, took ? took : 1);
    unsigned before = patience_tries(&patience);
    do_not_pay(&patience, 3);
    assert_true(patience_tries(&patience) < before);
    patience_learn(&patience, 1);
    assert_true(patience_tries(&patience) >= before / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(a_beginner_looks),
        ALONE(looks_longer_than_it_took_when_it_paid),
        ALONE(what_took_long_is_forgotten_when_it_takes_no_time_any_more),
        ALONE(looks_less_and_less_where_it_does_not_pay_but_for_once_in_a_while),
        ALONE(looks_again_as_far_as_before_once_it_pays_again),
    };
    return cmocka_run_group_tests(tests, fixture_begin, NULL);
}
