/*
 * The ACPI tables of a PVH guest, which has no firmware to bring them: where its virtual CPUs are,
 * and that it has none of a PC's fixed hardware. Laid out as the ACPI specification, 6.2, chapter
 * 5 says; fields that are not named are zero. Called by pvh.c.
 */
#include <string.h>

#include "libxl/xen/acpi.h"

enum { /* offsets in the header that all tables but the first have, and its size */
       LENGTH = 4,
       REVISION = 8,
       CHECKSUM = 9,
       OEM_ID = 10,
       OEM_TABLE_ID = 16,
       OEM_REVISION = 24,
       CREATOR = 28,
       HEADER = 36,
};
enum { FADT_BOOT_ARCH = 109, FADT_FLAGS = 112, FADT_X_DSDT = 140, FADT_SIZE = 268 };
enum { MADT_LAPIC = 36, MADT_ENTRIES = 44, MADT_ENTRY = 8 };
enum { RSDP_OEM_ID = 9, RSDP_LENGTH = 20, RSDP_XSDT = 24, RSDP_CHECKSUM = 32 };

#define LAPIC_ADDRESS 0xfee00000
#define NO_VGA (1 << 2)
#define NO_CMOS_RTC (1 << 5)
#define HW_REDUCED (1 << 20)

/* n bytes, the lowest first. */
static void set(unsigned char *at, size_t n, uint64_t value)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (unsigned char)(value >> 8 * i);
}

/* What makes the sum of all bytes zero. */
static unsigned char checksum(const unsigned char *p, size_t n)
{
    unsigned char sum = 0;

    for (size_t i = 0; i < n; i++)
        sum = (unsigned char)(sum + p[i]);
    return (unsigned char)-sum;
}

static void finish(unsigned char *p, const char *name, unsigned revision, size_t n)
{
    memcpy(p, name, 4);
    set(p + LENGTH, 4, n);
    p[REVISION] = (unsigned char)revision;
    memcpy(p + OEM_ID, "Xen   ", 6);
    memcpy(p + OEM_TABLE_ID, "XEND    ", 8);
    set(p + OEM_REVISION, 4, 1);
    memcpy(p + CREATOR, "XEND", 4);
    p[CHECKSUM] = checksum(p, n);
}

static size_t make_madt(unsigned char *p, unsigned vcpus, unsigned online)
{
    size_t n = MADT_ENTRIES + vcpus * MADT_ENTRY;

    set(p + MADT_LAPIC, 4, LAPIC_ADDRESS);
    for (unsigned i = 0; i < vcpus; i++) {
        unsigned char *entry = p + MADT_ENTRIES + i * MADT_ENTRY;

        entry[1] = MADT_ENTRY;
        entry[2] = (unsigned char)i;
        entry[3] = (unsigned char)(i * 2); /* as Xen numbers its local APICs */
        entry[4] = i < online;
    }
    finish(p, "APIC", 3, n);
    return n;
}

static size_t make_fadt(unsigned char *p, uint64_t dsdt)
{
    set(p + FADT_BOOT_ARCH, 2, NO_VGA | NO_CMOS_RTC);
    set(p + FADT_FLAGS, 4, HW_REDUCED);
    set(p + FADT_X_DSDT, 8, dsdt);
    finish(p, "FACP", 5, FADT_SIZE);
    return FADT_SIZE;
}

/* One after the other, each on a multiple of 16. */
static size_t next(size_t at, size_t n)
{
    return (at + n + 15) / 16 * 16;
}

void acpi_make(struct acpi_tables *t, uint64_t address, unsigned vcpus, unsigned online)
{
    size_t dsdt = 0, fadt = next(dsdt, HEADER), madt = next(fadt, FADT_SIZE), xsdt;

    memset(t, 0, sizeof(*t));
    finish(t->tables + dsdt, "DSDT", 2, HEADER);
    make_fadt(t->tables + fadt, address + dsdt);
    xsdt = next(madt, make_madt(t->tables + madt, vcpus, online));
    set(t->tables + xsdt + HEADER, 8, address + fadt);
    set(t->tables + xsdt + HEADER + 8, 8, address + madt);
    finish(t->tables + xsdt, "XSDT", 1, HEADER + 16);
    t->size = xsdt + HEADER + 16;

    memcpy(t->rsdp, "RSD PTR ", 8);
    memcpy(t->rsdp + RSDP_OEM_ID, "Xen   ", 6);
    t->rsdp[15] = 2; /* revision */
    set(t->rsdp + RSDP_LENGTH, 4, ACPI_RSDP_SIZE);
    set(t->rsdp + RSDP_XSDT, 8, address + xsdt);
    t->rsdp[8] = checksum(t->rsdp, RSDP_LENGTH);
    t->rsdp[RSDP_CHECKSUM] = checksum(t->rsdp, ACPI_RSDP_SIZE);
}
