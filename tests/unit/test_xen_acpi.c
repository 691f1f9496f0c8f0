/* libxl/xen/acpi: the tables of a PVH guest, as a guest's kernel reads them. */
#include "tests/unit/cunit.h"

#ifdef HAVE_XEN
#include "libxl/xen/acpi.h"

#define ADDRESS 0xfc000000ULL

static uint64_t get(const unsigned char *p, size_t n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 8 | p[n];
    return v;
}

static unsigned sum(const unsigned char *p, size_t n)
{
    unsigned char s = 0;

    while (n--)
        s = (unsigned char)(s + *p++);
    return s;
}

/* The table at this guest address, after its name, length and sum were checked. */
static const unsigned char *table(const struct acpi_tables *t, uint64_t address, const char *name)
{
    const unsigned char *p = t->tables + (address - ADDRESS);

    CU_ASSERT_TRUE_FATAL(address >= ADDRESS && address + 36 <= ADDRESS + t->size);
    CU_ASSERT_EQUAL(memcmp(p, name, 4), 0);
    CU_ASSERT_TRUE_FATAL(address + get(p + 4, 4) <= ADDRESS + t->size);
    CU_ASSERT_EQUAL(sum(p, get(p + 4, 4)), 0);
    CU_ASSERT_EQUAL(address % 4, 0);
    return p;
}

static void check_tables(unsigned vcpus, unsigned online)
{
    struct acpi_tables t;
    const unsigned char *xsdt, *fadt, *madt;

    acpi_make(&t, ADDRESS, vcpus, online);
    CU_ASSERT_TRUE(t.size <= sizeof(t.tables));
    CU_ASSERT_EQUAL(memcmp(t.rsdp, "RSD PTR ", 8), 0);
    CU_ASSERT_EQUAL(sum(t.rsdp, 20), 0);
    CU_ASSERT_EQUAL(sum(t.rsdp, ACPI_RSDP_SIZE), 0);
    xsdt = table(&t, get(t.rsdp + 24, 8), "XSDT");
    CU_ASSERT_EQUAL(get(xsdt + 4, 4), 36 + 2 * 8);
    fadt = table(&t, get(xsdt + 36, 8), "FACP");
    CU_ASSERT_TRUE(get(fadt + 112, 4) & 1 << 20); /* hardware-reduced */
    table(&t, get(fadt + 140, 8), "DSDT");
    madt = table(&t, get(xsdt + 44, 8), "APIC");
    CU_ASSERT_EQUAL(get(madt + 4, 4), 44 + 8 * vcpus);
    for (unsigned i = 0; i < vcpus; i++) {
        const unsigned char *entry = madt + 44 + 8 * i;

        CU_ASSERT_EQUAL(get(entry, 2), 8 << 8);
        CU_ASSERT_EQUAL(entry[2], i);
        CU_ASSERT_EQUAL(entry[3], 2 * i);
        CU_ASSERT_EQUAL(get(entry + 4, 4), i < online);
    }
}

static void test_tables(void)
{
    check_tables(1, 1);
    check_tables(3, 2);
    check_tables(ACPI_VCPUS_MAX, 1);
}
#else
static void test_tables(void)
{
} /* built without Xen's headers: there is no such driver */
#endif

TESTS("xen/acpi", {"tables, their sums and processors", test_tables})
