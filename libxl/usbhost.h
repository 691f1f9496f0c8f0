/*
 * The USB devices of the host, by sysfs alone ($XEND_SYSFS in tests), hubs left out; and their
 * device nodes, by which guests have them. Changes nothing, keeps nothing.
 */
#ifndef LIBXL_USBHOST_H
#define LIBXL_USBHOST_H

#include "config/value.h"
#include "libxl/device.h"

/*
 * [{"path","bus","addr","vendor","product","name"}], by path (1-2.3: bus and ports); vendor and
 * product are hexadecimal texts, name is what the device calls itself and may be missing. The
 * caller's; an empty list when the host has no USB.
 */
struct value *usbhost_list(struct err *e);
/* The one that is named, "1.4", the caller's; ERR_NOT_FOUND when there is none, ERR_INVALID when
 * there are several. */
char *usbhost_find(const struct usb_name *n, struct err *e);
/* Opens the node of that one. */
int usbhost_open(const char *address, struct err *e);

#endif
