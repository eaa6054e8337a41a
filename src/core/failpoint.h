/* failpoint: where a test stops the program.
 *
 * Each durable step and each message passes here: what was written, committed, renamed, sent, answered,
 * counted. In the test build (make STEPS=1) KYC_STEP_LOG names a file to which each is appended as `NAME#N`,
 * N counting the steps of that name from 1, and the step that KYC_STOP_AT names in that way ends the run as
 * KYC_STOP_BY is `kill` (the default: as a power cut would), `term`, `int`, `twice` (SIGINT and at once
 * another) or `stop` (SIGSTOP: the process stays, and whoever sends SIGCONT lets it go on). With
 * KYC_STEP_TIMES each line has ` NS` behind it, its time by clock_boot_ns. A name has one thread, so N does
 * not depend on how threads take turns. In any other build this is nothing. Thread: any.
 */
#ifndef KYC_CORE_FAILPOINT_H
#define KYC_CORE_FAILPOINT_H

#include <stddef.h>

#ifdef KYC_STEPS
void failpoint(const char *name);
/* A setting of a test, from the environment; NULL: none, and in any other build. */
const char *failpoint_setting(const char *name);
#else
static inline void failpoint(const char *name)
{
    (void)name;
}
static inline const char *failpoint_setting(const char *name)
{
    (void)name;
    return NULL;
}
#endif

#endif
