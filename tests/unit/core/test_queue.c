#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <sched.h>

#include <cmocka.h>

#include "core/queue.h"

enum { MANY = 20000 };

static char items[MANY];

static void items_come_out_in_the_order_they_went_in(void **state)
{
    (void)state;
    struct queue *queue = queue_new(3);
    for (size_t round = 0; round < 10; round++) {
        for (size_t i = 0; i < 3; i++)
            assert_true(queue_put(queue, &items[3 * round + i]));
        for (size_t i = 0; i < 3; i++)
            assert_ptr_equal(queue_take(queue), &items[3 * round + i]);
    }
    queue_free(queue);
}

static void a_closed_queue_returns_its_items_and_accepts_no_more(void **state)
{
    (void)state;
    struct queue *queue = queue_new(2);
    assert_true(queue_put(queue, &items[0]));
    queue_close(queue);
    assert_false(queue_put(queue, &items[1]));
    assert_ptr_equal(queue_take(queue), &items[0]);
    assert_null(queue_take(queue));
    queue_free(queue);
}

static void *taker(void *context)
{
    struct queue *queue = context;
    uintptr_t sum = 0;
    for (char *item; (item = queue_take(queue));)
        sum += (uintptr_t)(item - items);
    return (void *)sum;
}

struct putter {
    struct queue *queue;
    size_t first, step;
};

static void *putter(void *context)
{
    struct putter *putter = context;
    for (size_t i = putter->first; i < MANY; i += putter->step)
        if (!queue_put(putter->queue, &items[i]))
            return NULL;
    return NULL;
}

static void every_item_arrives_once_whatever_the_threads(void **state)
{
    (void)state;
    for (size_t capacity = 1; capacity <= 16; capacity *= 4) {
        struct queue *queue = queue_new(capacity);
        pthread_t takers[3], putters[3];
        struct putter parts[3];
        for (size_t i = 0; i < 3; i++) {
            parts[i] = (struct putter){queue, i, 3};
            pthread_create(&takers[i], NULL, taker, queue);
            pthread_create(&putters[i], NULL, putter, &parts[i]);
        }
        for (size_t i = 0; i < 3; i++)
            pthread_join(putters[i], NULL);
        queue_close(queue);
        uintptr_t sum = 0;
        for (size_t i = 0; i < 3; i++) {
            void *part;
            pthread_join(takers[i], &part);
            sum += (uintptr_t)part;
        }
        assert_int_equal(sum, (uintptr_t)MANY * (MANY - 1) / 2);
        queue_free(queue);
    }
}

/* Whether the other thread waits already when the queue is closed cannot be seen from outside: many rounds
 * with more and more time for it meet both. On a loaded machine each yield lasts a scheduler's slice, so
 * their sum (480) bounds how long the test takes. */
static void closing_wakes_the_waiting_threads(void **state)
{
    (void)state;
    for (int round = 0; round < 64; round++) {
        struct queue *full = queue_new(1), *empty = queue_new(1);
        struct putter all = {full, 0, 1};
        pthread_t putting, taking;
        pthread_create(&putting, NULL, putter, &all);
        pthread_create(&taking, NULL, taker, empty);
        for (int i = 0; i < round % 16; i++)
            sched_yield();
        queue_close(full);
        queue_close(empty);
        pthread_join(putting, NULL);
        pthread_join(taking, NULL);
        queue_free(full);
        queue_free(empty);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_out_in_the_order_they_went_in),
        cmocka_unit_test(a_closed_queue_returns_its_items_and_accepts_no_more),
        cmocka_unit_test(every_item_arrives_once_whatever_the_threads),
        cmocka_unit_test(closing_wakes_the_waiting_threads),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
