/* The ACPI tables of a PVH guest: bytes for its memory. Nothing here touches Xen. */
#ifndef XEN_ACPI_H
#define XEN_ACPI_H

#include <stddef.h>
#include <stdint.h>

#define ACPI_RSDP_SIZE 36
#define ACPI_VCPUS_MAX 128 /* as many as Xen 4.17 gives a PVH guest */

struct acpi_tables {
    unsigned char rsdp[ACPI_RSDP_SIZE]; /* where the guest begins to look; it names `tables` */
    unsigned char tables[2048];         /* for ACPI_VCPUS_MAX it takes 1,500 */
    size_t size;                        /* of `tables` */
};

/* Tables that will stand at this guest address, a multiple of 16; vcpus up to ACPI_VCPUS_MAX. */
void acpi_make(struct acpi_tables *t, uint64_t address, unsigned vcpus, unsigned online);

#endif
