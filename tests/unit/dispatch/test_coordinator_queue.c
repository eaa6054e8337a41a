/* queue: batches in input order, outcomes at once, and what ends a wait. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "dispatch/coordinator_queue.h"

enum { BATCHES = 200, RING = 8 };

static uint64_t far_off(void)
{
    return clock_mono_ns() + 60 * CLOCK_NS_PER_S;
}

static void batches_leave_in_input_order_and_only_when_asked_for(void **state)
{
    (void)state;
    struct coordinator_queue *queue = coordinator_queue_new(RING);
    struct batch batches[3] = {{.sequence = 0}, {.sequence = 1}, {.sequence = 2}};
    struct coordinator_queue_arrivals arrivals;
    coordinator_queue_put_batch(queue, &batches[2]);
    coordinator_queue_put_batch(queue, &batches[1]);
    coordinator_queue_wait(queue, true, 0, &arrivals);
    assert_null(arrivals.batch);
    coordinator_queue_put_batch(queue, &batches[0]);
    coordinator_queue_wait(queue, false, 0, &arrivals);
    assert_null(arrivals.batch);
    coordinator_queue_end(queue, 3);
    for (size_t i = 0; i < 3; i++) {
        coordinator_queue_wait(queue, true, far_off(), &arrivals);
        assert_ptr_equal(arrivals.batch, &batches[i]);
        assert_false(arrivals.ended);
    }
    coordinator_queue_wait(queue, true, far_off(), &arrivals);
    assert_null(arrivals.batch);
    assert_true(arrivals.ended);
    coordinator_queue_free(queue);
}

static void an_input_without_a_batch_ends_too(void **state)
{
    (void)state;
    struct coordinator_queue *queue = coordinator_queue_new(RING);
    struct coordinator_queue_arrivals arrivals;
    coordinator_queue_end(queue, 0);
    coordinator_queue_wait(queue, true, far_off(), &arrivals);
    assert_true(arrivals.ended);
    coordinator_queue_free(queue);
}

static void outcomes_come_in_the_order_in_which_they_came_back_whether_a_batch_is_wanted_or_not(void **state)
{
    (void)state;
    struct coordinator_queue *queue = coordinator_queue_new(RING);
    struct delivery deliveries[3] = {0};
    struct coordinator_queue_arrivals arrivals;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 3; i++)
            coordinator_queue_put_delivery(queue, &deliveries[i]);
        coordinator_queue_wait(queue, round == 0, far_off(), &arrivals);
        assert_int_equal(arrivals.deliveries.count, 3);
        for (size_t d = 0; d < 3; d++)
            assert_ptr_equal(FIFO_POP(&arrivals.deliveries, struct delivery), &deliveries[d]);
        coordinator_queue_wait(queue, false, 0, &arrivals);
        assert_null(arrivals.deliveries.first);
    }
    coordinator_queue_free(queue);
}

static void an_interrupt_ends_one_wait_and_is_counted(void **state)
{
    (void)state;
    struct coordinator_queue *queue = coordinator_queue_new(RING);
    struct coordinator_queue_arrivals arrivals;
    coordinator_queue_interrupt(queue);
    coordinator_queue_wait(queue, false, far_off(), &arrivals);
    assert_int_equal(arrivals.interrupts, 1);
    uint64_t began = clock_mono_ns();
    coordinator_queue_wait(queue, false, began + 5 * CLOCK_NS_PER_MS, &arrivals);
    assert_true(clock_mono_ns() - began >= 5 * CLOCK_NS_PER_MS);
    assert_int_equal(arrivals.interrupts, 1);
    coordinator_queue_interrupt(queue);
    coordinator_queue_interrupt(queue);
    coordinator_queue_wait(queue, false, far_off(), &arrivals);
    assert_int_equal(arrivals.interrupts, 3);
    coordinator_queue_free(queue);
}

struct worker {
    struct coordinator_queue *queue;
    struct batch *batches;
    size_t first;
    pthread_mutex_t *mutex;
    pthread_cond_t *moved;
    const uint64_t *taken;
};

/* Every second batch; as in the pipeline no more than RING are in circulation. */
static void *put_batches(void *argument)
{
    struct worker *worker = argument;
    for (size_t i = worker->first; i < BATCHES; i += 2) {
        pthread_mutex_lock(worker->mutex);
        while (i >= *worker->taken + RING)
            pthread_cond_wait(worker->moved, worker->mutex);
        pthread_mutex_unlock(worker->mutex);
        coordinator_queue_put_batch(worker->queue, &worker->batches[i]);
    }
    return NULL;
}

static void two_workers_at_once_still_give_input_order(void **state)
{
    (void)state;
    static struct batch batches[BATCHES];
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
    uint64_t taken = 0;
    struct coordinator_queue *queue = coordinator_queue_new(RING);
    struct worker workers[2];
    pthread_t threads[2];
    for (size_t i = 0; i < BATCHES; i++)
        batches[i].sequence = i;
    for (size_t i = 0; i < 2; i++) {
        workers[i] = (struct worker){queue, batches, i, &mutex, &moved, &taken};
        assert_int_equal(pthread_create(&threads[i], NULL, put_batches, &workers[i]), 0);
    }
    coordinator_queue_end(queue, BATCHES);
    for (size_t i = 0; i < BATCHES; i++) {
        struct coordinator_queue_arrivals arrivals;
        coordinator_queue_wait(queue, true, far_off(), &arrivals);
        assert_ptr_equal(arrivals.batch, &batches[i]);
        pthread_mutex_lock(&mutex);
        taken++;
        pthread_cond_broadcast(&moved);
        pthread_mutex_unlock(&mutex);
    }
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    coordinator_queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_leave_in_input_order_and_only_when_asked_for),
        cmocka_unit_test(an_input_without_a_batch_ends_too),
        cmocka_unit_test(outcomes_come_in_the_order_in_which_they_came_back_whether_a_batch_is_wanted_or_not),
        cmocka_unit_test(an_interrupt_ends_one_wait_and_is_counted),
        cmocka_unit_test(two_workers_at_once_still_give_input_order),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("coordinator_queue", tests, NULL, NULL);
}
