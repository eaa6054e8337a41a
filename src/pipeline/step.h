/* step: where a test stops the coordinator.
 *
 * Each durable step and each message of the coordinator passes here. In the test build (make STEPS=1) the
 * process kills itself at the step that KYC_STOP_AT numbers (from 1), as a power cut would; KYC_STEP_LOG
 * names a file to which every step is appended. In any other build this is nothing.
 */
#ifndef KYC_PIPELINE_STEP_H
#define KYC_PIPELINE_STEP_H

#ifdef KYC_STEPS
void step_reached(const char *name);
#else
static inline void step_reached(const char *name)
{
    (void)name;
}
#endif

#endif
