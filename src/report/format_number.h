/* format_number: counts and durations for people. Thread: any; pure. */
#ifndef KYC_REPORT_FORMAT_NUMBER_H
#define KYC_REPORT_FORMAT_NUMBER_H

#include <stdint.h>

enum { FORMAT_NUMBER_SIZE = 32 };

/* `1,234,567`. Returns text. */
char *format_number_count(uint64_t count, char text[FORMAT_NUMBER_SIZE]);
/* `0.4 s`, `12 s`, `3 m 07 s`, `2 h 15 m`. Returns text. */
char *format_number_seconds(double seconds, char text[FORMAT_NUMBER_SIZE]);

/* How long something will take, rounded up: `1 s`, `45 s`, `8 min 20 s`, `2 h 15 min`, `3 d 4 h`. Returns
 * text. */
char *format_number_about(double seconds, char text[FORMAT_NUMBER_SIZE]);

#endif
