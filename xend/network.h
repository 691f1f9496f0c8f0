/* The host's own network: xend runs (network-script ..) of its configuration. Called by main.c. */
#ifndef XEND_NETWORK_H
#define XEND_NETWORK_H

#include "xend/xend.h"

/*
 * Runs it with start, when there is one and xend is root. A failure is logged: domains without a
 * network are better than none. Blocks, at most NETWORK_TIMEOUT_MS.
 */
void network_start(struct xend *x);

/*
 * Runs it with stop when a xend has started it since the host booted, but not while guests run on:
 * they would lose their network. Then it stays for the next xend.
 */
void network_stop(struct xend *x, bool guests_run);

#endif
