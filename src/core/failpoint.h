/* failpoint: where a test stops the program.
 *
 * Each durable step and each message passes here: what was written, committed, renamed, sent, answered,
 * counted. In the test build (make STEPS=1) KYC_STEP_LOG names a file to which each is appended as `NAME#N`,
 * N counting the steps of that name from 1, and the step that KYC_STOP_AT names in that way ends the run as
 * KYC_STOP_BY is `kill` (the default: as a power cut would), `term`, `int`, or `twice` (SIGINT and at once
 * another). A name has one thread, so N does not depend on how threads take turns. In any other build this is
 * nothing. Thread: any.
 */
#ifndef KYC_CORE_FAILPOINT_H
#define KYC_CORE_FAILPOINT_H

#ifdef KYC_STEPS
void failpoint(const char *name);
#else
static inline void failpoint(const char *name)
{
    (void)name;
}
#endif

#endif
