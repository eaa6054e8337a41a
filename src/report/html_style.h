/* html_style: the style sheet of the pages: light, dark, print, 400 to 1,400 pixels. Thread: constant. */
#ifndef KYC_REPORT_HTML_STYLE_H
#define KYC_REPORT_HTML_STYLE_H

extern const char html_style[];

#endif
